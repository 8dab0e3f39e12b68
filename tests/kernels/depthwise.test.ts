import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { FusedDepthwiseConv2D } from "../../src/kernels/depthwiseConv2d.js";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import { contract, depthwiseConvolution, outSizes, product, type Windows } from "../../src/reference/products.js";
import { useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { runKernel, runOurs } from "../helpers/kernels.js";

type Given = Windows & { strides: [number, number]; dilations: [number, number]; channels: number; multiplier: number };

const next = generator(23);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T;
const pair = (choices: readonly number[]): [number, number] => [pick(choices), pick(choices)];

/** Filters 1 to 7, strides and dilations 1 to 3, also both of an axis, which tf.depthwiseConv2d refuses and kernels take. */
const RANDOM = Array.from({ length: 60 }, (): Given => {
  const pad = pick(["same", "valid", 1] as const);
  // TensorFlow.js takes a number as a padding with squares alone.
  const sides = (choices: readonly number[]): [number, number] => {
    const [a, b] = pair(choices);
    return [a, typeof pad === "number" ? a : b];
  };
  return {
    batch: pick([1, 2]),
    sizes: pair([7, 9, 12, 16, 21]),
    window: sides([1, 2, 3, 3, 5, 7]),
    strides: sides([1, 1, 2, 3]),
    pad,
    dilations: sides([1, 1, 1, 2, 3]),
    channels: pick([1, 2, 3, 4, 5, 8, 11, 16]),
    multiplier: pick([1, 1, 1, 2, 3, 4]),
  };
}).filter((given) => outSizes(given).every((size) => size > 0));

const plain = { strides: [1, 1], pad: "same", dilations: [1, 1] } as const;
const one = { ...plain, batch: 1, window: [3, 3], multiplier: 1 };
const CASES = [
  ...RANDOM,
  { ...one, sizes: [5, 70], channels: 36 },
  { ...one, sizes: [7, 7], channels: 512 },
  { ...one, sizes: [6, 6], strides: [2, 2], channels: 1024 },
  { ...one, sizes: [9, 9], window: [7, 7], channels: 19 },
  { ...one, sizes: [1, 1], channels: 1 },
  { ...one, batch: 0, sizes: [5, 5], channels: 4 },
  { ...one, sizes: [5, 5], channels: 4, multiplier: 0 },
  { ...one, sizes: [1, 300], window: [1, 9], channels: 13 },
  // Images that are copied in several parts.
  { ...one, batch: 2, sizes: [53, 47], channels: 45 },
  { ...one, sizes: [61, 83], window: [5, 3], strides: [2, 2], channels: 19, multiplier: 2 },
  { ...one, sizes: [97, 95], strides: [3, 1], dilations: [4, 1], pad: "valid", channels: 12 },
].map((given) => [JSON.stringify(given), given as unknown as Given] as const);

describe("depthwise convolutions and their gradients on 'wasm' are those in float64 within 1e-5 of the largest", () => {
  it.each(CASES)("%s", async (_, given) => {
    const { batch, sizes, window, channels, multiplier, strides, pad, dilations } = given;
    const shapes = {
      x: [batch, ...sizes, channels],
      w: [...window, channels, multiplier],
      y: [batch, ...outSizes(given), channels * multiplier],
    };
    const values = (shape: number[]): [Float32Array, number[]] => [normal(next, product(shape)), shape];
    const [x, filter, dy] = [values(shapes.x), values(shapes.w), values(shapes.y)];
    const terms = depthwiseConvolution(given, channels, multiplier);
    const run = async (kernel: string, inputs: Parameters<typeof runKernel>[2], more: object) =>
      (await runKernel("wasm", kernel, inputs, { strides, pad, dilations, ...more })).values;

    const y = await run("DepthwiseConv2dNative", { x, filter }, {});
    expectCloseToLargest(y, contract(terms, "y", { x: x[0], w: filter[0] }, product(shapes.y)), 1e-5, "y");
    const dw = await run("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { filterShape: shapes.w });
    expectCloseToLargest(dw, contract(terms, "w", { x: x[0], y: dy[0] }, product(shapes.w)), 1e-5, "dw");
    const dx = await run("DepthwiseConv2dNativeBackpropInput", { dy, filter }, { inputShape: shapes.x });
    expect(dx.length).toBe(product(shapes.x));
    expectCloseToLargest(dx, contract(terms, "x", { y: dy[0], w: filter[0] }, product(shapes.x)), 1e-5, "dx");
  });
});

describe("fused depthwise convolutions, where they are the library's, add the bias and apply the activation", () => {
  const relu6 = (value: number) => Math.min(Math.max(value, 0), 6);
  const prelu = (value: number, slope: number) => (value < 0 ? slope * value : value);
  it.each([
    ["linear", 7, 1, (value: number) => value],
    ["relu", 8, 2, (value: number) => Math.max(value, 0)],
    ["relu6", 1, 1, relu6],
    ["prelu", 5, 3, prelu],
    ["leakyrelu", 6, 1, (value: number) => prelu(value, 0.25)],
  ] as const)("%s, %i channels, %i filters each", async (activation, channels, multiplier, f) => {
    await useBackend("wasm");
    const given: Windows = { batch: 2, sizes: [9, 11], window: [3, 3], strides: [1, 2], pad: "same" };
    const [xShape, wShape] = [
      [2, 9, 11, channels],
      [3, 3, channels, multiplier],
    ];
    const outChannels = channels * multiplier;
    const [x, w] = [normal(next, product(xShape)), normal(next, product(wShape))];
    const [bias, slopes] = [normal(next, outChannels), normal(next, outChannels)];
    const size = 2 * product(outSizes(given)) * outChannels;
    const expected = contract(depthwiseConvolution(given, channels, multiplier), "y", { x, w }, size).map((value, i) => {
      return f(value + (bias[i % outChannels] as number), slopes[i % outChannels] as number);
    });
    const inputs = {
      x: tf.tensor(x, xShape),
      filter: tf.tensor(w, wShape),
      bias: tf.tensor(bias),
      ...(activation === "prelu" && { preluActivationWeights: tf.tensor(slopes) }),
    };
    const attrs = { strides: [1, 2], pad: "same", activation, leakyreluAlpha: 0.25 };
    expectCloseToLargest(runOurs(FusedDepthwiseConv2D, inputs, attrs).values, expected, 1e-6, "y");
  });
});
