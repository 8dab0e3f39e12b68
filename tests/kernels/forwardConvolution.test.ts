import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import "../../src/index.js";
import { generator, normal } from "../../learning/random.js";
import { contract, convolution, depthwiseConvolution, outSizes, product, type Windows } from "../../src/reference/products.js";
import { useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { read } from "../helpers/tensors.js";

// TensorFlow.js's kernels give zeros for these.
type Case = Pick<Windows, "sizes" | "window"> & { strides: [number, number] };

const next = generator(6);
const pick = <T>(choices: readonly T[]): T => choices[Math.floor(next() * choices.length)] as T;
const KNOWN: Case[] = [
  { sizes: [8, 8], window: [1, 3], strides: [2, 2] },
  { sizes: [9, 9], window: [2, 2], strides: [3, 3] },
  { sizes: [16, 16], window: [3, 3], strides: [4, 4] },
  { sizes: [32, 32], window: [4, 4], strides: [8, 8] },
  { sizes: [20, 20], window: [3, 3], strides: [5, 5] },
  { sizes: [4, 9], window: [1, 1], strides: [3, 2] },
];
const RANDOM = Array.from({ length: 30 }, (): Case => {
  const [height, width] = [1 + Math.floor(next() * 12), 1 + Math.floor(next() * 12)];
  const stride = pick([2, 3, 4, 5]);
  return { sizes: [height, width], window: [pick([1, 2, 3, 5]), pick([1, 2, 3, 5])], strides: [stride, stride] };
});
const CASES = [...KNOWN, ...RANDOM].map((given) => [JSON.stringify(given), given] as const);

const [BATCH, IN, OUT] = [2, 3, 4];

/** A convolution with padding "same": its tensors and, in float64, its result. */
function problem(given: Case, depthwise: boolean) {
  const windows: Windows = { ...given, batch: BATCH, pad: "same" };
  const shapes = { x: [BATCH, ...given.sizes, IN], w: [...given.window, IN, depthwise ? 2 : OUT] };
  const [x, w] = [normal(next, product(shapes.x)), normal(next, product(shapes.w))];
  const channels = depthwise ? IN * 2 : OUT;
  const terms = depthwise ? depthwiseConvolution(windows, IN, 2) : convolution(windows, IN, OUT);
  const y = contract(terms, "y", { x, w }, BATCH * product(outSizes(windows)) * channels);
  const bias = normal(next, channels);
  return {
    x: tf.tensor4d(x, shapes.x as [number, number, number, number]),
    filter: tf.tensor4d(w, shapes.w as [number, number, number, number]),
    bias: tf.tensor1d(bias),
    y,
    activated: y.map((value, i) => Math.max(0, value + (bias[i % channels] as number))),
  };
}

describe("convolutions on 'wasm' with padding 'same' equal the reference", () => {
  beforeEach(() => useBackend("wasm"));

  it.each(CASES)("conv2d %s", (_, given) => {
    const { x, filter, bias, y, activated } = problem(given, false);
    const { strides } = given;
    const fused = () => tf.fused.conv2d({ x, filter, strides, pad: "same", bias, activation: "relu" });
    expectCloseToLargest(
      read(() => tf.conv2d(x, filter, strides, "same")),
      y,
      1e-6,
      "y",
    );
    expectCloseToLargest(read(fused), activated, 1e-6, "y");
  });

  it.each(CASES)("depthwiseConv2d %s", (_, given) => {
    const { x, filter, bias, y, activated } = problem(given, true);
    const { strides } = given;
    const fused = () => tf.fused.depthwiseConv2d({ x, filter, strides, pad: "same", bias, activation: "relu" });
    expectCloseToLargest(
      read(() => tf.depthwiseConv2d(x, filter, strides, "same")),
      y,
      1e-6,
      "y",
    );
    expectCloseToLargest(read(fused), activated, 1e-6, "y");
  });

  it("conv1d and separableConv2d", () => {
    const sums = tf.conv1d(tf.ones<tf.Rank.R3>([1, 8, 1]), tf.ones<tf.Rank.R3>([1, 1, 1]), 3, "same");
    expect(Array.from(sums.dataSync())).toEqual([1, 1, 1]);
    const pairs = tf.conv1d(tf.ones<tf.Rank.R3>([1, 9, 1]), tf.ones<tf.Rank.R3>([2, 1, 1]), 3, "same");
    expect(Array.from(pairs.dataSync())).toEqual([2, 2, 2]);
    const separable = tf.separableConv2d(
      tf.ones<tf.Rank.R4>([1, 9, 9, 1]),
      tf.ones<tf.Rank.R4>([2, 2, 1, 1]),
      tf.ones<tf.Rank.R4>([1, 1, 1, 1]),
      3,
      "same",
    );
    expect(Array.from(separable.dataSync())).toEqual(new Array(9).fill(4));
  });

  it("and the gradient of conv2dTranspose with respect to its input, which is one", () => {
    const filter = tf.ones<tf.Rank.R4>([1, 3, 1, 1]);
    const f = (x: tf.Tensor) => tf.conv2dTranspose(x as tf.Tensor4D, filter, [1, 8, 8, 1], 2, "same");
    expect(
      Array.from(
        tf
          .grad(f)(tf.ones<tf.Rank.R4>([1, 4, 4, 1]))
          .dataSync(),
      ),
    ).toEqual([3, 3, 3, 2, 3, 3, 3, 2, 3, 3, 3, 2, 3, 3, 3, 2]);
  });

  it("none at all, and no tensor is left behind", () => {
    expect(tf.conv2d(tf.ones<tf.Rank.R4>([0, 8, 8, 1]), tf.ones<tf.Rank.R4>([1, 3, 1, 1]), 2, "same").shape).toEqual([
      0, 4, 4, 1,
    ]);
    const { numTensors } = tf.memory();
    tf.dispose(tf.tidy(() => tf.conv2d(tf.ones<tf.Rank.R4>([1, 9, 9, 1]), tf.ones<tf.Rank.R4>([2, 2, 1, 1]), 3, "same")));
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it("take null for dilations, as tf.layers.depthwiseConv2d gives it", () => {
    const dilations = null as unknown as number;
    const f = (x: tf.Tensor) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, tf.ones<tf.Rank.R4>([2, 2, 1, 1]), 3, "same", "NHWC", dilations);
    expect(
      Array.from(
        tf
          .grad(f)(tf.ones([1, 3, 3, 1]))
          .dataSync(),
      ),
    ).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0]);
  });

  it("NCHW keeps TensorFlow.js's error", () => {
    const call = () => tf.conv2d(tf.ones<tf.Rank.R4>([1, 1, 8, 8]), tf.ones<tf.Rank.R4>([1, 3, 1, 1]), 2, "same", "NCHW");
    expect(call).toThrow("wasm backend Conv2D does not support dataFormat:'channelsFirst'");
  });
});
