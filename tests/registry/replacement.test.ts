import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { runConvolutionKernel as run, convolutionTensors as tensors } from "../helpers/convolutions.js";
import { heldBy } from "../helpers/heap.js";

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

  it.each([
    [[7, 5]],
    [[300, 64]],
    [[3, 4, 5, 6]],
    [[2, 3, 17]],
    [[0, 4]],
    [[1, 1]],
    // On both sides of where a table is worth it, and of where TensorFlow.js's kernel is left alone.
    [[16, 24]],
    [[17, 24]],
    [[3, 64]],
    [[3, 65]],
  ])("equals the backend's: %s", (shape) => {
    const x = tf.tensor(normal(generator(2), tf.util.sizeFromShape(shape)), shape);
    for (const isAffine of [false, true]) {
      const [ours, theirs] = both(x, shape.slice(-1), isAffine);
      expectClose(ours, theirs, 5e-6);
      setKernelReplacement(true);
    }
  });

  it("leaves few numbers to the backend's", () => {
    const [ours, theirs] = both(tf.tensor(normal(generator(2), 192), [8, 24]), [24], true);
    expect(ours).toEqual(theirs);
  });

  it("takes nothing from the heap but its result for few rows", () => {
    const [x, mean, variance] = [tf.ones([16, 24]), tf.zeros([24]) as tf.Tensor1D, tf.ones([24]) as tf.Tensor1D];
    const taken: number[] = [];
    heldBy(
      () => tf.batchNorm(x, mean, variance).dispose(),
      (bytes) => taken.push(bytes),
    );
    expect(taken).toEqual([4 * 16 * 24]);
  });

  it("leaves a mean of x's shape to the backend's", () => {
    const [ours, theirs] = both(tf.tensor(normal(generator(2), 24), [2, 3, 2, 2]), [2, 3, 2, 2], true);
    expect(ours).toEqual(theirs);
  });
});

describe("kernels of convolutions on 'wasm'", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it("leave an output shape that the padding does not give to the backend's", () => {
    const x = tf.tensor4d(normal(generator(3), 8 * 8 * 3), [1, 8, 8, 3]);
    const filter = tf.tensor4d(normal(generator(4), 4 * 4 * 5 * 3), [4, 4, 5, 3]);
    const call = () => tf.conv2dTranspose(x, filter, [1, 4, 4, 5], 1, "same").dataSync();
    const ours = call();
    setKernelReplacement(false);
    expect(ours).toEqual(call());
    // What is left unread may as well not be there.
    setKernelReplacement(true);
    const read = tf.conv2dTranspose(tf.slice(x, [0, 0, 0, 0], [1, 4, 4, 3]), filter, [1, 4, 4, 5], 1, "same").dataSync();
    expectClose(ours as Float32Array, read as Float32Array, 1e-5);
  });

  it("give back all that they take from the heap, also when a call throws", () => {
    const { x, filter, dy } = tensors();
    const volume = tf.ones([1, 2, 2, 2, 2]);
    const integers = tf.ones([1, 2, 2, 2, 2], "int32");
    const before = tf.memory().numTensors;
    const held = heldBy(() => {
      for (let i = 0; i < 100; i++) {
        run("Conv2DBackpropFilter", { x, dy }, { filterShape: [3, 3, 2, 4] }).dispose();
        run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dispose();
        run("MaxPoolGrad", { dy: x, input: x }, { filterSize: 2 }).dispose();
        run("MaxPool3D", { x: volume }, { filterSize: 2 }).dispose();
        run("MaxPool3D", { x: integers }, { filterSize: 2 }).dispose();
        run("Conv3DBackpropInputV2", { dy: volume, filter: volume }, { inputShape: [1, 2, 2, 2, 2] }).dispose();
        expect(() => run("Conv2DBackpropFilter", { x, dy: x }, { filterShape: [3, 3, 2, 4] })).toThrow("argument 'dy'");
      }
    });
    expect(held).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });

  /** The largest block of the heap that a gradient takes for filters [...window, 8, 16] over [...sizes]. */
  function takenBy(kernel: string, sizes: number[], window: number[]): number {
    const [x, dy] = [tf.ones([...sizes, 8]), tf.ones([...sizes, 16])];
    let most = 0;
    heldBy(
      () => run(kernel, { x, dy }, { filterShape: [...window, 8, 16] }),
      (bytes) => {
        most = Math.max(most, bytes);
      },
    );
    return most;
  }

  it("take scratch for a block of tiles of each chunk after Winograd, whatever the batch", () => {
    const taken = takenBy("Conv2DBackpropFilter", [64, 16, 16], [3, 3]);
    expect(takenBy("Conv2DBackpropFilter", [256, 32, 16], [3, 3])).toBe(taken);
  });

  it("take scratch for an image and a packed operand of each chunk, whatever the batch and the depth", () => {
    const taken = takenBy("Conv2DBackpropFilter", [64, 16, 16], [3, 2]);
    expect(takenBy("Conv2DBackpropFilter", [256, 16, 16], [3, 2])).toBe(taken);
    const volumes = takenBy("Conv3DBackpropFilterV2", [8, 9, 16, 16], [2, 3, 2]);
    expect(takenBy("Conv3DBackpropFilterV2", [16, 19, 16, 16], [2, 3, 2])).toBe(volumes);
  });
});
