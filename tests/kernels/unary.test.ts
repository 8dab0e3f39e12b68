import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import { setKernelReplacement } from "../../src/index.js";
import { Elu, Erf, Exp, Expm1, LeakyRelu, Log, Rsqrt, Selu, Sigmoid, Softplus, Sqrt, Tanh } from "../../src/kernels/unary.js";
import { useBackend } from "../helpers/backends.js";
import { runOurs } from "../helpers/kernels.js";

const KERNELS = { Elu, Erf, Exp, Expm1, LeakyRelu, Log, Rsqrt, Selu, Sigmoid, Softplus, Sqrt, Tanh };
type Name = keyof typeof KERNELS;

const SLOPE = 0.3;

/** By its series, or the continued fraction of 1 − erf. */
function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = Math.abs(x);
  if (a > 3) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (a + fraction);
    return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + fraction));
  }
  let sum = 0;
  let term = x;
  for (let n = 0; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    sum += term / (2 * n + 1);
    term *= (-x * x) / (n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** In float64. */
const REFERENCES: Record<Name, (x: number) => number> = {
  Elu: (x) => (x < 0 ? Math.expm1(x) : x),
  Erf: erf,
  Exp: Math.exp,
  Expm1: Math.expm1,
  LeakyRelu: (x) => (x < 0 ? Math.fround(SLOPE) * x : x),
  Log: Math.log,
  Rsqrt: (x) => 1 / Math.sqrt(x),
  Selu: (x) => (x < 0 ? 1.7580993408473768 * Math.expm1(x) : 1.0507009873554805 * x),
  Sigmoid: (x) => (x < 0 ? Math.exp(x) : 1) / (1 + Math.exp(-Math.abs(x))),
  Softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  Sqrt: Math.sqrt,
  Tanh: Math.tanh,
};
const NAMES = Object.keys(KERNELS) as Name[];

/** The largest error that is seen in a sweep of all 2^32 numbers, and a bit. The goal is 2. */
const BOUNDS: Record<Name, number> = {
  Elu: 1.8,
  Erf: 1.75,
  Exp: 1.1,
  Expm1: 1.8,
  LeakyRelu: 0.5,
  Log: 0.9,
  Rsqrt: 1.55,
  Selu: 1.95,
  Sigmoid: 1.9,
  Softplus: 1.9,
  Sqrt: 0.5,
  Tanh: 1.4,
};

/** Half a million float32 numbers, of all exponents and both signs, and NaN. */
const STEP = 8219;
function sweep(): Float32Array {
  const bits = new Uint32Array(Math.ceil(2 ** 32 / STEP));
  for (let i = 0; i < bits.length; i++) bits[i] = i * STEP;
  return new Float32Array(bits.buffer);
}

/** The distance of float32 numbers next to x. */
function unitAt(x: number): number {
  const exponent = Math.floor(Math.log2(Math.abs(x)));
  return 2 ** (Math.min(Math.max(exponent, -126), 127) - 23);
}

/** The error in units in the last place of the exact value. */
function errorOf(actual: number, exact: number): number {
  if (Number.isNaN(exact)) return Number.isNaN(actual) ? 0 : Infinity;
  // Infinite: where the next float32 would be 2^128.
  const [a, e] = [actual, exact].map((x) => Math.sign(x) * Math.min(Math.abs(x), 2 ** 128)) as [number, number];
  return a === e ? 0 : Math.abs(a - e) / unitAt(e);
}

const valuesOf = (name: Name, values: ArrayLike<number>, shape = [values.length]) =>
  runOurs(KERNELS[name], { x: tf.tensor(Float32Array.from(values), shape) }, name === "LeakyRelu" ? { alpha: SLOPE } : {});

describe("functions of one number on 'wasm', by the library's kernels", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it.each(
    NAMES.map((name) => [name, BOUNDS[name]] as const),
  )("%s of numbers of every exponent is within %d units in the last place of float64's", (name, bound) => {
    const x = sweep();
    const { values } = valuesOf(name, x);
    const reference = REFERENCES[name];
    let worst = { error: -1, x: Number.NaN };
    x.forEach((number, i) => {
      const error = errorOf(values[i] as number, reference(number));
      if (!(error <= worst.error)) worst = { error, x: number };
    });
    expect(worst.error, `of ${worst.x}`).toBeLessThanOrEqual(bound);
    expect(worst.error).toBeGreaterThanOrEqual(0);
  });

  it.each<[Name, number[]]>([
    ["Elu", [0, -0, Infinity, -1, Number.NaN]],
    ["Erf", [0, -0, 1, -1, Number.NaN]],
    ["Exp", [1, 1, Infinity, 0, Number.NaN]],
    ["Expm1", [0, -0, Infinity, -1, Number.NaN]],
    ["LeakyRelu", [0, -0, Infinity, -Infinity, Number.NaN]],
    ["Log", [-Infinity, -Infinity, Infinity, Number.NaN, Number.NaN]],
    ["Rsqrt", [Infinity, -Infinity, 0, Number.NaN, Number.NaN]],
    ["Selu", [0, -0, Infinity, Math.fround(-1.7580993408473768), Number.NaN]],
    ["Sigmoid", [0.5, 0.5, 1, 0, Number.NaN]],
    ["Softplus", [Math.fround(Math.LN2), Math.fround(Math.LN2), Infinity, 0, Number.NaN]],
    ["Sqrt", [0, -0, Infinity, Number.NaN, Number.NaN]],
    ["Tanh", [0, -0, 1, -1, Number.NaN]],
  ])("%s of 0, −0, ∞, −∞ and NaN is as IEEE 754 has it, beside any number", (name, expected) => {
    for (const [i, special] of [0, -0, Infinity, -Infinity, Number.NaN].entries()) {
      for (let at = 0; at < 5; at++) {
        const x = [0.5, 0.25, 0.75, 0.5, 0.25];
        const others = valuesOf(name, x).values;
        x[at] = special;
        others[at] = expected[i] as number;
        expect(valuesOf(name, x).values).toEqual(others);
      }
    }
  });

  it.each([
    ["Exp", 88.7228, 88.7229],
    ["Expm1", 88.7228, 88.7229],
    ["Selu", Math.fround(3.2386e38), Math.fround(3.2388e38)],
  ] as const)("%s overflows where the exact value is larger than float32's, and not before", (name, before, after) => {
    expect(valuesOf(name, [before]).values[0]).toBeLessThan(Infinity);
    expect(valuesOf(name, [after]).values[0]).toBe(Infinity);
  });

  it("are the same numbers in tensors of every size and shape", () => {
    for (const name of NAMES) {
      const x = normal(generator(3), 70, 1, 1);
      const all = valuesOf(name, x).values;
      for (let size = 0; size < 70; size++) expect(valuesOf(name, x.subarray(0, size)).values).toEqual(all.subarray(0, size));
      for (const shape of [[], [1], [2, 0, 3], [5, 1, 2], [2, 1, 1, 3, 1, 2]]) {
        const size = shape.reduce((a, b) => a * b, 1);
        const result = valuesOf(name, x.subarray(0, size), shape);
        expect(result).toEqual({ values: all.subarray(0, size), shape, dtype: "float32" });
      }
    }
  });

  it("are those of TensorFlow.js's kernels within 1e-5, by its own functions, and so are their gradients", () => {
    const x = normal(generator(4), 3000).map(Math.abs);
    const functions: Array<(x: tf.Tensor) => tf.Tensor> = [
      tf.erf,
      tf.exp,
      tf.expm1,
      (x) => tf.leakyRelu(x, SLOPE),
      tf.log,
      tf.rsqrt,
      tf.selu,
      tf.softplus,
      tf.sqrt,
      tf.tanh,
      (x) => tf.logSoftmax(tf.reshape(x, [3, 1000])),
    ];
    const compute = () =>
      functions.map((run) => tf.tidy(() => [run(tf.tensor1d(x)), tf.grad(run)(tf.tensor1d(x))].map((y) => y.dataSync())));
    const ours = compute();
    setKernelReplacement(false);
    const theirs = compute();
    ours.forEach((pair, i) => {
      pair.forEach((values, j) => {
        values.forEach((value, k) => {
          const expected = theirs[i]?.[j]?.[k] as number;
          expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-5 * Math.max(Math.abs(expected), 1));
        });
      });
    });
  });

  it("of integers are TensorFlow.js's", () => {
    const compute = () => {
      const x = tf.tensor1d([0, 1, 2, 3, 4, 5], "int32");
      return ["Exp", "Expm1", "LeakyRelu"].map((name) => {
        const y = tf.engine().runKernel(name, { x }, { alpha: SLOPE }) as tf.Tensor;
        return [y.dtype, y.dataSync()];
      });
    };
    const ours = compute();
    setKernelReplacement(false);
    expect(ours).toEqual(compute());
  });

  it("of a small tensor are left to TensorFlow.js's kernel, which is faster there", () => {
    const ours = tf.tanh(tf.tensor1d(normal(generator(5), 64))).dataSync();
    setKernelReplacement(false);
    expect(tf.tanh(tf.tensor1d(normal(generator(5), 64))).dataSync()).toEqual(ours);
  });
});
