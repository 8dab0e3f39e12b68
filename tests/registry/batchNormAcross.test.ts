import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { normalizeSets, normalizeSetsGradients } from "../../src/reference/normalization.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { graphModel } from "../helpers/graphModels.js";
import { built, data, trainingGradients } from "../helpers/models.js";

// tf.batchNorm along other axes than the last. Its kernels for 'cpu' and 'wasm' give wrong values, and its gradient throws.

const EPSILON = 1e-3;
const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const flat = (tensor: tf.Tensor) => tensor.dataSync<"float32">();

/** What tf.batchNorm is to give by a mean and a variance that are broadcast, in float64. */
function expected(x: tf.Tensor, given: Record<"mean" | "variance" | "gamma" | "beta", Float32Array>, axes: number[]) {
  const { shape } = x;
  return Float64Array.from(flat(x), (value, i) => {
    let at = 0;
    for (const axis of axes)
      at = at * (shape[axis] as number) + (Math.floor(i / size(shape.slice(axis + 1))) % (shape[axis] as number));
    const of = (name: keyof typeof given) => given[name][at] as number;
    return ((value - of("mean")) / Math.sqrt(of("variance") + EPSILON)) * of("gamma") + of("beta");
  });
}

/** Random parameters, as many as there are places along the axes. */
function parameters(count: number) {
  const next = generator(3);
  const [mean, variance] = [normal(next, count), uniform(next, count, 0.5, 2)];
  return { mean, variance, gamma: uniform(next, count, -2, 2), beta: normal(next, count) };
}

describe.each(["wasm", "cpu"])("tf.batchNorm on '%s' along other axes than the last", (backend) => {
  beforeEach(() => useBackend(backend));
  afterEach(() => setKernelReplacement(true));

  it.each<[number[], number[]]>([
    [[2, 5, 4, 3], [1]],
    [[2, 3, 4, 5], [2]],
    [[2, 6, 5], [1]],
    [[3, 1, 4, 2], [2]],
    [
      [2, 3, 4, 5],
      [1, 3],
    ],
    [
      [2, 3, 4, 5],
      [0, 2],
    ],
    [
      [2, 3, 4, 5],
      [1, 2],
    ],
  ])("values and gradients: x %j, axes %j, within 5e-5 and 1e-4", (shape, axes) => {
    const of = shape.map((length, axis) => (axes.includes(axis) ? length : 1));
    const given = parameters(size(of));
    const tensors = [given.mean, given.variance, given.beta, given.gamma].map((values) => tf.tensor(values, of));
    const x = data(shape, 2, 1);
    const call = (...[x, mean, variance, beta, gamma]: tf.Tensor[]) =>
      tf.batchNorm(x as tf.Tensor, mean as never, variance as never, beta as never, gamma as never, EPSILON);
    expectClose(flat(call(x, ...tensors)), expected(x, given, axes), 5e-5);
    const dy = data(shape, 1, 0, 9);
    const gradients = tf.grads(call)([x, ...tensors], dy);
    const names = ["mean", "variance", "beta", "gamma"] as const;
    const upstream = flat(dy);
    for (const [i, name] of names.entries()) {
      const difference = given[name].map((_, k) => {
        const [low, high] = [-1e-3, 1e-3].map((step) => {
          const moved = { ...given, [name]: Float64Array.from(given[name], (v, j) => (j === k ? v + step : v)) as never };
          return expected(x, moved, axes).reduce((sum, y, j) => sum + y * (upstream[j] as number), 0);
        }) as [number, number];
        return (high - low) / 2e-3;
      });
      expect(gradients[i + 1]?.shape).toEqual(of);
      expectCloseToLargest(flat(gradients[i + 1] as tf.Tensor), difference, 1e-4, name);
    }
    const slope = expected(
      tf.ones(shape),
      { ...given, mean: new Float32Array(size(of)), beta: new Float32Array(size(of)) },
      axes,
    );
    expectCloseToLargest(
      flat(gradients[0] as tf.Tensor),
      slope.map((value, i) => value * (upstream[i] as number)),
      1e-4,
      "x",
    );
  });

  it.each([1, 2])("tf.layers.batchNormalization({ axis: %i }) is right at inference, and in training", (axis) => {
    const shape = [3, 4, 5, 2];
    const layer = built(tfl.layers.batchNormalization({ axis, epsilon: EPSILON }), shape.slice(1));
    const given = parameters(shape[axis] as number);
    layer.setWeights([given.gamma, given.beta, given.mean, given.variance].map((values) => tf.tensor1d(values)));
    const x = data(shape, 2, 1);
    expectClose(flat(layer.apply(x) as tf.Tensor), expected(x, given, [axis]), 5e-5);
    const [outer, channels, inner] = [size(shape.slice(0, axis)), shape[axis] as number, size(shape.slice(axis + 1))];
    const view = { slices: 1, outer, channels, inner, groups: channels, epsilon: EPSILON };
    const problem = { ...view, x: flat(x), gamma: given.gamma, beta: given.beta };
    const { y } = normalizeSets(problem);
    const upstream = flat(data(shape, 1, 0, 9));
    const dy = y.map((value, i) => (upstream[i] as number) * (1 - Math.tanh(value) ** 2));
    const { x: dx, gamma, beta } = normalizeSetsGradients(problem, dy);
    const actual = trainingGradients(layer, x);
    expectCloseToLargest(actual.x as Float32Array, dx, 1e-4, "x");
    expectCloseToLargest(actual.gamma as Float32Array, gamma, 1e-4, "gamma");
    expectCloseToLargest(actual.beta as Float32Array, beta, 1e-4, "beta");
  });

  it("of int32 are int32, as along the last axis", () => {
    const [mean, variance] = [tf.tensor4d([1, 2], [1, 2, 1, 1]), tf.tensor4d([1, 1], [1, 2, 1, 1])];
    const y = tf.batchNorm(tf.tensor4d([1, 2, 3, 4, 5, 6], [1, 2, 1, 3], "int32"), mean, variance, undefined, undefined, 0);
    expect(y.dtype).toBe("int32");
    expect(Array.from(y.dataSync())).toEqual([0, 1, 2, 2, 3, 4]);
  });

  it("a graph model in NCHW normalizes axis 1, where the number of channels tells it", async () => {
    const shape = [2, 5, 4, 3];
    const given = parameters(5);
    const vector = (values: Float32Array) => ({ values, shape: [5] });
    const constants = Object.fromEntries(Object.entries(given).map(([name, values]) => [name, vector(values)]));
    const node = {
      name: "y",
      op: "FusedBatchNormV3",
      input: ["x", "gamma", "beta", "mean", "variance"],
      attr: { epsilon: { f: EPSILON }, data_format: { s: btoa("NCHW") }, is_training: { b: false } },
    };
    const model = await graphModel(shape, constants, [node]);
    const x = data(shape, 2, 1);
    expectClose(flat(model.predict(x) as tf.Tensor), expected(x, given, [1]), 5e-5);
  });
});
