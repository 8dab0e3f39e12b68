import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { broadcastIndex, type Matrices, matrixProducts, places, product } from "../../src/reference/products.js";
import { useBackend } from "../helpers/backends.js";
import { heldBy } from "../helpers/heap.js";
import { read } from "../helpers/tensors.js";

/** A float32 number has this many of its distance to the next larger one. */
const UNIT = 2 ** -24;

beforeEach(() => useBackend("wasm"));
afterEach(() => setKernelReplacement(true));

type Transposes = [transposeA: boolean, transposeB: boolean];
const TRANSPOSES: Transposes[] = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
];

const swapLast = (shape: number[]) => [...shape.slice(0, -2), shape.at(-1) as number, shape.at(-2) as number];
const matrices = (shape: number[], transposed: boolean, seed: number): Matrices => ({
  values: normal(generator(seed), product(shape)),
  shape: transposed ? swapLast(shape) : shape,
  transposed,
});
const tensorOf = ({ values, shape }: Matrices) => tf.tensor(values as Float32Array, shape);

/** Throws unless every number is within `units` times UNIT of the sum of its terms' magnitudes. */
function expectWithin(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  magnitudes: ArrayLike<number>,
  units: number,
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs((actual[i] as number) - (expected[i] as number));
    const bound = units * UNIT * (magnitudes[i] as number);
    if (!(error <= bound)) throw new Error(`at ${i}: wanted ${expected[i]} within ${bound}, got ${actual[i]}`);
  }
}

/** Fails unless tf.matMul of matrices of these shapes, before transposes, is that in float64. */
function expectProduct(shapeOfA: number[], shapeOfB: number[], [transposeA, transposeB]: Transposes): void {
  const [a, b] = [matrices(shapeOfA, transposeA, 1), matrices(shapeOfB, transposeB, 2)];
  const { shape, values, magnitudes } = matrixProducts(a, b);
  const actual = tf.tidy(() => {
    const result = tf.matMul(tensorOf(a), tensorOf(b), transposeA, transposeB);
    expect(result.shape).toEqual(shape);
    return result.dataSync();
  });
  expectWithin(actual, values, magnitudes, 8);
}

describe.each(
  TRANSPOSES,
)("tf.matMul (transposes %s, %s) differs from float64 by less than 8·2^-24 of its terms' magnitudes", (...transposes) => {
  // Around tiles of 4 rows and 8 columns, pairs of them, blocks of 128 rows and 256 shared numbers, and limits of small products.
  const SIZES = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 24, 25];

  it("of all small sizes", () => {
    for (const rows of SIZES) for (const columns of SIZES) expectProduct([rows, 6], [6, columns], transposes);
    for (const rows of [1, 2, 5]) {
      for (const columns of [1, 2, 5, 19]) {
        for (let shared = 1; shared <= 11; shared++) expectProduct([rows, shared], [shared, columns], transposes);
      }
    }
  });

  it.each([
    [1, 257, 1],
    [1, 600, 37],
    [37, 1030, 1],
    [300, 1029, 1],
    [1, 3, 4099],
    [1, 513, 4099],
    [3, 255, 17],
    [13, 256, 16],
    [14, 257, 33],
    [127, 300, 18],
    [128, 64, 32],
    [131, 513, 21],
    [300, 10, 40],
    [260, 1, 24],
    [21, 9000, 30],
  ])("[%i, %i]·[…, %i]", (rows, shared, columns) => expectProduct([rows, shared], [shared, columns], transposes));

  it.each<[number[], number[]]>([
    [
      [3, 5, 4],
      [3, 4, 9],
    ],
    [
      [3, 5, 4],
      [4, 9],
    ],
    [
      [5, 4],
      [3, 4, 9],
    ],
    [
      [2, 1, 5, 4],
      [3, 4, 9],
    ],
    [
      [2, 3, 5, 40],
      [2, 1, 40, 20],
    ],
    [
      [2, 1, 3, 1, 5, 7],
      [4, 1, 2, 7, 17],
    ],
    [
      [2, 3, 4, 1, 8],
      [8, 6],
    ],
    [
      [4, 1, 8],
      [4, 8, 6],
    ],
    [
      [6, 8],
      [4, 8, 1],
    ],
    [
      [4, 6, 8],
      [8, 1],
    ],
    [
      [4, 6, 8],
      [4, 8, 1],
    ],
    [
      [3, 1, 2, 2],
      [1, 5, 2, 2],
    ],
    [
      [7, 1, 1],
      [1, 7, 1, 1],
    ],
  ])("batches %j and %j are broadcast", (a, b) => expectProduct(a, b, transposes));

  it.each<[number[], number[]]>([
    [
      [0, 3],
      [3, 4],
    ],
    [
      [4, 3],
      [3, 0],
    ],
    [
      [4, 0],
      [0, 5],
    ],
    [
      [20, 0],
      [0, 19],
    ],
    [
      [1, 0],
      [0, 40],
    ],
    [
      [40, 0],
      [0, 1],
    ],
    [
      [0, 2, 3],
      [0, 3, 4],
    ],
    [
      [0, 2, 3],
      [1, 3, 4],
    ],
    [
      [2, 0, 3],
      [3, 4],
    ],
  ])("empty ones, %j and %j", (a, b) => {
    // What the sums are written to has held other numbers.
    tf.tidy(() => tf.fill([1000], 3));
    expectProduct(a, b, transposes);
  });
});

describe("errors do not grow with the shared axis", () => {
  const SHARED = 2 ** 18;

  it.each<[string, number[], number[], ...Transposes]>([
    ["a row and a column", [1, SHARED], [SHARED, 1], false, false],
    ["a row and a matrix", [1, SHARED], [SHARED, 3], false, false],
    ["a matrix and a column", [2, SHARED], [SHARED, 1], false, false],
    ["matrices", [2, SHARED], [SHARED, 3], false, false],
    ["transposed matrices", [2, SHARED], [SHARED, 18], true, true],
  ])("%s: equal numbers, %s: relative error below 2^-17", (_, a, b, transposeA, transposeB) => {
    const left = tf.fill(transposeA ? swapLast(a) : a, 0.1);
    const right = tf.fill(transposeB ? swapLast(b) : b, 0.7);
    const expected = SHARED * Math.fround(0.1) * Math.fround(0.7);
    for (const value of read(() => tf.matMul(left as tf.Tensor2D, right as tf.Tensor2D, transposeA, transposeB))) {
      expect(Math.abs(value / expected - 1)).toBeLessThan(2 ** -17);
    }
  });
});

describe("NaN, infinite and denormal numbers are those of IEEE 754", () => {
  const SPECIAL = [0, -0, 1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** -149, -(2 ** -140), 3e38];

  it.each([
    [9, 9],
    [1, 9],
    [9, 1],
    [1, 1],
    [2, 3],
    [40, 33],
  ])("rows %i, columns %i, with zeros beside them", (rows, columns) => {
    for (const transposes of TRANSPOSES) {
      for (const shared of [1, 3, 20]) {
        for (const special of SPECIAL) {
          const a = matrices([rows, shared], transposes[0], 3);
          const b = matrices([shared, columns], transposes[1], 4);
          (a.values as Float32Array).fill(0);
          (a.values as Float32Array)[0] = special;
          const { values } = matrixProducts(a, b);
          const actual = read(() => tf.matMul(tensorOf(a), tensorOf(b), ...transposes));
          // A product that is rounded to 0 may keep its sign.
          expect(actual.map((value) => value + 0)).toEqual(Float32Array.from(values, (value) => Math.fround(value) + 0));
        }
      }
    }
  });
});

const ACTIVATIONS: Record<string, (x: number, slope: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  prelu: (x, slope) => (x < 0 ? slope * x : x),
  leakyrelu: (x) => (x < 0 ? 0.3 * x : x),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** The values of _FusedMatMul, and what they are in float64. */
function fused(a: Matrices, b: Matrices, biasShape: number[] | undefined, activation: string, slopesShape: number[]) {
  const bias = biasShape && normal(generator(5), product(biasShape));
  const slopes = normal(generator(6), product(slopesShape));
  const actual = read(() => {
    const inputs = {
      a: tensorOf(a),
      b: tensorOf(b),
      ...(bias && biasShape && { bias: tf.tensor(bias, biasShape) }),
      ...(activation === "prelu" && { preluActivationWeights: tf.tensor(slopes, slopesShape) }),
    };
    const attrs = { transposeA: a.transposed, transposeB: b.transposed, activation, leakyreluAlpha: 0.3 };
    return tf.engine().runKernel("_FusedMatMul", inputs, attrs as never);
  });
  const { shape, values, magnitudes } = matrixProducts(a, b);
  const activate = ACTIVATIONS[activation] as (x: number, slope: number) => number;
  const expected = places(shape).map((place, i) => {
    const added = bias && biasShape ? (bias[broadcastIndex(place, biasShape)] as number) : 0;
    return activate((values[i] as number) + added, slopes[broadcastIndex(place, slopesShape)] as number);
  });
  return { actual, expected, magnitudes: magnitudes.map((magnitude) => 3 * (magnitude + 3)) };
}

describe("_FusedMatMul differs from float64 by less than 8·2^-24 of three times its terms' magnitudes and 3", () => {
  describe.each(Object.keys(ACTIVATIONS))("activation %s", (activation) => {
    it.each<[number[], number[]]>([
      [
        [1, 30],
        [30, 35],
      ],
      [
        [35, 30],
        [30, 1],
      ],
      [
        [7, 100],
        [100, 18],
      ],
      [
        [3, 2, 2],
        [3, 2, 2],
      ],
      [
        [2, 130, 20],
        [20, 21],
      ],
      [
        [2, 1, 20],
        [2, 20, 9],
      ],
    ])("%j·%j, with biases of all shapes", (shapeOfA, shapeOfB) => {
      for (const [transposeA, transposeB] of TRANSPOSES) {
        const [a, b] = [matrices(shapeOfA, transposeA, 1), matrices(shapeOfB, transposeB, 2)];
        const { shape } = matrixProducts(a, b);
        const [rows, columns] = shape.slice(-2) as [number, number];
        for (const biasShape of [undefined, [columns], [1], [], [rows, 1], [1, columns], [rows, columns], shape]) {
          for (const slopesShape of activation === "prelu" ? [[columns], [], [rows, 1], shape] : [[]]) {
            const { actual, expected, magnitudes } = fused(a, b, biasShape, activation, slopesShape);
            expectWithin(actual, expected, magnitudes, 8);
          }
        }
      }
    });
  });

  it("a bias along the batch", () => {
    const { actual, expected, magnitudes } = fused(
      matrices([3, 2, 4], false, 1),
      matrices([4, 9], false, 2),
      [3, 1, 1],
      "relu",
      [],
    );
    expectWithin(actual, expected, magnitudes, 8);
  });

  it.each(["relu", "relu6", "prelu", "leakyrelu", "elu", "sigmoid"])("%s of NaN is NaN", (activation) => {
    const a = tf.fill([5, 3], Number.NaN) as tf.Tensor2D;
    const b = tf.ones([3, 9]) as tf.Tensor2D;
    const preluActivationWeights = tf.ones([9]);
    const values = read(() => tf.fused.matMul({ a, b, activation: activation as never, preluActivationWeights }));
    expect(Array.from(values).filter((value) => !Number.isNaN(value))).toEqual([]);
  });

  it("relu of −0 is 0", () => {
    const a = tf.tensor2d([[2 ** -149]]);
    const bias = tf.tensor1d([-0]);
    const values = read(() => tf.fused.matMul({ a, b: tf.tensor2d([[-0.25]]), bias, activation: "relu" }));
    expect(Object.is(values[0], 0)).toBe(true);
  });
});

describe("gradients through tf.matMul", () => {
  it.each(TRANSPOSES)("transposes %s, %s: those that 'cpu' has, within 2^-20 of the largest", async (transposeA, transposeB) => {
    const [a, b] = [matrices([2, 19, 33], transposeA, 1), matrices([2, 33, 10], transposeB, 2)];
    const dy = normal(generator(3), 2 * 19 * 10);
    const gradients = () =>
      tf.tidy(() => {
        const call = (x: tf.Tensor, y: tf.Tensor) => tf.matMul(x, y, transposeA, transposeB);
        return tf
          .grads(call)([tensorOf(a), tensorOf(b)], tf.tensor(dy, [2, 19, 10]))
          .map((gradient) => gradient.dataSync<"float32">());
      });
    const actual = gradients();
    await useBackend("cpu");
    gradients().forEach((expected, i) => {
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expectWithin(actual[i] as Float32Array, expected, new Float64Array(expected.length).fill(largest), 16);
    });
  });

  it("of a dense layer with relu, transposed and broadcast as tf.fused.matMul has them", async () => {
    const gradients = () =>
      tf.tidy(() => {
        const [a, b] = [tensorOf(matrices([6, 50], false, 1)), tensorOf(matrices([50, 9], false, 2))];
        const call = (x: tf.Tensor, y: tf.Tensor, bias: tf.Tensor) =>
          tf.sum(tf.fused.matMul({ a: x as tf.Tensor2D, b: y as tf.Tensor2D, bias, activation: "relu" }));
        return tf
          .grads(call as never)([a, b, tf.ones([9])])
          .map((gradient) => Array.from(gradient.dataSync()));
      });
    const actual = gradients();
    await useBackend("cpu");
    gradients().forEach((expected, i) => {
      expectWithin(actual[i] as number[], expected, new Float64Array(expected.length).fill(50), 8);
    });
  });
});

describe("tf.matMul on 'wasm'", () => {
  it("of the same numbers in another shape is another product", () => {
    const b = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    tf.matMul(tf.ones([1, 2]), b);
    expect(tf.matMul(tf.ones([1, 3]), tf.reshape(b, [3, 2])).arraySync()).toEqual([[9, 12]]);
  });

  it("is the backend's where the library's kernels are declined", () => {
    // The backend adds a bias for every 48 shared numbers.
    const call = () =>
      read(() => tf.fused.matMul({ a: tf.zeros([96, 2]), b: tf.zeros([96, 2]), transposeA: true, bias: tf.ones([2]) }));
    expect(Array.from(call())).toEqual([1, 1, 1, 1]);
    setKernelReplacement(false);
    expect(Array.from(call())).toEqual([2, 2, 2, 2]);
  });

  it.each(["int32", "bool"] as const)("leaves %s to the backend's", (dtype) => {
    const a = tf.ones([2, 2], dtype);
    const messages = [true, false].map((replaces) => {
      setKernelReplacement(replaces);
      try {
        return tf.matMul(a, a).dtype;
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(messages[0]).toContain("BatchMatMul");
    expect(messages[0]).toBe(messages[1]);
  });

  const run = (inputs: tf.NamedTensorMap, attrs: object) => tf.engine().runKernel("_FusedMatMul", inputs, attrs as never);
  const [a, b] = [() => tf.ones([2, 3]), () => tf.ones([3, 4])];

  it.each<[string, () => unknown, string]>([
    ["a rank of 1", () => tf.matMul(tf.ones([3]), b()), "matMul: argument 'a' must have a rank of at least 2, got shape [3]"],
    [
      "another inner shape",
      () => tf.matMul(a(), b(), false, true),
      "matMul: argument 'b' must have 3 columns, the inner shape of a, [2, 3], got shape [3, 4]",
    ],
    [
      "batches that do not fit",
      () => tf.matMul(tf.ones([2, 2, 3]), tf.ones([3, 3, 4])),
      "matMul: argument 'b' must have a batch that can be broadcast with that of a, [2, 2, 3], got shape [3, 3, 4]",
    ],
    [
      "a bias that does not fit",
      () => run({ a: a(), b: b(), bias: tf.ones([2]) }, {}),
      "fused.matMul: argument 'bias' must have a shape that can be broadcast to [2, 4], got [2]",
    ],
    [
      "prelu without slopes",
      () => run({ a: a(), b: b() }, { activation: "prelu" }),
      "fused.matMul: argument 'preluActivationWeights' must be there for the activation 'prelu', got none",
    ],
    [
      "an unknown activation",
      () => run({ a: a(), b: b() }, { activation: "tanh" }),
      "fused.matMul: argument 'activation' must be one of 'linear', 'relu', 'relu6', 'prelu', 'leakyrelu', got 'tanh'",
    ],
  ])("refuses %s", (_, call, message) => expect(call).toThrow(message));

  it("gives back all that it takes from the heap", () => {
    const [left, right] = [tf.ones([40, 300]), tf.ones([40, 50])];
    const before = tf.memory().numTensors;
    const held = heldBy(() => {
      for (const activation of ["relu", "elu"] as const) {
        tf.fused.matMul({ a: left as tf.Tensor2D, b: right as tf.Tensor2D, transposeA: true, activation }).dispose();
      }
    });
    expect(held).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  });
});
