import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { normalizeSets, normalizeSetsGradients } from "../../src/reference/normalization.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { graphModel, type Node } from "../helpers/graphModels.js";

// FusedBatchNormV3 in training mode: TensorFlow gives it a mean and variance of no entries, and means the batch's own.

// The CPU code of TensorFlow.js as 'tensorflow', where TensorFlow.js operations do the library's work.
tf.registerBackend("tensorflow", tf.findBackendFactory("cpu"));
for (const kernel of tf.getKernelsForBackend("device")) tf.registerKernel({ ...kernel, backendName: "tensorflow" });

const EPSILON = 1e-3;

/** What tf.batchNorm is to make of x, its channels along an axis. */
function problemOf(shape: number[], axis: number) {
  const size = (from: number, to: number) => shape.slice(from, to).reduce((a, b) => a * b, 1);
  const channels = shape[axis] as number;
  const next = generator(7);
  return {
    slices: 1,
    outer: size(0, axis),
    channels,
    inner: size(axis + 1, shape.length),
    groups: channels,
    epsilon: EPSILON,
    x: normal(next, size(0, shape.length), 3, 5),
    gamma: normal(next, channels, 1, 1),
    beta: normal(next, channels, 1, 1),
  };
}

const EMPTY = { values: new Float32Array(), shape: [0] };
const vector = (values: ArrayLike<number>) => ({ values: Float32Array.from(values), shape: [values.length] });
const ints = (...values: number[]) => ({ values: Int32Array.from(values), shape: [values.length] });

const fusedBatchNorm = (x: string, dataFormat: string): Node => ({
  name: "y",
  op: "FusedBatchNormV3",
  input: [x, "gamma", "beta", "mean", "variance"],
  attr: { epsilon: { f: EPSILON }, data_format: { s: btoa(dataFormat) }, is_training: { b: true } },
});

/** A graph of a batch normalization in training mode alone. */
function training(shape: number[], { gamma, beta }: ReturnType<typeof problemOf>, dataFormat = "NHWC") {
  const constants = { gamma: vector(gamma), beta: vector(beta), mean: EMPTY, variance: EMPTY };
  return graphModel(shape, constants, [fusedBatchNorm("x", dataFormat)]);
}

/** What Keras 2 makes of LayerNormalization over the last axis: its rows are the channels of one image. */
function layerNormalization([rows, features]: [number, number], gamma: Float32Array, beta: Float32Array) {
  const constants = {
    image: ints(1, rows, features, 1),
    shape: ints(rows, features),
    gamma: vector(new Float32Array(rows).fill(1)),
    beta: vector(new Float32Array(rows)),
    mean: EMPTY,
    variance: EMPTY,
    scale: vector(gamma),
    center: vector(beta),
  };
  return graphModel([rows, features], constants, [
    { name: "asImage", op: "Reshape", input: ["x", "image"], attr: { Tshape: { type: "DT_INT32" } } },
    fusedBatchNorm("asImage", "NCHW"),
    { name: "normalized", op: "Reshape", input: ["y", "shape"], attr: { Tshape: { type: "DT_INT32" } } },
    { name: "scaled", op: "Mul", input: ["normalized", "scale"] },
    { name: "result", op: "AddV2", input: ["scaled", "center"] },
  ]);
}

describe.each(["wasm", "cpu", "tensorflow"])("FusedBatchNorm in training mode on '%s'", (backend) => {
  beforeEach(() => useBackend(backend));
  afterEach(() => setKernelReplacement(true));

  it.each<[number[], number, string]>([
    [[2, 3, 4, 5], 3, "NHWC"],
    [[2, 5, 4, 3], 1, "NCHW"],
    [[1, 1, 6, 1], 3, "NHWC"],
    [[4, 1, 1, 2], 3, "NHWC"],
    [[2, 3, 2, 4, 5], 4, "NDHWC"],
    [[1, 70, 33, 1], 1, "NCHW"],
  ])("a graph model normalizes by the batch's moments: %s, channels along axis %i", async (shape, axis, dataFormat) => {
    const problem = problemOf(shape, axis);
    const model = await training(shape, problem, dataFormat);
    const before = tf.memory().numTensors;
    const y = tf.tidy(() => (model.predict(tf.tensor(problem.x, shape)) as tf.Tensor).dataSync<"float32">());
    expect(tf.memory().numTensors).toBe(before);
    expectClose(y, normalizeSets(problem).y, 5e-5);
  });

  it.each<[number, number]>([
    [3, 8],
    [1, 8],
    [8, 8],
    [64, 100],
  ])("Keras 2's LayerNormalization, as a graph model, normalizes rows: [%i, %i]", async (rows, features) => {
    const next = generator(3);
    const [gamma, beta, x] = [normal(next, features), normal(next, features), normal(next, rows * features, 3, 5)];
    const model = await layerNormalization([rows, features], gamma, beta);
    const y = (model.predict(tf.tensor(x, [rows, features])) as tf.Tensor).dataSync<"float32">();
    const layer = { slices: rows, outer: 1, channels: features, inner: 1, groups: 1, epsilon: EPSILON, x, gamma, beta };
    expectClose(y, normalizeSets(layer).y, 5e-5);
  });

  const none = () => tf.tensor1d([], "float32");
  const batchNorm = (x: tf.Tensor, { offset, scale }: { offset?: number; scale?: number }) => {
    const ones = (length?: number) => (length === undefined ? undefined : (tf.ones([length]) as tf.Tensor1D));
    return tf.batchNorm(x, none(), none(), ones(offset), ones(scale));
  };

  it("takes the number of channels from an offset, too, and int32 as everywhere", () => {
    const y = batchNorm(tf.tensor2d([1, -4, 3, 4], [2, 2]), { offset: 2 }).dataSync();
    expectClose(y, [0, 0, 2, 2], 1e-3);
    const integers = batchNorm(tf.tensor2d([10, 0, 30, 100], [2, 2], "int32"), { offset: 2 });
    expect(integers.dtype).toBe("int32");
    expectClose(integers.dataSync(), [0, 0, 1, 1], 0);
  });

  it("of no numbers are no numbers", () => {
    expect(batchNorm(tf.zeros([0, 3]), { scale: 3 }).shape).toEqual([0, 3]);
  });

  it.each([
    [[2, 3, 4, 3], 3, "[3] for x of shape [2, 3, 4, 3]"],
    [[2, 3, 4, 5], 4, "[4] for x of shape [2, 3, 4, 5]"],
    [[2, 3, 4, 5], undefined, "none for x of shape [2, 3, 4, 5]"],
  ])("refuses an x whose channel axis cannot be told: %s, scale [%s]", (shape, scale, got) => {
    expect(() => batchNorm(tf.ones(shape), { scale })).toThrow(
      `batchNorm: argument 'scale' must have as many entries as x has channels, along axis 1 or 3 and not both, where mean and variance are empty, got ${got}`,
    );
  });

  it.each<[number[], number]>([
    [[2, 3, 4, 5], 3],
    [[2, 5, 4, 3], 1],
  ])("has the gradients of the reference: %s, channels along axis %i", (shape, axis) => {
    const problem = problemOf(shape, axis);
    const dy = normal(generator(9), problem.x.length);
    const expected = normalizeSetsGradients(problem, dy);
    const gradients = tf.grads((x, scale, offset) =>
      tf.batchNorm(x, none(), none(), offset as tf.Tensor1D, scale as tf.Tensor1D, EPSILON),
    );
    const [dx, dscale, doffset] = gradients(
      [tf.tensor(problem.x, shape), tf.tensor1d(problem.gamma), tf.tensor1d(problem.beta)],
      tf.tensor(dy, shape),
    ) as [tf.Tensor, tf.Tensor, tf.Tensor];
    expect(dx.shape).toEqual(shape);
    expectCloseToLargest(dx.dataSync<"float32">(), expected.x, 1e-4, "dx");
    expectCloseToLargest(dscale.dataSync<"float32">(), expected.gamma, 1e-4, "dscale");
    expectCloseToLargest(doffset.dataSync<"float32">(), expected.beta, 1e-4, "doffset");
  });

  it("leaves the gradients of a given mean and variance as they are", () => {
    const mean = tf.tensor1d([1, 2]);
    const call = (x: tf.Tensor) => tf.batchNorm(x, mean, tf.tensor1d([3, 8]), tf.zeros([2]), tf.ones([2]), 1) as tf.Tensor;
    batchNorm(tf.ones([2, 2]), { scale: 2 });
    expectClose(
      tf
        .grad(call)(tf.tensor2d([1, 2, 3, 4], [2, 2]))
        .dataSync(),
      [1 / 2, 1 / 3, 1 / 2, 1 / 3],
      1e-6,
    );
  });

  it("is differentiated again: the gradient of |dx|²", () => {
    const shape = [3, 2];
    const scale = tf.tensor1d([1, 2]);
    const normalize = (x: tf.Tensor) => tf.mul(tf.batchNorm(x, none(), none(), tf.zeros([2]), scale, EPSILON), weights);
    const weights = tf.tensor(normal(generator(4), 6), shape);
    const penalty = (x: tf.Tensor) => tf.sum(tf.square(tf.grad((t) => tf.sum(normalize(t)))(x))) as tf.Scalar;
    const x = normal(generator(5), 6);
    const expected = Float64Array.from(x, (_, i) => {
      const [low, high] = [-1e-2, 1e-2].map(
        (step) =>
          penalty(
            tf.tensor(
              x.map((v, j) => (j === i ? v + step : v)),
              shape,
            ),
          ).dataSync()[0] as number,
      );
      return ((high as number) - (low as number)) / 2e-2;
    });
    expectCloseToLargest(tf.grad(penalty)(tf.tensor(x, shape)).dataSync<"float32">(), expected, 1e-2, "ddx");
  });

  it("is TensorFlow.js's where its kernels are put back", () => {
    setKernelReplacement(false);
    const y = batchNorm(tf.tensor2d([1, 2, 3, 4], [2, 2]), { scale: 2 }).dataSync();
    expect(y.some((value) => Number.isFinite(value))).toBe(false);
  });
});
