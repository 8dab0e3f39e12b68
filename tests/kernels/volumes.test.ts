import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import {
  averagePool,
  contract,
  convolution,
  maxPool,
  outSizes,
  product,
  taps,
  type Windows,
} from "../../src/reference/products.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { runKernel } from "../helpers/kernels.js";

type Triple = [number, number, number];
type Shape5D = [number, number, number, number, number];
type Given = Windows & { window: Triple; strides: Triple; from: number; to: number };

const next = generator(31);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T;
const triple = (choices: readonly number[]): Triple => [pick(choices), pick(choices), pick(choices)];

/** Windows 1 to 4, strides 1 to 4, sizes 1 to 9, channels 1 to 17, all paddings: also where the windows leave positions out. */
function generate(count: number, isPool: boolean): Given[] {
  const cases: Given[] = [];
  while (cases.length < count) {
    const pad = pick<Windows["pad"]>(isPool ? ["same", "valid", 0, 1, 2] : ["same", "valid", 1]);
    const given: Given = {
      batch: pick([1, 1, 2]),
      sizes: triple([1, 2, 3, 4, 5, 6, 9]),
      window: triple([1, 2, 3, 3, 4]),
      strides: triple([1, 1, 2, 3, 4]),
      pad,
      ...(isPool && typeof pad === "number" && { dimRoundingMode: pick(["floor", "round", "ceil"] as const) }),
      from: pick([1, 2, 3, 4, 5, 8, 9, 17]),
      to: pick([1, 2, 3, 4, 7, 8, 9, 16, 17]),
    };
    if (outSizes(given).every((size) => size > 0)) cases.push(given);
  }
  return cases;
}

const titled = (cases: Given[]) => cases.map((given) => [JSON.stringify(given), given] as const);
const values = (shape: number[]): [Float32Array, number[]] => [normal(next, product(shape)), shape];

function shapesOf(given: Given, to = given.to) {
  return {
    x: [given.batch, ...given.sizes, given.from],
    w: [...given.window, given.from, given.to],
    y: [given.batch, ...outSizes(given), to],
  };
}

const CONVOLUTIONS: Given[] = [
  ...generate(80, false),
  { batch: 0, sizes: [4, 4, 4], window: [3, 3, 3], strides: [1, 1, 1], pad: "same", from: 2, to: 3 },
  { batch: 2, sizes: [4, 5, 6], window: [1, 1, 1], strides: [1, 1, 1], pad: "same", from: 9, to: 7 },
  { batch: 2, sizes: [4, 5, 6], window: [4, 5, 6], strides: [1, 2, 1], pad: "valid", from: 3, to: 7 },
  { batch: 1, sizes: [2, 2, 2], window: [3, 3, 3], strides: [1, 1, 1], pad: "valid", from: 2, to: 3 },
  { batch: 1, sizes: [3, 6, 140], window: [2, 3, 3], strides: [1, 1, 1], pad: "same", from: 3, to: 8 },
  // Whose filter's gradient is cut by images.
  { batch: 1, sizes: [4, 25, 25], window: [1, 3, 3], strides: [1, 1, 1], pad: "same", from: 8, to: 24 },
];

describe("gradients of convolutions of volumes on 'wasm' are those in float64 within 1e-5 of the largest", () => {
  it.each(titled(CONVOLUTIONS))("%s", async (_, given) => {
    const shapes = shapesOf(given);
    const [x, w, dy] = [values(shapes.x), values(shapes.w), values(shapes.y)];
    const terms = convolution(given, given.from, given.to);
    const { strides, pad } = given;
    const dw = await runKernel("wasm", "Conv3DBackpropFilterV2", { x, dy }, { strides, pad, filterShape: shapes.w });
    expect(dw.shape).toEqual(shapes.w);
    expectCloseToLargest(dw.values, contract(terms, "w", { x: x[0], y: dy[0] }, product(shapes.w)), 1e-5, "dw");
    const dx = await runKernel("wasm", "Conv3DBackpropInputV2", { dy, filter: w }, { strides, pad, inputShape: shapes.x });
    expect(dx.shape).toEqual(shapes.x);
    expectCloseToLargest(dx.values, contract(terms, "x", { y: dy[0], w: w[0] }, product(shapes.x)), 1e-5, "dx");
  });
});

/** The same with dilations, also along axes with strides, which tf.conv3d refuses and kernels take. */
const DILATED: Given[] = generate(120, false).map((given) => ({ ...given, dilations: triple([1, 1, 2, 3]) }));
const FORWARD = [...CONVOLUTIONS, ...DILATED.filter((given) => outSizes(given).every((size) => size > 0))];

describe("Conv3D on 'wasm' is that in float64 within 1e-5 of the largest", () => {
  it.each(titled(FORWARD))("%s", async (_, given) => {
    const shapes = shapesOf(given);
    const [x, filter] = [values(shapes.x), values(shapes.w)];
    const { strides, pad, dilations = 1 } = given;
    const y = await runKernel("wasm", "Conv3D", { x, filter }, { strides, pad, dilations });
    expect(y.shape).toEqual(shapes.y);
    const terms = convolution(given, given.from, given.to);
    expectCloseToLargest(y.values, contract(terms, "y", { x: x[0], w: filter[0] }, product(shapes.y)), 1e-5, "y");
  });
});

/** The largest number of each window, −∞ where it has none. */
function maxima(given: Given, x: Float32Array): Float32Array {
  const y = new Float32Array(product(shapesOf(given, given.from).y)).fill(Number.NEGATIVE_INFINITY);
  for (const { output, input } of taps(given)) {
    for (let c = 0; c < given.from; c++) {
      const [at, value] = [output * given.from + c, x[input * given.from + c] as number];
      if (value > (y[at] as number)) y[at] = value;
    }
  }
  return y;
}

const POOLS: Given[] = [
  ...generate(120, true),
  { batch: 0, sizes: [4, 4, 4], window: [2, 2, 2], strides: [2, 2, 2], pad: "same", from: 2, to: 2 },
  { batch: 1, sizes: [2, 2, 2], window: [3, 3, 3], strides: [1, 1, 1], pad: "valid", from: 2, to: 2 },
  // Windows that lie wholly in the padding.
  { batch: 1, sizes: [2, 2, 2], window: [2, 2, 2], strides: [1, 1, 1], pad: 3, from: 5, to: 5 },
  { batch: 1, sizes: [4, 4, 4], window: [2, 2, 2], strides: [3, 3, 3], pad: 1, dimRoundingMode: "ceil", from: 1, to: 1 },
  { batch: 1, sizes: [5, 5, 5], window: [2, 2, 2], strides: [2, 2, 2], pad: 0, dimRoundingMode: "ceil", from: 1, to: 1 },
  { batch: 1, sizes: [5, 5, 5], window: [2, 2, 2], strides: [2, 2, 2], pad: 0, dimRoundingMode: "round", from: 1, to: 1 },
];

/** Few values, so that windows have several largest ones, and some that are not finite. */
const tied = (shape: number[]): [Float32Array, number[]] => {
  const special = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [normal(next, product(shape)).map((value) => (next() < 0.1 ? pick(special) : Math.round(value) + 0)), shape];
};

describe("pools of volumes on 'wasm' are those in float64", () => {
  it.each(titled(POOLS))("%s", async (_, given) => {
    const { window: filterSize, strides, pad, dimRoundingMode, from } = given;
    const attrs = { filterSize, strides, pad, dimRoundingMode };
    const shapes = shapesOf(given, from);
    const x = tied(shapes.x);
    const pooled = await runKernel("wasm", "MaxPool3D", { x }, attrs);
    expect(pooled.shape).toEqual(shapes.y);
    expect(pooled.values).toEqual(maxima(given, x[0]));

    const dy = values(shapes.y);
    const largest = maxPool(given, from, x[0]);
    const max = await runKernel("wasm", "MaxPool3DGrad", { dy, input: x, output: [pooled.values, shapes.y] }, attrs);
    const weights = { y: dy[0], w: new Float64Array(product(shapes.y)).fill(1) };
    expectCloseToLargest(max.values, contract(largest.terms, "x", weights, product(shapes.x)), 1e-6, "dx of maxPool3d");

    const mean = averagePool(given, from);
    const finite: [Float32Array, number[]] = values(shapes.x);
    const averaged = await runKernel("wasm", "AvgPool3D", { x: finite }, attrs);
    expect(averaged.shape).toEqual(shapes.y);
    const means = contract(mean.terms, "y", { x: finite[0], w: mean.w }, product(shapes.y));
    // That of a window in the padding is 0.
    const expectedMeans = means.map((value, i) => (Number.isFinite(mean.w[i]) ? value : 0));
    expectClose(averaged.values, expectedMeans, 1e-6);
    const average = await runKernel("wasm", "AvgPool3DGrad", { dy, input: x }, attrs);
    const expected = contract(mean.terms, "x", { y: dy[0], w: mean.w }, product(shapes.x));
    expectCloseToLargest(average.values, expected, 1e-6, "dx of avgPool3d");
  });
});

describe("kernels of volumes on 'wasm'", () => {
  beforeEach(() => useBackend("wasm"));

  it("average the positions that are there", () => {
    const dx = tf.grad((x) => tf.sum(tf.avgPool3d(x as tf.Tensor5D, 3, 1, "same")))(tf.ones([1, 2, 2, 2, 1]));
    expectCloseToLargest(dx.dataSync(), new Float32Array(8).fill(1), 1e-6, "dx");
  });

  it.each<[string, number, number, number, "ceil" | "round", Shape5D]>([
    ["ceil", 2, 2, 0, "ceil", [1, 5, 5, 5, 1]],
    ["ceil, padded", 2, 3, 1, "ceil", [1, 4, 4, 4, 1]],
    ["round", 2, 2, 0, "round", [1, 5, 5, 5, 1]],
  ])("round the sizes of a pool: %s", (_, window, stride, pad, rounding, shape) => {
    const pool = (x: tf.Tensor) => tf.maxPool3d(x as tf.Tensor5D, window, stride, pad, rounding);
    expect(pool(tf.ones(shape)).shape).toEqual([1, 3, 3, 3, 1]);
    expect(tf.grad((x) => tf.sum(pool(x)))(tf.ones(shape)).shape).toEqual(shape);
  });

  const INTEGERS = [1, 2, -3, -4, 16777217, 3, 7, -9, 0];
  it.each(["int32", "bool"] as const)("take %s as 'cpu' does", async (dtype) => {
    const pooled = () => {
      const x = tf.tensor(INTEGERS, [1, 1, 1, INTEGERS.length, 1], dtype);
      const pool = (x: tf.Tensor) => tf.maxPool3d(x as tf.Tensor5D, [1, 1, 2], [1, 1, 2], "same");
      const [y, dx] = [pool(x), tf.grad((x) => tf.sum(pool(x)))(x)];
      return [y, dx].map((tensor) => ({ dtype: tensor.dtype, shape: tensor.shape, values: tensor.dataSync() }));
    };
    await useBackend("cpu");
    const expected = pooled();
    await useBackend("wasm");
    const before = tf.memory().numTensors;
    expect(tf.tidy(pooled)).toEqual(expected);
    expect(tf.memory().numTensors).toBe(before);
  });

  it("cast what is not float32: a convolution of int32", () => {
    const convolve = (dtype: tf.DataType) => {
      const x = tf.tensor(INTEGERS, [1, 1, 1, INTEGERS.length, 1], dtype) as tf.Tensor5D;
      const y = tf.conv3d(x, tf.ones([1, 1, 2, 1, 3]), 1, "same");
      return { dtype: y.dtype, values: y.dataSync() };
    };
    const before = tf.memory().numTensors;
    expect(tf.tidy(() => convolve("int32"))).toEqual(tf.tidy(() => convolve("float32")));
    expect(tf.memory().numTensors).toBe(before);
  });

  const run = (kernel: string, inputs: tf.NamedTensorMap, attrs: object) =>
    tf.engine().runKernel(kernel, inputs, { strides: 1, pad: "same", ...attrs } as never);
  it.each<[string, () => unknown, string]>([
    [
      "a dy of another shape",
      () => tf.conv3dTranspose(tf.ones<tf.Rank.R5>([1, 2, 2, 2, 1]), tf.ones([2, 2, 2, 1, 1]), [1, 5, 5, 5, 1], 2, "same"),
      "conv3dBackpropInput: argument 'dy' must have shape [1, 3, 3, 3, 1], got [1, 2, 2, 2, 1]",
    ],
    [
      "a filter of other channels",
      () =>
        run(
          "Conv3DBackpropFilterV2",
          { x: tf.ones([1, 2, 2, 2, 2]), dy: tf.ones([1, 2, 2, 2, 1]) },
          { filterShape: [1, 1, 1, 3, 1] },
        ),
      "conv3dBackpropFilter: argument 'filterShape' must have 2 input channels, got 3",
    ],
    [
      "a forward pass's filter of other channels",
      () => run("Conv3D", { x: tf.ones([1, 2, 2, 2, 2]), filter: tf.ones([1, 1, 1, 3, 1]) }, { dilations: 1 }),
      "conv3d: argument 'filter' must have 2 input channels, got 3",
    ],
    [
      "an x of rank 4",
      () => run("MaxPool3D", { x: tf.ones([2, 2, 2, 1]) }, { filterSize: 2 }),
      "maxPool3d: argument 'x' must have rank 5, got shape [2, 2, 2, 1]",
    ],
    [
      "a pool's dy of another shape",
      () => run("AvgPool3DGrad", { dy: tf.ones([1, 2, 2, 2, 2]), input: tf.ones([1, 2, 2, 2, 1]) }, { filterSize: 2 }),
      "avgPool3dGrad: argument 'dy' must have shape [1, 2, 2, 2, 1], got [1, 2, 2, 2, 2]",
    ],
    [
      "a border that no memory holds",
      () => run("MaxPool3D", { x: tf.ones([1, 2, 2, 2, 1]) }, { filterSize: 2, strides: 2 ** 30, pad: 2 ** 29 }),
      "maxPool3d: argument 'pad' must leave at most 2^30 positions along an axis",
    ],
  ])("refuse %s", (_, call, message) => expect(call).toThrow(message));
});
