import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";

// Calls that the library's kernels on 'wasm' refuse, and that TensorFlow.js takes.

/** The dtype, shape and values that a call gives on a backend. */
async function resultOn(backend: string, call: () => tf.Tensor) {
  await useBackend(backend);
  return tf.tidy(() => {
    const result = call();
    return { dtype: result.dtype, shape: result.shape, values: Array.from(result.dataSync()) };
  });
}

/** Fails unless a call gives on 'wasm' what it gives on 'cpu', and leaves no tensor. */
async function expectAsOnCpu(call: () => tf.Tensor): Promise<void> {
  const expected = await resultOn("cpu", call);
  await useBackend("wasm");
  const before = tf.memory().numTensors;
  const actual = await resultOn("wasm", call);
  expect(tf.memory().numTensors).toBe(before);
  expect({ ...actual, values: [] }).toEqual({ ...expected, values: [] });
  expectClose(actual.values, expected.values, 1e-5);
}

/** Integers from −20 to 20, or bool. */
function integers(shape: number[], dtype: "int32" | "bool" = "int32", seed = 1): tf.Tensor {
  const values = normal(generator(seed), tf.util.sizeFromShape(shape), 8).map(Math.round);
  return dtype === "bool"
    ? tf.tensor(
        values.map((value) => Number(value > 0)),
        shape,
        dtype,
      )
    : tf.tensor(values, shape, dtype);
}

const floats = (shape: number[], seed = 1) => tf.cast(integers(shape, "int32", seed), "float32");

const runKernel = (name: string, inputs: tf.NamedTensorMap, attrs: object): tf.Tensor =>
  tf.engine().runKernel(name, inputs, attrs as never);

describe.each(["int32", "bool"] as const)("inputs of dtype %s are computed in float32, as on 'cpu'", (dtype) => {
  it.each<[string, () => tf.Tensor]>([
    ["an x of tf.batchNorm", () => tf.batchNorm(integers([5, 2], dtype), tf.tensor1d([1, 2]), tf.tensor1d([9, 0.5]))],
    ["a large x of tf.batchNorm", () => tf.batchNorm(integers([70, 9], dtype), tf.zeros([9]), tf.fill([9], 0.1))],
    [
      "all of tf.batchNorm",
      () => tf.batchNorm(integers([7, 3], dtype), integers([3], dtype), tf.ones([3], dtype), integers([3], dtype)),
    ],
    ["a mean of tf.batchNorm", () => tf.batchNorm(tf.ones([40, 9]), integers([9], dtype) as tf.Tensor1D, tf.ones([9]))],
    [
      "a scale of tf.batchNorm",
      () => tf.batchNorm(tf.ones([2, 3]), tf.zeros([3]), tf.ones([3]), undefined, integers([3], dtype) as tf.Tensor1D),
    ],
    ["moments of x's shape", () => tf.batchNorm(integers([4, 2], dtype), integers([4, 2], dtype, 2), tf.ones([4, 2]))],
    [
      "rows of tf.unsortedSegmentSum",
      () => tf.unsortedSegmentSum(integers([9, 3], dtype), tf.tensor1d([0, 3, 1, 1, 0, 2, 3, 3, 1], "int32"), 5),
    ],
    ["no rows of tf.unsortedSegmentSum", () => tf.unsortedSegmentSum(integers([0, 3], dtype), tf.tensor1d([], "int32"), 2)],
    [
      "an x of tf.conv2dTranspose",
      () => tf.conv2dTranspose(integers([1, 3, 3, 2], dtype) as tf.Tensor4D, tf.ones([2, 2, 4, 2]), [1, 6, 6, 4], 2, "same"),
    ],
    [
      "a convolution's filter gradient",
      () =>
        runKernel(
          "Conv2DBackpropFilter",
          { x: integers([1, 5, 5, 2], dtype), dy: tf.ones([1, 5, 5, 3]) },
          { strides: 1, pad: "same", dataFormat: "NHWC", filterShape: [3, 3, 2, 3] },
        ),
    ],
    [
      "a pool's gradient",
      () =>
        runKernel(
          "MaxPoolGrad",
          { dy: integers([1, 2, 2, 1], dtype), input: integers([1, 4, 4, 1]), output: tf.ones([1, 2, 2, 1]) },
          { filterSize: 2, strides: 2, pad: "same" },
        ),
    ],
  ])("%s", async (_, call) => expectAsOnCpu(call as () => tf.Tensor));
});

it("sums of int32 beyond float32's integers are rounded as on 'cpu'", async () => {
  await expectAsOnCpu(() =>
    tf.unsortedSegmentSum(tf.tensor1d([2 ** 24 + 1, 2 ** 30 + 3], "int32"), tf.tensor1d([1, 0], "int32"), 2),
  );
});

describe.each([2, 300])("tf.batchNorm of %i rows", (rows) => {
  const x = () =>
    tf.tensor2d(
      Array.from({ length: rows * 3 }, (_, i) => (i % 7) - 1),
      [rows, 3],
    );

  it.each([-0.5, -1, -2, 0, Number.POSITIVE_INFINITY, Number.NaN])("takes an epsilon of %d, as on 'cpu'", async (epsilon) => {
    const [mean, variance] = [() => tf.tensor1d([1, 0, 2]), () => tf.tensor1d([1, 4, 0])];
    await expectAsOnCpu(() => tf.batchNorm(x(), mean(), variance(), undefined, undefined, epsilon));
    await expectAsOnCpu(() => tf.batchNorm(x(), mean(), variance(), tf.tensor1d([1, 2, 3]), tf.tensor1d([-1, 2, 1]), epsilon));
  });

  it("is NaN and infinite where variance and epsilon are 0", async () => {
    const call = () =>
      tf.batchNorm(
        tf.tensor2d(
          Array.from({ length: rows * 3 }, (_, i) => (i % 3) + 1),
          [rows * 3, 1],
        ),
        tf.tensor1d([1]),
        tf.tensor1d([0]),
        tf.tensor1d([5]),
        undefined,
        0,
      );
    const { values } = await resultOn("wasm", call);
    expect(values.slice(0, 3)).toEqual([Number.NaN, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(new Set(values).size).toBe(2);
  });
});

describe("calls that go to the replaced kernel", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  /** A call's values with the library's kernels, and with TensorFlow.js's. */
  function both(call: () => tf.Tensor) {
    setKernelReplacement(true);
    const ours = call().dataSync();
    setKernelReplacement(false);
    return [ours, call().dataSync()];
  }

  it.each<[string, () => tf.Tensor]>([
    [
      "a mean and variance that are repeated along x",
      () => tf.batchNorm(floats([90, 4]), tf.tensor1d([1, 2, 3]), tf.tensor1d([1, 4, 9])),
    ],
    ["a mean and variance of x's shape", () => tf.batchNorm(floats([90, 4]), floats([90, 4], 2), tf.ones([90, 4]))],
    ["scalars", () => tf.batchNorm(floats([90, 4]), tf.scalar(1) as never, tf.scalar(4) as never)],
    [
      "a transposed convolution into fewer pixels than 'same' gives",
      () => tf.conv2dTranspose(floats([2, 4, 5, 2]) as tf.Tensor4D, floats([3, 3, 4, 2]) as tf.Tensor4D, [1, 3, 3, 4], 1, "same"),
    ],
  ])("%s", (_, call) => {
    const [ours, theirs] = both(call);
    expect(ours).toEqual(theirs);
  });
});
