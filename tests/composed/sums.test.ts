import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { meanOver, productOver, sumOver, sumsOver } from "../../src/composed/sums.js";
import { useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { read, readAll } from "../helpers/tensors.js";

/** Around the longest run, with and without a divisor that may be a run's length: 1031, 40009 and 250007 are primes. */
const SIZES = [1, 2, 31, 1023, 1024, 1025, 1031, 2 * 1031, 4096, 40_009];
const LAYOUTS: [string, (size: number) => number[], number[]][] = [
  ["[n, 3]", (size) => [size, 3], [0]],
  ["[2, n]", (size) => [2, size], [1]],
  ["[3, 2, n]", (size) => [3, 2, size], [0, 2]],
  ["[n, 2, 5]", (size) => [size, 2, 5], [0, 2]],
];
const TABLE: [string, number[], number[]][] = [
  ...[250_007, 500_000].map((size): [string, number[], number[]] => [`[n], n = ${size}`, [size], [0]]),
  ...LAYOUTS.flatMap(([name, shapeOf, axes]) =>
    SIZES.map((size): [string, number[], number[]] => [`${name}, n = ${size}`, shapeOf(size), axes]),
  ),
];

/** Sums in float64 of what `values` has for a tensor's numbers. */
function sumsOf(values: Float32Array, shape: number[], axes: number[]): Float64Array {
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const sums = new Float64Array(tf.util.sizeFromShape(kept));
  values.forEach((value, i) => {
    const at = tf.util.indexToLoc(i, shape.length, tf.util.computeStrides(shape));
    const to = at.map((position, axis) => (kept[axis] === 1 ? 0 : position));
    const j = tf.util.locToIndex(to, kept.length, tf.util.computeStrides(kept));
    sums[j] = (sums[j] as number) + value;
  });
  return sums;
}

/** One after the other, 500,000 of them sum to a number that is wrong by 2e-3. */
const tenths = (shape: number[]) => new Float32Array(tf.util.sizeFromShape(shape)).fill(0.1);

async function kernelsOf(run: () => tf.Tensor): Promise<string[]> {
  const { kernels } = await tf.profile(run);
  return kernels.map(({ name }) => name).filter((name) => name !== "Reshape" && name !== "Identity");
}

describe("sums of many numbers on a backend that adds up in float32", () => {
  beforeAll(() => useBackend("device"));

  it("lose digits where they are left to the backend", () => {
    const numbers = tenths([500_000]);
    const actual = read(() => tf.sum(tf.tensor1d(numbers)));
    expect(Math.abs((actual[0] as number) / 50_000 - 1)).toBeGreaterThan(1e-3);
  });

  it.each(TABLE)("are within 3e-5, as are means: %s", (_, shape, axes) => {
    const numbers = tenths(shape);
    const sums = sumsOf(numbers, shape, axes);
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const [sum, mean, pair] = readAll(() => {
      const x = tf.tensor(numbers, shape);
      const summed = sumOver(x, axes);
      expect(summed.shape).toEqual(kept);
      return [summed, meanOver(x, axes), sumsOver([x, tf.mul(x, 2)], axes)];
    }) as [Float32Array, Float32Array, Float32Array];
    expectCloseToLargest(sum, sums, 3e-5, "sum");
    expectCloseToLargest(mean, new Float64Array(sums.length).fill(numbers[0] as number), 3e-5, "mean");
    expectCloseToLargest(pair, [...sums, ...sums.map((value) => 2 * value)], 3e-5, "sums");
  });

  it.each(SIZES)("are those of a product of matrices within 3e-5, n = %i", (size) => {
    const numbers = tenths([size, 2]);
    const sums = sumsOf(
      numbers.map((value) => value * 0.5),
      [size, 2],
      [0],
    );
    const product = read(() => productOver(tf.tensor2d(numbers, [size, 2]), tf.fill([size, 3], 0.5)));
    expectCloseToLargest(
      product,
      [0, 0, 0, 1, 1, 1].map((row) => sums[row] as number),
      1e-5,
      "product",
    );
  });

  it.each([5, 1024, 1031, 4096])("have gradients, n = %i", (size) => {
    const next = generator(1);
    const [a, b] = [tf.tensor(normal(next, 2 * size), [size, 2]), tf.tensor(normal(next, 3 * size), [size, 3])];
    const dy = tf.tensor2d(normal(next, 6), [2, 3]);
    const row = tf.slice(dy, [0, 0], [1, 2]);
    const [sum, mean, left, right] = readAll(() => [
      tf.grad((x: tf.Tensor) => sumOver(x, [0]))(a, row),
      tf.grad((x: tf.Tensor) => meanOver(x, [0]))(a, row),
      ...tf.grads(productOver)([a, b], dy),
    ]) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const same = read(() => tf.mul(tf.onesLike(a), row));
    expectCloseToLargest(sum, same, 1e-6, "sum");
    expectCloseToLargest(
      mean,
      same.map((value) => value / size),
      1e-6,
      "mean",
    );
    expectCloseToLargest(
      left,
      read(() => tf.matMul(b as tf.Tensor2D, dy, false, true)),
      1e-6,
      "left",
    );
    expectCloseToLargest(
      right,
      read(() => tf.matMul(a as tf.Tensor2D, dy)),
      1e-6,
      "right",
    );
  });

  it("are one operation where numbers are few, and one more for a thousand times as many", async () => {
    const few = tf.zeros([32, 3, 32]);
    const many = tf.zeros([32, 3, 28 * 28]);
    expect(await kernelsOf(() => sumOver(few, [0, 2]))).toEqual(["Sum"]);
    expect(await kernelsOf(() => sumOver(many, [0, 2]))).toEqual(["Sum", "Sum"]);
    expect(await kernelsOf(() => meanOver(many, [0, 2]))).toEqual(["Mean", "Mean"]);
    expect(await kernelsOf(() => sumsOver([few, few], [0, 2]))).toEqual(["Sum", "Sum", "Pack"]);
    expect(await kernelsOf(() => sumsOver([many, many], [0, 2]))).toEqual(["Sum", "Sum", "Pack", "Sum"]);
    expect(await kernelsOf(() => productOver(tf.zeros([100, 2]), tf.zeros([100, 3])))).toEqual(["BatchMatMul"]);
  });
});
