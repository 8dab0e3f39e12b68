import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import type { Shape4D } from "../../src/kernels/convolution.js";
import { AvgPool, MaxPool } from "../../src/kernels/pool.js";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import { averagePool, contract, maxPool, outSizes, product } from "../../src/reference/products.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { expectSameKernel, type Inputs, runKernel, runOurs } from "../helpers/kernels.js";

/** Pools over windows 1 to 4, strides 1 to 3, channels 1 to 17, all paddings. */
const next = generator(4);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T;
const CASES = Array.from({ length: 60 }, () => {
  const filterSize: [number, number] = [pick([1, 2, 3, 4]), pick([1, 2, 3, 4])];
  const input: Shape4D = [pick([1, 2]), 4 + Math.floor(next() * 7), 4 + Math.floor(next() * 7), pick([1, 2, 3, 4, 5, 8, 17])];
  const strides: [number, number] = [pick([1, 2, 3]), pick([1, 2, 3])];
  return { input, filterSize, strides, pad: pick(["same", "valid"] as const) };
});

describe("gradients of pools on 'wasm' equal those of 'cpu'", () => {
  it.each(CASES.map((given) => [JSON.stringify(given), given] as const))("%s", async (_, { input, ...attrs }) => {
    const { outShape } = tf.backend_util.computePool2DInfo(input, attrs.filterSize, attrs.strides, 1, attrs.pad);
    const values = (shape: number[]): [Float32Array, number[]] => [normal(next, tf.util.sizeFromShape(shape)), shape];
    // Few values, so that a window has several that are its largest.
    const [x, shape] = values(input);
    const tied: [Float32Array, number[]] = [x.map(Math.round), shape];
    const dy = values(outShape);
    await expectSameKernel("MaxPoolGrad", { dy, input: tied, output: values(outShape) }, attrs);
    if (attrs.pad === "valid") await expectSameKernel("AvgPoolGrad", { dy, input: tied }, attrs);
  });
});

/** Windows of up to 2×2, most of which have no pixel in common: whole, clipped, with pixels between them, and without any. */
const SMALL = Array.from({ length: 90 }, () => ({
  batch: pick([1, 1, 2]),
  sizes: [pick([1, 2, 3, 4, 5, 8]), pick([1, 2, 3, 4, 5, 8])],
  window: [pick([1, 2]), pick([1, 2])],
  strides: pick([1, 2, 2, 2, 3]),
  pad: pick(["same", "valid", 0, 1, 3] as const),
  channels: pick([1, 2, 3, 4, 5, 8, 17]),
}))
  // TensorFlow.js takes numbers as a padding with square windows alone.
  .filter(({ pad, window: [height, width] }) => typeof pad === "string" || height === width)
  .filter((given) => outSizes(given).every((size) => size > 0));

describe("the gradient of maximum pools on 'wasm' goes to the first of the largest numbers; NaN and −∞ are passed over", () => {
  it.each(SMALL.map((given) => [JSON.stringify(given), given] as const))("%s", async (_, given) => {
    const { batch, sizes, window: filterSize, strides, pad, channels } = given;
    const special = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const shape = [batch, ...sizes, channels];
    const outShape = [batch, ...outSizes(given), channels];
    const x = normal(next, product(shape)).map((value) => (next() < 0.3 ? pick(special) : Math.round(value) + 0));
    const dy = normal(next, product(outShape));
    const expected = new Float32Array(x.length);
    for (const { x: at, y } of maxPool(given, channels, x).terms) expected[at] = (expected[at] as number) + (dy[y] as number);
    const used = tf.fill(shape, Number.NaN);
    used.dispose();
    const inputs = { dy: [dy, outShape], input: [x, shape], output: [dy, outShape] } as Inputs;
    const dx = await runKernel("wasm", "MaxPoolGrad", inputs, { filterSize, strides, pad });
    expectCloseToLargest(dx.values, expected, 1e-6, "dx");
  });
});

/** As TensorFlow.js's kernels take them, and windows of one pixel, which they do not. */
const POOLS = [
  ...SMALL,
  ...CASES.map(({ input: [batch, height, width, channels], filterSize, ...attrs }) => {
    return { batch, sizes: [height, width], window: filterSize, channels, ...attrs };
  }),
  { batch: 1, sizes: [1, 40], window: [1, 7], strides: 1, pad: "same" as const, channels: 6 },
  { batch: 2, sizes: [9, 8], window: [9, 8], strides: 1, pad: "valid" as const, channels: 33 },
  { batch: 0, sizes: [4, 4], window: [2, 2], strides: 2, pad: "same" as const, channels: 4 },
];

describe("pools on 'wasm', where they are the library's, are those in float64", () => {
  it.each(POOLS.map((given) => [JSON.stringify(given), given] as const))("%s", async (_, given) => {
    await useBackend("wasm");
    const { batch, sizes, window: filterSize, strides, pad, channels } = given;
    const shape = [batch, ...sizes, channels];
    const outShape = [batch, ...outSizes(given), channels];
    const special = [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const x = normal(next, product(shape));
    const some = x.map((value) => (next() < 0.2 ? pick(special) : value));
    const largest = new Float32Array(product(outShape)).fill(Number.NEGATIVE_INFINITY);
    for (const { x: at, y } of maxPool(given, channels, some).terms) largest[y] = some[at] as number;
    const maxima = runOurs(MaxPool, { x: tf.tensor(some, shape) }, { filterSize, strides, pad });
    expect(maxima.shape).toEqual(outShape);
    expect(maxima.values).toEqual(largest);
    const { terms, w } = averagePool(given, channels);
    const means = contract(terms, "y", { x, w }, product(outShape));
    const averages = runOurs(AvgPool, { x: tf.tensor(x, shape) }, { filterSize, strides, pad });
    // The mean of a window in the padding is 0.
    const expected = means.map((value, i) => (Number.isFinite(w[i]) ? value : 0));
    expectClose(averages.values, expected, 1e-6);
  });
});

describe("pools on 'wasm'", () => {
  it("of windows of one pixel, which XNNPACK refuses, take every pixel that the strides meet", async () => {
    await useBackend("wasm");
    const x = tf.reshape<tf.Rank.R4>(tf.range(0, 18), [1, 3, 3, 2]);
    for (const pool of [tf.maxPool, tf.avgPool]) {
      expect(Array.from(pool(x, 1, 2, "same").dataSync())).toEqual([0, 1, 4, 5, 12, 13, 16, 17]);
    }
  });

  it("of int32 are int32, as on 'cpu'", async () => {
    await useBackend("wasm");
    const pooled = tf.maxPool(tf.tensor4d([1, -5, 7, 3], [1, 2, 2, 1], "int32"), [1, 2], 1, "valid");
    expect(pooled.dtype).toBe("int32");
    expect(Array.from(pooled.dataSync())).toEqual([1, 7]);
  });
});

// That of 'cpu' counts in the padding, which the pool itself leaves out.
describe("the gradient of average pools on 'wasm' is that of a mean over the pixels that are there", () => {
  it.each(CASES.map((given) => [JSON.stringify(given), given] as const))("%s", async (_, {
    input,
    strides: [strides],
    ...attrs
  }) => {
    const [batch, height, width, channels] = input;
    const windows = { batch, sizes: [height, width], window: attrs.filterSize, strides, pad: attrs.pad };
    const { outShape } = tf.backend_util.computePool2DInfo(input, attrs.filterSize, strides, 1, attrs.pad);
    const dy = normal(next, tf.util.sizeFromShape(outShape));
    const expected = new Float64Array(tf.util.sizeFromShape(input));
    const { terms, w } = averagePool(windows, channels);
    for (const { x, y } of terms) expected[x] = (expected[x] as number) + (w[y] as number) * (dy[y] as number);
    const x = new Float32Array(expected.length);
    const { values } = await runKernel("wasm", "AvgPoolGrad", { dy: [dy, outShape], input: [x, input] }, { ...attrs, strides });
    expectCloseToLargest(values, expected, 1e-6, "dx");
  });
});
