import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  mixtureMoments,
  mixtureResponsibilities,
  setCopyingMemoryLimit,
  setWasmModules,
  unsupervisedAdaptiveNormalization,
} from "../../src/index.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";

const OPS = { unsupervisedAdaptiveNormalization, mixtureResponsibilities, mixtureMoments };

type Arguments = [x: unknown, mean: unknown, variance: unknown, prior: unknown, config?: object];

const disposed = () => {
  const t = tf.zeros([3, 2]);
  t.dispose();
  return t;
};

/** As far as the ops can see: not every backend here can make one. */
const complex = () => Object.defineProperty(tf.zeros([1, 1]), "dtype", { value: "complex64" });

/** What is wrong, the arguments, and what the message must say after the op's name. */
const BAD: Array<[string, () => Arguments, string]> = [
  [
    "no x",
    () => [undefined, [[0, 0]], [[1, 1]], [1]],
    "argument 'x' must be a tensor, or numbers that one can be made of, got undefined",
  ],
  ["a scalar x", () => [3, [[0]], [[1]], [1]], "argument 'x' must have a rank from 1 to 6, got rank 0"],
  [
    "x of rank 7",
    () => [tf.zeros([1, 1, 1, 1, 1, 1, 2]), [[0, 0]], [[1, 1]], [1]],
    "argument 'x' must have a rank from 1 to 6, got rank 7",
  ],
  [
    "x of strings",
    () => [tf.tensor(["a"], [1, 1], "string"), [[0]], [[1]], [1]],
    "argument 'x' must have dtype float32, int32 or bool, got string",
  ],
  [
    "a plain string in x",
    () => [[["a"]], [[0]], [[1]], [1]],
    "argument 'x' must be a tensor, or numbers that one can be made of, got 'a'",
  ],
  ["complex x", () => [complex(), [[0]], [[1]], [1]], "argument 'x' must have dtype float32, int32 or bool, got complex64"],
  ["ragged x", () => [[[1, 2], [3]], [[0]], [[1]], [1]], "argument 'x' must have rows of one shape, got [2] and [1]"],
  [
    "a disposed x",
    () => [disposed(), [[0, 0]], [[1, 1]], [1]],
    "argument 'x' must be a tensor that can be read, got one that is disposed",
  ],
  [
    "x without channels",
    () => [tf.zeros([3, 0]), tf.zeros([1, 0]), tf.zeros([1, 0]), [1]],
    "argument 'x' must have at least one channel, got shape [3, 0] and axis -1",
  ],
  [
    "a disposed mean",
    () => [tf.zeros([3, 2]), disposed(), [[1, 1]], [1]],
    "argument 'mean' must be a tensor that can be read, got one that is disposed",
  ],
  [
    "a mean of rank 1",
    () => [tf.zeros([3, 2]), [0, 0], [[1, 1]], [1]],
    "argument 'mean' must have shape [K, 2] with K ≥ 1, got [2]",
  ],
  [
    "a mean of other channels",
    () => [tf.zeros([3, 2]), [[0, 0, 0]], [[1, 1]], [1]],
    "argument 'mean' must have shape [K, 2] with K ≥ 1, got [1, 3]",
  ],
  [
    "no components",
    () => [tf.zeros([3, 2]), tf.zeros([0, 2]), tf.zeros([0, 2]), tf.zeros([0])],
    "argument 'mean' must have shape [K, 2] with K ≥ 1, got [0, 2]",
  ],
  [
    "a variance of another shape",
    () => [
      tf.zeros([3, 2]),
      [[0, 0]],
      [
        [1, 1],
        [1, 1],
      ],
      [1],
    ],
    "argument 'variance' must have shape [1, 2], got [2, 2]",
  ],
  [
    "a negative variance",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, -0.5]], [1]],
    "argument 'variance' must not be negative, got -0.5",
  ],
  [
    "a variance that is NaN",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, Number.NaN]], [1]],
    "argument 'variance' must not be negative, got NaN",
  ],
  [
    "a prior of another length",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [0.5, 0.5]],
    "argument 'prior' must have shape [1] or [1, 1], got [2]",
  ],
  [
    "a prior [1, K]",
    () => [tf.zeros([3, 1]), [[0], [0]], [[1], [1]], [[0.5, 0.5]]],
    "argument 'prior' must have shape [2] or [2, 1], got [1, 2]",
  ],
  [
    "a negative prior",
    () => [tf.zeros([3, 1]), [[0], [0]], [[1], [1]], [1.5, -0.5]],
    "argument 'prior' must not be negative, got -0.5",
  ],
  [
    "an axis too large",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { axis: 2 }],
    "argument 'axis' must be an integer from -2 to 1, got 2",
  ],
  [
    "an axis that is no integer",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { axis: 0.5 }],
    "argument 'axis' must be an integer from -2 to 1, got 0.5",
  ],
  [
    "a negative epsilon",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { epsilon: -1 }],
    "argument 'epsilon' must be a finite number that is not negative, got -1",
  ],
  [
    "an epsilon that is no number",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { epsilon: "1" }],
    "argument 'epsilon' must be a finite number that is not negative, got 1",
  ],
];

/** For the normalization alone. */
const BAD_AFFINE: Array<[string, () => Arguments, string]> = [
  [
    "a gamma of another length",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { gamma: [1, 1, 1] }],
    "argument 'gamma' must have shape [2], got [3]",
  ],
  [
    "a beta of rank 2",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { beta: [[1, 1]] }],
    "argument 'beta' must have shape [2], got [1, 2]",
  ],
  [
    "another formula",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { formula: "UCB" }],
    "argument 'formula' must be one of 'uan', 'ucb', got 'UCB'",
  ],
  [
    "a null gamma",
    () => [tf.zeros([3, 2]), [[0, 0]], [[1, 1]], [1], { gamma: null }],
    "argument 'gamma' must be a tensor, or numbers that one can be made of, got null",
  ],
];

describe.each(BACKENDS)("bad arguments on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  const cases = Object.entries(OPS).flatMap(([name, op]) => {
    const bad = name === "unsupervisedAdaptiveNormalization" ? [...BAD, ...BAD_AFFINE] : BAD;
    return bad.map(([what, make, message]) => [name, what, op, make, message] as const);
  });
  it.each(cases)("%s refuses %s", (name, _, op, make, message) => {
    tf.tidy(() => {
      const before = tf.memory().numTensors;
      const given = make();
      const made = tf.memory().numTensors - before;
      expect(() => (op as unknown as (...given: unknown[]) => unknown)(...given)).toThrow(`${name}: ${message}`);
      expect(tf.memory().numTensors).toBe(before + made);
    });
  });
});

describe.each(["wasm", "cpu"])("kernels of '%s', called by name,", (backend) => {
  it("refuse the same: they would read out of place", async () => {
    await useBackend(backend);
    const x = tf.zeros([3, 2]);
    const [mean, variance, prior] = [tf.zeros([1, 2]), tf.ones([1, 2]), tf.ones([1])];
    const call = (inputs: object) => () =>
      tf.engine().runKernel("UnsupervisedAdaptiveNorm", { x, mean, variance, prior, ...inputs }, { axis: -1, epsilon: 1e-3 });
    expect(call({ mean: tf.zeros([1, 1]) })).toThrow("argument 'mean' must have shape [K, 2]");
    expect(call({ x: tf.zeros([3, 2], "bool") })).toThrow("argument 'x' must have dtype float32, got bool");
    expect(call({ gamma: tf.zeros([1]) })).toThrow("argument 'gamma' must have shape [2], got [1]");
    const grad = () =>
      tf
        .engine()
        .runKernel(
          "UnsupervisedAdaptiveNormGrad",
          { x, dy: tf.zeros([3, 1]), mean, variance, prior },
          { axis: -1, epsilon: 1e-3 },
        );
    expect(grad).toThrow("argument 'dy' must have shape [3, 2], got [3, 1]");
  });
});

describe("bad settings", () => {
  it("setWasmModules refuses what is no module, and other names", () => {
    expect(() => setWasmModules({ simd: new Uint8Array(8) as unknown as WebAssembly.Module })).toThrow(
      "setWasmModules: 'simd' must be a WebAssembly.Module, got object",
    );
    expect(() => setWasmModules({ scalr: undefined } as object)).toThrow("'threadedSimd', got 'scalr'");
  });

  it.each([0, -1, Number.NaN, 2 ** 33])("setCopyingMemoryLimit refuses %s", (bytes) => {
    expect(() => setCopyingMemoryLimit(bytes)).toThrow(
      `setCopyingMemoryLimit: bytes must be between 64 KiB and 4 GiB, got ${bytes}`,
    );
  });
});
