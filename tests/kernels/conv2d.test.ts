import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { Conv2D } from "../../src/kernels/conv2d.js";
import type { Shape4D } from "../../src/kernels/convolution.js";
import { useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { explicit, type Pad } from "../helpers/convolutions.js";
import { heldBy } from "../helpers/heap.js";
import { read } from "../helpers/tensors.js";

interface Case {
  x: Shape4D;
  taps: [number, number];
  outChannels: number;
  strides?: number | [number, number];
  pad: Pad;
}

const ANY: Case[] = [
  { x: [2, 17, 20, 3], taps: [3, 3], outChannels: 64, pad: "same" },
  { x: [1, 41, 131, 3], taps: [5, 5], outChannels: 16, strides: 2, pad: "valid" },
  { x: [1, 20, 67, 2], taps: [3, 3], outChannels: 48, pad: "same" },
  { x: [3, 14, 32, 16], taps: [3, 3], outChannels: 32, strides: 2, pad: "same" },
  { x: [1, 21, 24, 8], taps: [2, 5], outChannels: 40, pad: "valid" },
  { x: [1, 20, 24, 4], taps: [5, 5], outChannels: 24, pad: 2 },
  { x: [1, 30, 35, 6], taps: [3, 3], outChannels: 24, pad: explicit(2, 0, 1, 2) },
  { x: [4, 20, 50, 5], taps: [4, 4], outChannels: 40, strides: 3, pad: "valid" },
  { x: [2, 33, 64, 7], taps: [2, 3], outChannels: 64, strides: [2, 4], pad: "same" },
  { x: [8, 1, 60, 8], taps: [1, 9], outChannels: 40, pad: "same" },
  { x: [1, 7, 64, 40], taps: [7, 1], outChannels: 16, pad: "same" },
];
const ONE_CHANNEL: Case[] = [
  { x: [2, 16, 20, 1], taps: [3, 3], outChannels: 24, pad: "same" },
  { x: [4, 20, 24, 1], taps: [5, 5], outChannels: 7, pad: "valid" },
  { x: [3, 18, 19, 1], taps: [3, 3], outChannels: 32, pad: "valid" },
  { x: [2, 31, 71, 1], taps: [3, 2], outChannels: 11, pad: 1 },
];
const FEW_OUTPUTS: Case[] = [
  { x: [2, 13, 13, 16], taps: [3, 3], outChannels: 1, pad: "same" },
  { x: [1, 12, 11, 9], taps: [5, 5], outChannels: 3, pad: "same" },
  { x: [2, 10, 9, 17], taps: [3, 3], outChannels: 4, pad: "same" },
  { x: [2, 31, 30, 16], taps: [3, 3], outChannels: 1, strides: 2, pad: "same" },
  { x: [1, 40, 41, 3], taps: [3, 3], outChannels: 1, pad: "valid" },
  { x: [2, 12, 15, 24], taps: [2, 3], outChannels: 2, pad: explicit(1, 0, 2, 1) },
];
const PRODUCTS: Case[] = [
  { x: [2, 11, 13, 64], taps: [1, 1], outChannels: 64, pad: "same" },
  { x: [1, 16, 12, 70], taps: [1, 1], outChannels: 80, pad: "valid" },
  { x: [3, 15, 16, 50], taps: [1, 1], outChannels: 1, pad: "same" },
];
const CASES = [...ANY, ...ONE_CHANNEL, ...FEW_OUTPUTS, ...PRODUCTS];
const TITLED = CASES.map((given) => [JSON.stringify(given), given] as const);
const SOME = [ANY[1], ANY[6], ONE_CHANNEL[1], FEW_OUTPUTS[0], FEW_OUTPUTS[2], PRODUCTS[0], PRODUCTS[2]] as Case[];

function problem({ x: xShape, taps, outChannels, strides = 1, pad }: Case) {
  const filterShape: Shape4D = [...taps, xShape[3], outChannels];
  const dimRoundingMode = typeof pad === "string" ? undefined : ("floor" as const);
  const view = tf.backend_util.computeConv2DInfo(xShape, filterShape, strides, 1, pad, dimRoundingMode);
  const next = generator(5);
  const size = tf.util.sizeFromShape;
  return {
    view,
    xShape,
    filterShape,
    attrs: { strides, pad, dataFormat: "NHWC" as const, dilations: 1, ...(dimRoundingMode && { dimRoundingMode }) },
    x: normal(next, size(xShape)),
    filter: normal(next, size(filterShape), 0.2),
    bias: normal(next, outChannels),
    slopes: normal(next, outChannels),
  };
}
type Problem = ReturnType<typeof problem>;

/** The convolution in float64. */
function exact({ view, x, filter }: Problem): Float64Array {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth } = view;
  const y = new Float64Array(batchSize * outHeight * outWidth * outChannels);
  for (let pixel = 0; pixel < batchSize * outHeight * outWidth; pixel++) {
    const image = Math.floor(pixel / (outHeight * outWidth));
    const top = (Math.floor(pixel / outWidth) % outHeight) * view.strideHeight - view.padInfo.top;
    const left = (pixel % outWidth) * view.strideWidth - view.padInfo.left;
    for (let tap = 0; tap < filterHeight * filterWidth; tap++) {
      const [i, j] = [top + Math.floor(tap / filterWidth), left + (tap % filterWidth)];
      if (i < 0 || i >= inHeight || j < 0 || j >= inWidth) continue;
      for (let c = 0; c < inChannels; c++) {
        const number = x[((image * inHeight + i) * inWidth + j) * inChannels + c] as number;
        for (let o = 0; o < outChannels; o++) {
          const at = pixel * outChannels + o;
          y[at] = (y[at] as number) + number * (filter[(tap * inChannels + c) * outChannels + o] as number);
        }
      }
    }
  }
  return y;
}

const conv2d = (given: Problem) =>
  read(() => {
    const [x, filter] = [tf.tensor4d(given.x, given.xShape), tf.tensor4d(given.filter, given.filterShape)];
    const { strides, pad, dimRoundingMode } = given.attrs;
    return tf.conv2d(x, filter, strides, pad as "same", "NHWC", 1, dimRoundingMode);
  }) as Float32Array;

const fused = (given: Problem, activation: tf.fused.Activation, hasBias: boolean, leakyreluAlpha = 0.25) =>
  read(() =>
    tf.fused.conv2d({
      x: tf.tensor4d(given.x, given.xShape),
      filter: tf.tensor4d(given.filter, given.filterShape),
      strides: given.attrs.strides,
      pad: given.attrs.pad as "same",
      ...(given.attrs.dimRoundingMode && { dimRoundingMode: given.attrs.dimRoundingMode }),
      ...(hasBias && { bias: tf.tensor1d(given.bias) }),
      activation,
      ...(activation === "prelu" && { preluActivationWeights: tf.tensor1d(given.slopes) }),
      ...(activation === "leakyrelu" && { leakyreluAlpha }),
    }),
  ) as Float32Array;

const kinds = (all: ArrayLike<number>) => Array.from(all, (number) => (Number.isFinite(number) ? 0 : number));

/** Whether TensorFlow.js's kernel is left the call, where the library has threads, or has not. */
function isTheirs({ xShape, filterShape, attrs }: Problem, more: object = {}, inThreads = false): boolean {
  const tensor = (shape: Shape4D) => ({ dataId: {}, shape, dtype: "float32" as const });
  const inputs = { x: tensor(xShape), filter: tensor(filterShape) };
  return Conv2D.theirsIsFaster?.(inputs, { ...attrs, ...more }, inThreads) ?? false;
}

beforeEach(() => useBackend("wasm"));
afterEach(() => setKernelReplacement(true));

describe("convolutions by the taps, or as products of matrices, on 'wasm'", () => {
  it.each(TITLED)("are those in float64 within 1e-6 of the largest: %s", (_, given) => {
    const numbers = problem(given);
    expect(isTheirs(numbers)).toBe(false);
    expectCloseToLargest(conv2d(numbers), exact(numbers), 1e-6, "y");
  });

  it.each([
    ["linear", (x: number) => x],
    ["relu", (x: number) => Math.max(x, 0)],
    ["relu6", (x: number) => Math.min(Math.max(x, 0), 6)],
    ["prelu", (x: number, slope: number) => (x < 0 ? slope * x : x)],
    ["leakyrelu", (x: number) => (x < 0 ? 0.25 * x : x)],
    ["elu", (x: number) => (x < 0 ? Math.expm1(x) : x)],
    ["sigmoid", (x: number) => 1 / (1 + Math.exp(-x))],
  ] as const)("with %s, with a bias and without, are those in float64 within 1e-6 of the largest", (activation, f) => {
    for (const given of SOME) {
      const numbers = problem(given);
      const { outChannels } = given;
      const sums = exact(numbers);
      for (const hasBias of [false, true]) {
        const expected = sums.map((sum, i) => {
          const channel = i % outChannels;
          return f(sum + (hasBias ? (numbers.bias[channel] as number) : 0), numbers.slopes[channel] as number);
        });
        expectCloseToLargest(fused(numbers, activation, hasBias), expected, 1e-6, JSON.stringify(given));
      }
    }
  });

  it.each([
    ["x", Number.POSITIVE_INFINITY],
    ["x", Number.NaN],
    ["filter", Number.NEGATIVE_INFINITY],
    ["filter", Number.NaN],
  ] as const)("have infinities and NaN where TensorFlow.js has them, and relu keeps NaN, with %s of %s", (operand, value) => {
    for (const given of SOME) {
      const numbers = problem(given);
      const values = numbers[operand];
      for (const at of [0, Math.floor(values.length / 2), values.length - 1]) values.set([value], at);
      const both = () => [conv2d(numbers), fused(numbers, "prelu", true)].map(kinds);
      setKernelReplacement(true);
      const ours = both();
      // TensorFlow.js gives 0 for the NaN of ∞ − ∞.
      const relu = kinds((ours[0] as number[]).map((kind) => Math.max(kind, 0)));
      expect(kinds(fused(numbers, "relu", true))).toEqual(relu);
      setKernelReplacement(false);
      expect(ours).toEqual(both());
    }
  });

  it("are TensorFlow.js's where these are as fast: few numbers, narrow images, few rows, dilations, wide borders", () => {
    const left: Case[] = [
      { x: [1, 8, 8, 3], taps: [3, 3], outChannels: 16, pad: "same" },
      { x: [1, 10, 10, 1], taps: [3, 3], outChannels: 8, pad: "valid" },
      { x: [1, 6, 6, 8], taps: [3, 3], outChannels: 1, pad: "same" },
      { x: [8, 7, 7, 64], taps: [7, 7], outChannels: 4, pad: "valid" },
      { x: [32, 14, 14, 32], taps: [5, 5], outChannels: 64, pad: "same" },
      { x: [1, 7, 7, 1024], taps: [1, 1], outChannels: 1024, pad: "same" },
      { x: [8, 14, 14, 3], taps: [1, 1], outChannels: 32, pad: "same" },
      { x: [8, 32, 32, 64], taps: [1, 1], outChannels: 64, strides: 2, pad: "same" },
      { x: [8, 32, 32, 3], taps: [3, 3], outChannels: 32, pad: 4 },
      { x: [0, 32, 32, 3], taps: [3, 3], outChannels: 32, pad: "same" },
    ];
    expect(left.filter((given) => !isTheirs(problem(given)))).toEqual([]);
    const numbers = problem(ANY[0] as Case);
    expect(isTheirs(numbers, { dilations: 2 })).toBe(true);
    expect(isTheirs(numbers, { dataFormat: "NCHW" })).toBe(true);
  });

  it("are the library's in threads from two million multiplications on, but not narrow, dilated, or with wide borders", () => {
    const isTheirsInThreads = (given: Case, more?: object) => isTheirs(problem(given), more, true);
    const large: Case[] = [
      { x: [8, 14, 14, 32], taps: [5, 5], outChannels: 60, pad: "same" },
      { x: [1, 28, 28, 64], taps: [1, 1], outChannels: 50, pad: "same" },
      { x: [8, 32, 32, 64], taps: [1, 1], outChannels: 64, strides: 2, pad: "same" },
    ];
    const small: Case[] = [
      { x: [4, 14, 14, 20], taps: [3, 3], outChannels: 30, strides: 2, pad: "same" },
      { x: [64, 5, 2, 40], taps: [5, 2], outChannels: 60, pad: "same" },
      { x: [8, 32, 32, 3], taps: [3, 3], outChannels: 32, pad: 4 },
    ];
    expect(large.filter((given) => isTheirsInThreads(given))).toEqual([]);
    expect(small.filter((given) => !isTheirsInThreads(given))).toEqual([]);
    const [given] = large as [Case];
    expect(isTheirsInThreads(given, { dilations: 2 })).toBe(true);
    expect(isTheirsInThreads(given, { dataFormat: "NCHW" })).toBe(true);
    expect(isTheirsInThreads(ANY[0] as Case)).toBe(false);
  });

  it("leave no memory behind", () => {
    for (const given of SOME) {
      const numbers = problem(given);
      expect(heldBy(() => [conv2d(numbers), fused(numbers, "sigmoid", true)])).toBe(0);
    }
  });

  it("have gradients of first and second order, those of TensorFlow.js's kernels within 1e-5 of the largest", () => {
    const numbers = problem(ANY[0] as Case);
    const filter = tf.tensor4d(numbers.filter, numbers.filterShape);
    const x = tf.tensor4d(numbers.x, numbers.xShape);
    const f = (x: tf.Tensor, filter: tf.Tensor) =>
      tf.mean(tf.pow(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same"), 3));
    const second = (x: tf.Tensor, filter: tf.Tensor) => tf.sum(tf.square(tf.grads(f)([x, filter])[0] as tf.Tensor));
    const gradients = () => [f, second].flatMap((g) => tf.grads(g)([x, filter])).map((gradient) => gradient.dataSync());
    const ours = gradients();
    setKernelReplacement(false);
    gradients().forEach((expected, i) => {
      expectCloseToLargest(ours[i] as Float32Array, expected, 1e-5, `gradient ${i}`);
    });
  });
});
