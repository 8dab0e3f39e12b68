import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { heldBy } from "../helpers/heap.js";

const NAMES = ["AvgPoolGrad", "Conv2DBackpropInput", "FusedBatchNorm", "MaxPoolGrad"];
const registered = () => NAMES.map((name) => tf.getKernel(name, "wasm"));

const attrs = { strides: 1, pad: "same", dataFormat: "NHWC" } as const;
const run = (kernel: string, inputs: tf.NamedTensorMap, more: object) =>
  tf.engine().runKernel(kernel, inputs, { ...attrs, ...more } as never) as tf.Tensor;

/** A convolution of [1, 5, 5, 2] by 3×3 into 4 channels. */
function tensors() {
  return {
    x: tf.ones([1, 5, 5, 2]),
    filter: tf.ones([3, 3, 2, 4]),
    dy: tf.ones([1, 5, 5, 4]),
  };
}

describe("kernels that replace the backend's", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it("can be declined, and wanted again", () => {
    const ours = registered();
    setKernelReplacement(false);
    const theirs = registered();
    theirs.forEach((kernel, i) => {
      expect(kernel).toBeDefined();
      expect(kernel).not.toBe(ours[i]);
    });
    const { dy, filter } = tensors();
    const before = run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dataSync();
    setKernelReplacement(true);
    expect(registered()).toEqual(ours);
    expect(run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dataSync()).toEqual(before);
  });

  it("stay when the backend is registered anew, and what they replaced works when put back then", async () => {
    const ours = registered();
    const factory = tf.findBackendFactory("wasm");
    await tf.setBackend("cpu");
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", factory, 2);
    await useBackend("wasm");
    expect(registered()).toEqual(ours);
    setKernelReplacement(false);
    const { dy, filter } = tensors();
    const dx = run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dataSync();
    expect(dx[24]).toBe(36);
  });
});

describe("FusedBatchNorm", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  /** tf.batchNorm by the library's kernel, and by the backend's. */
  function both(x: tf.Tensor, parameters: number[], isAffine: boolean): [Float32Array, Float32Array] {
    const next = generator(1);
    const make = (center: number) => tf.tensor(normal(next, tf.util.sizeFromShape(parameters), 0.1, center), parameters);
    const [mean, variance] = [make(0), make(1)];
    const [offset, scale] = isAffine ? [make(0), make(1)] : [];
    const call = () => tf.batchNorm(x, mean as never, variance as never, offset as never, scale as never).dataSync<"float32">();
    const ours = call();
    setKernelReplacement(false);
    return [ours, call()];
  }

  it.each([[[7, 5]], [[300, 64]], [[3, 4, 5, 6]], [[2, 3, 17]], [[0, 4]], [[1, 1]]])("equals the backend's: %s", (shape) => {
    const x = tf.tensor(normal(generator(2), tf.util.sizeFromShape(shape)), shape);
    for (const isAffine of [false, true]) {
      const [ours, theirs] = both(x, shape.slice(-1), isAffine);
      expectClose(ours, theirs, 5e-6);
      setKernelReplacement(true);
    }
  });

  it("leaves a mean of x's shape to the backend's", () => {
    const [ours, theirs] = both(tf.tensor(normal(generator(2), 24), [2, 3, 2, 2]), [2, 3, 2, 2], true);
    expect(ours).toEqual(theirs);
  });

  it("refuses a mean of another dtype", () => {
    const mean = tf.zeros([4], "int32") as tf.Tensor1D;
    expect(() => tf.batchNorm(tf.zeros([2, 4]), mean, tf.ones([4]) as tf.Tensor1D)).toThrow(
      "batchNorm: argument 'mean' must have dtype float32, got int32",
    );
  });
});

describe("kernels of convolutions on 'wasm'", () => {
  beforeEach(() => useBackend("wasm"));

  it.each<[string, () => tf.Tensor, string]>([
    [
      "a dy of another shape",
      () => run("Conv2DBackpropFilter", { ...tensors(), dy: tf.ones([1, 4, 5, 4]) }, { filterShape: [3, 3, 2, 4] }),
      "conv2dBackpropFilter: argument 'dy' must have shape [1, 5, 5, 4], got [1, 4, 5, 4]",
    ],
    [
      "a dy of another dtype",
      () => run("Conv2DBackpropFilter", { ...tensors(), dy: tf.ones([1, 5, 5, 4], "bool") }, { filterShape: [3, 3, 2, 4] }),
      "conv2dBackpropFilter: argument 'dy' must have dtype float32, got bool",
    ],
    [
      "a filter of other channels",
      () => run("Conv2DBackpropInput", { ...tensors(), filter: tf.ones([3, 3, 3, 4]) }, { inputShape: [1, 5, 5, 2] }),
      "conv2dBackpropInput: argument 'filter' must have 2 input channels, got 3",
    ],
    [
      "an x of rank 3",
      () => run("Conv2DBackpropFilter", { ...tensors(), x: tf.ones([5, 5, 2]) }, { filterShape: [3, 3, 2, 4] }),
      "conv2dBackpropFilter: argument 'x' must have rank 4, got shape [5, 5, 2]",
    ],
    [
      "a pool's dy of another shape",
      () => run("MaxPoolGrad", { dy: tf.ones([1, 5, 5, 3]), input: tf.ones([1, 5, 5, 2]) }, { filterSize: 2 }),
      "maxPoolGrad: argument 'dy' must have shape [1, 5, 5, 2], got [1, 5, 5, 3]",
    ],
    [
      "a border that no memory holds",
      () =>
        run(
          "DepthwiseConv2dNativeBackpropFilter",
          { x: tf.ones([1, 3, 3, 1]), dy: tf.ones([1, 3, 3, 1]) },
          { filterShape: [3, 3, 1, 1], dilations: 50000 },
        ),
      "bytes left",
    ],
    [
      "segments of another length",
      () => run("UnsortedSegmentSum", { x: tf.ones([3, 2]), segmentIds: tf.tensor1d([0, 1], "int32") }, { numSegments: 2 }),
      "unsortedSegmentSum: argument 'segmentIds' must have shape [3], got [2]",
    ],
  ])("refuse %s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  it("give back all that they take from the heap, also when a call throws", () => {
    const { x, filter, dy } = tensors();
    const before = tf.memory().numTensors;
    const held = heldBy(() => {
      for (let i = 0; i < 100; i++) {
        run("Conv2DBackpropFilter", { x, dy }, { filterShape: [3, 3, 2, 4] }).dispose();
        run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dispose();
        run("MaxPoolGrad", { dy: x, input: x }, { filterSize: 2 }).dispose();
        expect(() => run("Conv2DBackpropFilter", { x, dy: x }, { filterShape: [3, 3, 2, 4] })).toThrow("argument 'dy'");
      }
    });
    expect(held).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("take scratch for one image and one packed operand, whatever the batch", () => {
    const taken = [1, 64].map((batch) => {
      const [x, dy] = [tf.ones([batch, 16, 16, 8]), tf.ones([batch, 16, 16, 16])];
      let most = 0;
      heldBy(
        () => run("Conv2DBackpropFilter", { x, dy }, { filterShape: [3, 3, 8, 16] }),
        (bytes) => {
          most = Math.max(most, bytes);
        },
      );
      return most;
    });
    expect(taken[1]).toBe(taken[0]);
  });
});
