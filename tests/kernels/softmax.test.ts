import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { Softmax } from "../../src/kernels/softmax.js";
import { useBackend } from "../helpers/backends.js";
import { runOurs } from "../helpers/kernels.js";

const softmaxOf = (values: ArrayLike<number>, shape: number[]) =>
  runOurs(Softmax, { logits: tf.tensor(Float32Array.from(values), shape) }, { dim: shape.length - 1 });

/**
 * The largest error of a row's values, relative to float64's, in units of 2^-24 (1 + |x − m|): the difference from the largest number
 * m is rounded, too.
 */
function worstOf(x: Float32Array, values: Float32Array): number {
  const largest = x.reduce((most, number) => Math.max(most, number), -Infinity);
  const sum = x.reduce((all, number) => all + Math.exp(number - largest), 0);
  return x.reduce((worst, number, i) => {
    const error = Math.abs((values[i] as number) / (Math.exp(number - largest) / sum) - 1);
    return Math.max(worst, (error * 2 ** 24) / (1 + largest - number));
  }, 0);
}

describe("softmax on 'wasm', by the library's kernel", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it.each([
    1, 2, 3, 4, 5, 7, 8, 10, 12, 31, 64, 1001, 70_000,
  ])("of rows of %d numbers is float64's, but for roundings", (channels) => {
    const rows = channels > 1001 ? 2 : 9;
    const x = normal(generator(channels), rows * channels, 5);
    const { values, shape } = softmaxOf(x, [rows, channels]);
    expect(shape).toEqual([rows, channels]);
    for (let row = 0; row < rows; row++) {
      const range = [row * channels, (row + 1) * channels] as const;
      expect(worstOf(x.subarray(...range), values.subarray(...range))).toBeLessThan(4);
    }
  });

  it("does not overflow, and is 0 of −∞ and where it would be less than 2^-126", () => {
    const far = [3e38, 3e38, -3e38, -Infinity, 2.9e38];
    expect(softmaxOf(far, [5]).values).toEqual(Float32Array.of(0.5, 0.5, 0, 0, 0));
    expect(softmaxOf([0, -87.4, -100], [3]).values).toEqual(Float32Array.of(1, 0, 0));
    expect(softmaxOf([0, -87.3], [2]).values[1]).toBeGreaterThan(2 ** -126);
  });

  it("is NaN in rows with NaN or ∞ and in rows of nothing but −∞, and in no other", () => {
    for (const channels of [1, 3, 4, 6, 9]) {
      for (let at = 0; at < channels; at++) {
        for (const special of [Number.NaN, Infinity]) {
          const rows = new Float32Array(3 * channels).fill(1);
          rows[channels + at] = special;
          const expected = rows.map((_, i) => (Math.floor(i / channels) === 1 ? Number.NaN : 1 / channels));
          expect(softmaxOf(rows, [3, channels]).values).toEqual(expected);
        }
      }
      const none = new Float32Array(channels).fill(-Infinity);
      expect(softmaxOf(none, [channels]).values).toEqual(none.fill(Number.NaN));
    }
  });

  it("of a NaN with any bits is NaN", () => {
    for (let shift = 0; shift < 22; shift++) {
      const bits = Int32Array.of(0x7fc00000 + 2 ** shift, -0x400000 + 2 ** shift, 0, 0x3f800000);
      expect(softmaxOf(new Float32Array(bits.buffer), [4]).values).toEqual(new Float32Array(4).fill(Number.NaN));
    }
  });

  it("has empty tensors, and a number without axes", () => {
    for (const shape of [[0], [3, 0], [0, 3]]) expect(softmaxOf([], shape)).toMatchObject({ shape, values: Float32Array.of() });
    expect(softmaxOf([7], [])).toMatchObject({ shape: [], values: Float32Array.of(1) });
  });

  it("is tf.softmax of many short rows, and of few or long ones TensorFlow.js's, which is faster", () => {
    const shapes = [
      [300, 4],
      [100, 4],
      [300, 40],
    ];
    const all = shapes.map((shape) => tf.tensor(normal(generator(5), 12_000).subarray(0, tf.util.sizeFromShape(shape)), shape));
    const compute = () => all.map((x) => tf.softmax(x).dataSync());
    const ours = compute();
    setKernelReplacement(false);
    const theirs = compute();
    expect(ours.map((values, i) => values.every((value, j) => value === theirs[i]?.[j]))).toEqual([false, true, true]);
    ours[0]?.forEach((value, i) => {
      expect(Math.abs(value - (theirs[0]?.[i] as number))).toBeLessThanOrEqual(1e-6);
    });
  });

  it("of integers is that of the same numbers, and that along another axis is refused", () => {
    const run = (dim: number) => tf.engine().runKernel("Softmax", { logits: tf.tensor([1, 2, 3, 1], [2, 2], "int32") }, { dim });
    expect((run(1) as tf.Tensor).dataSync()).toEqual(tf.softmax(tf.tensor2d([1, 2, 3, 1], [2, 2])).dataSync());
    expect(() => Softmax.check({ logits: tf.zeros([2, 2]) }, { dim: 0 })).toThrow(
      "softmax: argument 'dim' must be the last axis, 1, got 0",
    );
  });
});
