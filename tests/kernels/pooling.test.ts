import * as tf from "@tensorflow/tfjs-core";
import { describe, it } from "vitest";
import type { Shape4D } from "../../src/kernels/convolution.js";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import { averagePool, maxPool, outSizes, product } from "../../src/reference/products.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { expectSameKernel, type Inputs, runKernel } from "../helpers/kernels.js";

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
