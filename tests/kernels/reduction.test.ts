import type { TensorInfo } from "@tensorflow/tfjs-core";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { Max, Mean, Min, Prod, Sum } from "../../src/kernels/reduction.js";
import { runInPlace } from "../../src/launch/inPlace.js";
import { memoryOf, type WasmBackend } from "../../src/tensorflow/wasmHeap.js";
import { useBackend } from "../helpers/backends.js";
import { heldBy } from "../helpers/heap.js";

type Operation = "sum" | "mean" | "prod" | "max" | "min";
const OPERATIONS: Operation[] = ["sum", "mean", "prod", "max", "min"];
type Axes = number | number[] | null;

const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);

/** Whatever is reduced to each result, in order. */
function partsOf(values: Float32Array, shape: number[], axes: Axes): number[][] {
  const reduced = (axes === null ? shape.map((_, i) => i) : [axes].flat()).map((axis) => (axis + shape.length) % shape.length);
  const isKept = (i: number) => !reduced.includes(i);
  const parts: number[][] = Array.from({ length: sizeOf(shape.filter((_, i) => isKept(i))) }, () => []);
  values.forEach((value, at) => {
    let [rest, step, part] = [at, 1, 0];
    for (let i = shape.length - 1; i >= 0; i--) {
      const size = shape[i] as number;
      if (isKept(i)) {
        part += (rest % size) * step;
        step *= size;
      }
      rest = Math.floor(rest / size);
    }
    parts[part]?.push(value);
  });
  return parts;
}

/** In float64, and by how much a float32 result may be off. */
function reference(operation: Operation, part: number[]): { exact: number; bound: number } {
  const rounded = (exact: number) => 2 ** -24 * Math.abs(exact) + 2 ** -150;
  const share = operation === "mean" ? 1 / part.length : 1;
  if (operation === "sum" || operation === "mean") {
    const exact = part.reduce((a, b) => a + b, 0) * share;
    const absolute = part.reduce((a, b) => a + Math.abs(b), 0) * share;
    return { exact, bound: rounded(exact) + (part.length + 2) * 2 ** -52 * absolute };
  }
  if (operation === "prod") {
    const exact = part.reduce((a, b) => a * b, 1);
    return { exact, bound: rounded(exact) + part.length * 2 ** -52 * Math.abs(exact) };
  }
  const [combine, empty] = operation === "max" ? ([Math.max, -Infinity] as const) : ([Math.min, Infinity] as const);
  return { exact: part.reduce((a, b) => combine(a, b), empty), bound: 0 };
}

const CALLS = { sum: tf.sum, mean: tf.mean, prod: tf.prod, max: tf.max, min: tf.min };
const KERNELS = { sum: Sum, mean: Mean, prod: Prod, max: Max, min: Min };
const argumentsOf = (operation: Operation, axis: Axes, keepDims = false) => {
  return operation === "max" ? { reductionIndices: axis, keepDims } : { axis, keepDims };
};

/** The library's kernel, also where TensorFlow.js's is faster. */
function reduce(operation: Operation, values: ArrayLike<number>, shape: number[], axes: Axes, keepDims = false) {
  const kernel = KERNELS[operation];
  const x = tf.tensor(Float32Array.from(values), shape);
  const attrs = argumentsOf(operation, axes, keepDims);
  const backend = tf.backend() as WasmBackend;
  const memory = memoryOf(backend) as WebAssembly.Memory;
  const [output] = runInPlace(backend, memory, (binary) => kernel.plan(binary, { x }, attrs, kernel.check({ x }, attrs)));
  const result = tf.engine().makeTensorFromTensorInfo(output as TensorInfo);
  const found = { values: result.dataSync<"float32">().slice(), shape: result.shape };
  tf.dispose([x, result]);
  return found;
}

function expectWithinBounds(operation: Operation, values: Float32Array, shape: number[], axes: Axes): void {
  const parts = partsOf(values, shape, axes);
  const result = reduce(operation, values, shape, axes);
  expect(result.values.length).toBe(parts.length);
  parts.forEach((part, i) => {
    const { exact, bound } = reference(operation, part);
    const actual = result.values[i] as number;
    if (!Object.is(actual, exact) && !(Math.abs(actual - exact) <= bound)) {
      throw new Error(`${operation} of [${shape}] over [${axes}] at ${i}: wanted ${exact} within ${bound}, got ${actual}`);
    }
  });
}

const CASES: [number[], Axes][] = [
  // Of any rank, over any axes.
  [[], null],
  [[1], 0],
  [[5], null],
  [[300], null],
  [[5000], 0],
  [[7, 5], 0],
  [[7, 5], 1],
  [[7, 5], []],
  [
    [7, 5],
    [0, 1],
  ],
  [[128, 64], 0],
  [[1, 257], 0],
  [[1, 257], -1],
  [[257, 1], 0],
  [[3, 4, 5], 1],
  [
    [3, 4, 5],
    [0, 2],
  ],
  [[3, 1, 5], 1],
  [
    [3, 1, 5],
    [0, 1],
  ],
  [
    [6, 1, 50],
    [0, 2],
  ],
  [
    [2, 3, 4, 5],
    [0, 2],
  ],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [
    [2, 3, 4, 5],
    [0, 1, 2],
  ],
  [
    [2, 3, 4, 5],
    [-1, 0],
  ],
  [
    [2, 3, 4, 3, 2],
    [0, 2, 4],
  ],
  [
    [2, 3, 4, 3, 2],
    [1, 3],
  ],
  [
    [2, 3, 2, 3, 2, 3],
    [0, 2, 4],
  ],
  [
    [2, 3, 2, 3, 2, 3],
    [1, 3, 5],
  ],
  [
    [2, 3, 2, 3, 2, 3],
    [5, 1, 2],
  ],
  [[2, 3, 2, 3, 2, 3], null],
  // Planes: narrow ones, whose rows are no whole vectors; some with rows left over; more columns than a block.
  [[50, 2], 0],
  [[403, 3], 0],
  [[9, 63], 0],
  [[31, 65], 0],
  [[5, 1030], 0],
  [[130, 1100], 0],
  [[2, 17, 1030], 1],
  [[40, 7, 6], 1],
  // Many results.
  [[3000, 3], 1],
  [[1500, 33], 1],
  [
    [2, 2000, 3],
    [0, 2],
  ],
  [
    [2, 30, 4, 20],
    [0, 2],
  ],
];

/** Sizes around those of vectors, of trees of rows and of tiles. */
const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 100];
/** A tensor in which `length` numbers are reduced to the last result, and where these are. */
const LAYOUTS: [string, Axes, (length: number) => number[], (at: number, length: number) => number][] = [
  ["all", null, (length) => [length], (at) => at],
  ["runs", 1, (length) => [3, length], (at, length) => 2 * length + at],
  ["columns", 0, (length) => [length, 6], (at) => 6 * at + 5],
  ["narrow columns", 0, (length) => [length, 3], (at) => 3 * at + 2],
  ["images", [0, 2], (length) => [length, 5, 1], (at) => 5 * at + 4],
];

describe("reductions on 'wasm', by the library's kernels", () => {
  beforeEach(() => useBackend("wasm"));

  it.each(
    CASES,
  )("of [%s] over [%s] are float64's, rounded: sums and means within n · 2^-52 of the sum of absolute values, products within n · 2^-52, maxima and minima exact", (shape, axes) => {
    const next = generator(1);
    // Products stay in range.
    const values = normal(next, sizeOf(shape), 0.3, 1);
    for (const operation of OPERATIONS) expectWithinBounds(operation, values, shape, axes);
  });

  it("lose no digits over many numbers: sums and means of 4,000,003 are float64's, rounded to float32", () => {
    const count = 4_000_003;
    const tenths = new Float32Array(count).fill(0.1);
    const exact = count * (tenths[0] as number);
    expect(reduce("sum", tenths, [count], null).values).toEqual(new Float32Array([exact]));
    expect(reduce("mean", tenths, [count, 1], 0).values).toEqual(new Float32Array([0.1]));
  });

  it.each(
    LAYOUTS,
  )("passes NaN, infinities, zeros and denormals on as IEEE 754 has them, wherever they are: %s", (_, axes, shapeOf, placeOf) => {
    for (const length of LENGTHS) {
      const shape = shapeOf(length);
      for (let at = 0; at < length; at++) {
        const last = (operation: Operation, special: number, others: number) => {
          const values = new Float32Array(sizeOf(shape)).fill(others);
          values[placeOf(at, length)] = special;
          return reduce(operation, values, shape, axes).values.at(-1) as number;
        };
        for (const operation of OPERATIONS) expect(last(operation, Number.NaN, 1)).toBeNaN();
        for (const infinity of [Infinity, -Infinity]) {
          for (const operation of ["sum", "mean", "prod"] as const) expect(last(operation, infinity, 1)).toBe(infinity);
          if (length > 1) expect(last("sum", infinity, -infinity)).toBeNaN();
          if (length > 1) expect(last("prod", infinity, 0)).toBeNaN();
        }
        expect(last("max", Infinity, 1)).toBe(Infinity);
        expect(last("max", -Infinity, -Infinity)).toBe(-Infinity);
        expect(last("max", -1e38, -Infinity)).toBe(Math.fround(-1e38));
        expect(last("min", -Infinity, 1)).toBe(-Infinity);
        expect(last("min", Infinity, Infinity)).toBe(Infinity);
        expect(last("max", 2 ** -149, -1)).toBe(2 ** -149);
        expect(last("min", -(2 ** -149), 1)).toBe(-(2 ** -149));
        expect(last("sum", 2 ** -149, 0)).toBe(2 ** -149);
        expect(last("prod", 2 ** -149, 1)).toBe(2 ** -149);
        expect(last("prod", -0, 1)).toBe(-0);
        expect(last("max", -0, -0)).toBe(-0);
        expect(last("min", -0, -0)).toBe(-0);
      }
    }
  });

  it.each<[number[], Axes]>([
    [[4000], null],
    [[400, 12], 0],
    [[400, 3], 0],
    [[5, 1003], 1],
    [
      [30, 10, 4],
      [0, 1],
    ],
  ])("products that stay in float32's range one factor after the other do so: [%s] over [%s]", (shape, axes) => {
    const isReduced = (i: number) => axes === null || [axes].flat().includes(i);
    const inner = sizeOf(shape.filter((_, i) => !isReduced(i)));
    // Of runs, factors follow each other; of planes, those of the other columns are between them.
    const step = isReduced(shape.length - 1) ? 1 : inner;
    const length = sizeOf(shape) / inner;
    const values = Float32Array.from({ length: sizeOf(shape) }, (_, i) =>
      (Math.floor(i / step) % length) % 2 === 0 ? 2 ** 100 : 2 ** -100,
    );
    const expected = length % 2 === 0 ? 1 : 2 ** 100;
    expect(new Set(reduce("prod", values, shape, axes).values)).toEqual(new Set([expected]));
  });

  it.each([
    ["sum", 0],
    ["mean", Number.NaN],
    ["prod", 1],
    ["max", -Infinity],
    ["min", Infinity],
  ] as const)("%s of nothing is %d", (operation, nothing) => {
    expect(reduce(operation, [], [0], null)).toEqual({ values: new Float32Array([nothing]), shape: [] });
    expect(reduce(operation, [], [0, 3], 0)).toEqual({ values: new Float32Array(3).fill(nothing), shape: [3] });
    expect(reduce(operation, [], [2, 0, 3], [1], true)).toEqual({ values: new Float32Array(6).fill(nothing), shape: [2, 1, 3] });
    expect(reduce(operation, [], [3, 0], 0)).toEqual({ values: new Float32Array(0), shape: [0] });
    expect(reduce(operation, [], [0, 2], 1)).toEqual({ values: new Float32Array(0), shape: [0] });
    // As an engine calls them.
    expect(CALLS[operation](tf.zeros([0, 3]), 0).dataSync()).toEqual(new Float32Array(3).fill(nothing));
  });

  it("keep reduced axes, with size 1, where that is wanted", () => {
    const values = normal(generator(1), 120);
    for (const [axes, shape] of [
      [null, [1, 1, 1]],
      [1, [4, 1, 6]],
      [
        [-1, 0],
        [1, 5, 1],
      ],
      [[], [4, 5, 6]],
    ] as [Axes, number[]][]) {
      for (const operation of OPERATIONS) {
        const result = reduce(operation, values, [4, 5, 6], axes, true);
        expect(result.shape).toEqual(shape);
        expect(result.values).toEqual(reduce(operation, values, [4, 5, 6], axes).values);
      }
    }
  });

  it("take no copy of x from the heap", () => {
    const x = tf.ones([1024, 512]);
    for (const axes of [0, 1, [0, 1]]) {
      const taken: number[] = [];
      const held = heldBy(
        () => tf.sum(x, axes).dispose(),
        (bytes) => taken.push(bytes),
      );
      expect(held).toBe(0);
      // The tables of 16 chunks; x has two million bytes.
      expect(Math.max(...taken)).toBeLessThan(65536);
    }
  });
});

describe("reductions on 'wasm', as TensorFlow.js calls them", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  /** By the library's kernels, and by the backend's. */
  function both(call: () => tf.Tensor): [tf.Tensor, tf.Tensor] {
    const ours = call();
    setKernelReplacement(false);
    const theirs = call();
    setKernelReplacement(true);
    return [ours, theirs];
  }

  it("are the backend's where numbers are few, or few in each result, and it need not transpose", () => {
    const values = normal(generator(1), 24 * 400);
    const thousand = tf.tensor(values.slice(0, 1000), [10, 100]);
    const short = tf.tensor(values, [400, 24]);
    const matrix = tf.tensor(values, [24, 400]);
    const bits = (call: () => tf.Tensor) => both(call).map((result) => result.dataSync());
    for (const call of [
      () => tf.sum(thousand),
      () => tf.mean(thousand, -1),
      () => tf.sum(short, 1),
      () => tf.prod(short, [-1]),
    ]) {
      const [ours, theirs] = bits(call);
      expect(ours).toEqual(theirs);
    }
    for (const call of [() => tf.sum(matrix), () => tf.mean(matrix, 1), () => tf.sum(thousand, 0), () => tf.sum(matrix, 0)]) {
      const [ours, theirs] = bits(call);
      expect(ours).not.toEqual(theirs);
    }
  });

  it("of integers and bools are the backend's: exact, of its dtypes, and they wrap around", () => {
    const large = tf.fill([2000, 3], 2 ** 30 + 1, "int32");
    const bools = tf.tensor2d(Array(3000).fill([1, 0, 1]).flat(), [3000, 3], "bool");
    for (const operation of OPERATIONS) {
      for (const x of [large, bools]) {
        const [ours, theirs] = both(() => CALLS[operation](x, 0));
        expect(ours.dtype).toBe(theirs.dtype);
        expect(ours.dataSync()).toEqual(theirs.dataSync());
      }
    }
    expect(tf.sum(large, 0).dtype).toBe("int32");
    expect(tf.sum(large, 0).dataSync()[0]).toBe((2000 * (2 ** 30 + 1)) | 0);
  });

  it.each([
    [[0, 0]],
    [[2]],
    [[-3]],
    [[0.5]],
  ])("leave axes %j to the backend's, which says what is wrong or takes them", (axes) => {
    const x = tf.ones([40, 50]);
    const outcome = (call: () => tf.Tensor) => {
      try {
        return call().shape;
      } catch (error) {
        return (error as Error).message;
      }
    };
    const ours = outcome(() => tf.sum(x, axes));
    setKernelReplacement(false);
    expect(ours).toEqual(outcome(() => tf.sum(x, axes)));
  });

  it("have gradients", () => {
    const x = tf.tensor(normal(generator(1), 40 * 60), [40, 60]);
    const dx = tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.max(x, 0))))(x);
    const largest = tf.max(x, 0, true);
    expect(dx.dataSync()).toEqual(tf.mul(tf.cast(tf.equal(x, largest), "float32"), tf.mul(2, largest)).dataSync());
  });
});
