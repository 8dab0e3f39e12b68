import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import { mixtureNormalization, setCopyingMemoryLimit } from "../../src/index.js";
import { fitMixtureNormalization, kmeansInit } from "../../src/ops/mixtureNormalization.js";
import {
  expectationMaximization,
  gradients,
  moments,
  normalize,
  type Rows,
  responsibilities,
  type VectorMixture,
} from "../../src/reference/mixtureNormalization.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { read, readAll } from "../helpers/tensors.js";

interface Case extends Rows {
  shape: number[];
  axis: number;
  /** [N, C] */
  x: Float32Array;
  gamma: Float32Array;
  beta: Float32Array;
  dy: Float32Array;
}

/** Rows around K centers, as the reference has them. */
function makeCase(shape: number[], { axis = -1, components = 3, epsilon = 1e-3, apart = 1.5, seed = 1 } = {}): Case {
  const next = generator(seed);
  const channels = shape.at(axis) as number;
  const count = shape.reduce((a, b) => a * b, 1) / channels;
  const centers = normal(next, components * channels, apart);
  const x = normal(next, count * channels).map((value, i) => {
    const k = Math.floor(i / channels) % components;
    return value + (centers[k * channels + (i % channels)] as number);
  });
  const gamma = uniform(next, channels, -2, 2);
  const beta = uniform(next, channels, -1, 1);
  return { shape, axis, count, channels, components, epsilon, x, gamma, beta, dy: normal(next, x.length) };
}

/** [N, C] as a tensor of the case's shape, and back. */
function placed(values: ArrayLike<number>, { shape, axis }: Case): tf.Tensor {
  const last = axis < 0 ? axis + shape.length : axis;
  const order = [...shape.keys()].filter((i) => i !== last).concat(last);
  const moved = tf.tensor(
    Float32Array.from(values),
    order.map((i) => shape[i] as number),
  );
  return tf.transpose(
    moved,
    order.map((_, i) => order.indexOf(i)),
  );
}
function rowsOf(tensor: tf.Tensor, { shape, axis }: Case): tf.Tensor {
  const last = axis < 0 ? axis + shape.length : axis;
  return tf.transpose(tensor, [...shape.keys()].filter((i) => i !== last).concat(last));
}

const SEED = 5;
const affine = (p: Case) => ({ gamma: tf.tensor1d(p.gamma), beta: tf.tensor1d(p.beta) });
const configOf = (p: Case) => ({
  numComponents: p.components,
  axis: p.axis,
  epsilon: p.epsilon,
  seed: SEED,
  ...affine(p),
});
const withAffine = (p: Case, y: Float64Array) =>
  y.map((value, i) => value * (p.gamma[i % p.channels] as number) + (p.beta[i % p.channels] as number));

function named([prior, mean, variance]: Float32Array[]): VectorMixture {
  return { prior, mean, variance } as VectorMixture;
}
/** The mixture that the op starts from. */
const startOf = (p: Case) => named(readAll(() => kmeansInit(tf.tensor2d(p.x, [p.count, p.channels]), p.components, SEED)));

/** y and x's, gamma's and beta's gradients, as rows. */
function differentiate(p: Case, op: (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => tf.Tensor) {
  const [y, x, gamma, beta] = readAll(() => {
    const inputs = [placed(p.x, p), tf.tensor1d(p.gamma), tf.tensor1d(p.beta)];
    const y = op(...(inputs as [tf.Tensor, tf.Tensor, tf.Tensor]));
    const f = (...given: tf.Tensor[]) => op(...(given as [tf.Tensor, tf.Tensor, tf.Tensor]));
    const [dx, dgamma, dbeta] = tf.grads(f)(inputs, placed(p.dy, p)) as [tf.Tensor, tf.Tensor, tf.Tensor];
    return [rowsOf(y, p), rowsOf(dx, p), dgamma, dbeta];
  });
  return { y: y as Float32Array, gradients: { x, gamma, beta } as Record<"x" | "gamma" | "beta", Float32Array> };
}

function expectGradients(actual: Record<"x" | "gamma" | "beta", Float32Array>, expected: ReturnType<typeof gradients>): void {
  for (const name of ["x", "gamma", "beta"] as const) expectCloseToLargest(actual[name], expected[name], 1e-4, name);
}

const randomMixture = ({ components, channels }: Case): VectorMixture => {
  const next = generator(9);
  const weights = uniform(next, components, 0.2, 1);
  return {
    prior: weights.map((w) => w / weights.reduce((a, b) => a + b)),
    mean: normal(next, components * channels),
    variance: uniform(next, components * channels, 0.3, 2),
  };
};
const tensorsOf = ({ prior, mean, variance }: VectorMixture, { components, channels }: Case) => ({
  prior: tf.tensor1d(Array.from(prior)),
  mean: tf.tensor2d(Array.from(mean), [components, channels]),
  variance: tf.tensor2d(Array.from(variance), [components, channels]),
});

/** Around the vector, the tile of rows, the block of rows, the chunk of a row, and the rows that the start looks at. */
const CASES: Array<[shape: number[], options?: { axis?: number; components?: number }]> = [
  ...[1, 2, 3, 4, 5, 7, 8, 12, 63, 64, 65, 130].map((channels) => [[37, channels]] as [number[]]),
  ...[3, 4, 5, 8, 63, 64, 65, 129].map((rows) => [[rows, 6], { components: 2 }] as [number[], object]),
  ...[1, 2, 3, 5].flatMap((components) => [
    [[203, 9], { components }] as [number[], object],
    [[100, 16], { components }] as [number[], object],
  ]),
  [[2500, 5]],
  [[70, 1030], { components: 2 }],
  [[6, 5, 7]],
  [[3, 4, 4, 6]],
  [[2, 2, 3, 4, 5], { components: 2 }],
  [[5, 40], { axis: 0 }],
  [[9, 5, 6], { axis: 1 }],
  [[9, 5, 1], { axis: 1 }],
  [[2, 8, 5, 5], { axis: -3 }],
];
const TABLE = CASES.map(([shape, options = {}]) => [`[${shape}], ${JSON.stringify(options)}`, makeCase(shape, options)] as const);

describe("the reference", () => {
  it.each([true, false])("has the gradients of finite differences, responsibilities held constant; of a batch: %s", (batch) => {
    const p = makeCase([11, 3]);
    const mixture = randomMixture(p);
    const nu = responsibilities(p, mixture);
    const loss = (rows: Case) => {
      const y = normalize(rows, nu, batch ? moments(rows, nu, mixture) : mixture);
      return withAffine(rows, y).reduce((sum, value, i) => sum + value * (rows.dy[i] as number), 0);
    };
    const actual = gradients(p, nu, batch ? moments(p, nu, mixture) : mixture, p.dy, p.gamma, batch);
    for (const name of ["x", "gamma", "beta"] as const) {
      const values = Float64Array.from(p[name]);
      const differences = values.map((value, i) => {
        const moved = (h: number) => loss({ ...p, [name]: values.with(i, value + h) });
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      });
      expectCloseToLargest(Float32Array.from(actual[name]), differences, 1e-6, name);
    }
  });
});

describe.each(BACKENDS)("mixtureNormalization on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(
    TABLE,
  )("of a batch is the reference, from the same start, within 5e-5 · (1 + |y|), with gradients within 1e-4: %s", (_, p) => {
    const { nu, mixture } = expectationMaximization(p, startOf(p), 2);
    const { y, gradients: actual } = differentiate(p, (x, gamma, beta) => {
      return mixtureNormalization(x, { ...configOf(p), gamma, beta });
    });
    expectClose(y, withAffine(p, normalize(p, nu, mixture)), 5e-5);
    expectGradients(actual, gradients(p, nu, mixture, p.dy, p.gamma, true));
    const [prior, mean, variance] = readAll(() => {
      const fitted = fitMixtureNormalization(placed(p.x, p), configOf(p));
      return [fitted.prior, fitted.mean, fitted.variance];
    });
    for (const [name, values] of Object.entries({ prior, mean, variance })) {
      expectCloseToLargest(values as Float32Array, mixture[name as keyof VectorMixture], 2e-5, name);
    }
  });

  it.each(TABLE)("of a given mixture is the reference: %s", (_, p) => {
    const mixture = randomMixture(p);
    const nu = responsibilities(p, mixture);
    const { y, gradients: actual } = differentiate(p, (x, gamma, beta) =>
      mixtureNormalization(x, { ...configOf(p), mixture: tensorsOf(mixture, p), gamma, beta }),
    );
    expectClose(y, withAffine(p, normalize(p, nu, mixture)), 5e-5);
    expectGradients(actual, gradients(p, nu, mixture, p.dy, p.gamma, false));
  });

  it("with one component is batch normalization", () => {
    const p = makeCase([3, 4, 5, 6], { components: 1 });
    const [actual, expected] = readAll(() => {
      const x = placed(p.x, p) as tf.Tensor4D;
      const { mean, variance } = tf.moments(x, [0, 1, 2]);
      const { gamma, beta } = affine(p);
      const [m, v] = [mean as tf.Tensor1D, variance as tf.Tensor1D];
      return [mixtureNormalization(x, configOf(p)), tf.batchNorm(x, m, v, beta, gamma, p.epsilon)];
    });
    expectClose(actual as Float32Array, expected as Float32Array, 5e-6);
  });

  it("finds clusters that are far apart, and normalizes each for itself", () => {
    const p = makeCase([600, 8], { components: 3, apart: 50 });
    const { prior, y } = tf.tidy(() => {
      const fitted = fitMixtureNormalization(placed(p.x, p), { ...configOf(p), gamma: undefined, beta: undefined });
      return { prior: fitted.prior.dataSync(), y: fitted.y.dataSync<"float32">() };
    });
    expectClose(prior, [1 / 3, 1 / 3, 1 / 3], 1e-6);
    const square = y.reduce((sum, value) => sum + value * value, 0) / y.length;
    // Each is standardized, times 1/√λ = √3.
    expect(square).toBeCloseTo(3, 1);
  });

  it("keeps its digits far from zero", () => {
    const p = makeCase([3000, 5], { components: 2 });
    p.x.forEach((x, i) => {
      p.x[i] = x + 1000;
    });
    const { mixture } = expectationMaximization(p, startOf(p), 2);
    const variance = read(() => fitMixtureNormalization(placed(p.x, p), configOf(p)).variance);
    expectCloseToLargest(variance, mixture.variance, 1e-4, "variance");
  });

  it("is the same for the same seed, and takes any number of EM steps", () => {
    const p = makeCase([50, 4], { apart: 0 });
    const run = (config: object) => read(() => mixtureNormalization(placed(p.x, p), { numComponents: 4, ...config }));
    expect(run({ seed: 7 })).toEqual(run({ seed: 7 }));
    expect(run({ seed: 0 })).toEqual(run({ seed: 0 }));
    expect(run({ seed: 7 })).not.toEqual(run({ seed: 8 }));
    for (const emSteps of [0, 1, 5]) {
      const { nu, mixture } = expectationMaximization(p, startOf(p), emSteps);
      expectClose(
        read(() => mixtureNormalization(placed(p.x, p), { numComponents: 3, seed: SEED, emSteps })),
        normalize(p, nu, mixture),
        5e-5,
      );
    }
  });

  it.each([
    ["one row", [1, 5], () => 1],
    ["rows that are all the same", [40, 5], () => 3.25],
    ["fewer distinct rows than components", [40, 5], (i: number) => Math.floor(i / 5) % 2],
    ["a channel without variance", [40, 5], (i: number) => (i % 5 === 2 ? 7 : Math.sin(i * i))],
    ["large numbers", [40, 5], (i: number) => (i % 7 === 0 ? 1e20 : Math.cos(i))],
  ] as const)("stays finite with %s", (_, shape, value) => {
    const p = makeCase([...shape], { components: 3 });
    p.x.forEach((_, i) => {
      p.x[i] = value(i);
    });
    const { y, gradients: actual } = differentiate(p, (x, gamma, beta) => {
      return mixtureNormalization(x, { ...configOf(p), gamma, beta });
    });
    const mixture = readAll(() => Object.values(fitMixtureNormalization(placed(p.x, p), configOf(p))));
    for (const values of [y, ...Object.values(actual), ...mixture]) expect(values.every(Number.isFinite)).toBe(true);
  });

  it("leaves components over where distinct rows are fewer, and normalizes with the others", () => {
    const p = makeCase([40, 4], { components: 4 });
    p.x.forEach((_, i) => {
      p.x[i] = Math.floor(i / 4) % 2;
    });
    const [prior, y] = readAll(() => {
      const fitted = fitMixtureNormalization(placed(p.x, p), { numComponents: 4 });
      return [fitted.prior, fitted.y];
    });
    expect(prior).toEqual(Float32Array.of(0.5, 0.5, 0, 0));
    expectClose(y as Float32Array, new Float32Array(160), 1e-6);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("keeps %s to its own row", (bad) => {
    const p = makeCase([150, 6]);
    const clean = makeCase([150, 6]);
    const rows = [0, 37, 149];
    for (const row of rows) p.x[row * 6 + 2] = bad;
    const kept = Array.from({ length: 150 }, (_, i) => i).filter((i) => !rows.includes(i));
    const mixture = randomMixture(p);
    const others = { ...clean, count: kept.length };
    const rest = (values: ArrayLike<number>) =>
      Float32Array.from(kept.flatMap((i) => Array.from(values).slice(i * 6, i * 6 + 6)));
    Object.assign(others, { x: rest(clean.x), dy: rest(clean.dy) });
    const [nu, prior, mean, variance] = readAll(() => {
      const inputs = { x: placed(p.x, p), ...tensorsOf(mixture, p) };
      return tf.engine().runKernel("MixtureNormEStep", inputs, { epsilon: p.epsilon, moments: true }) as unknown as tf.Tensor[];
    }) as [Float32Array, Float32Array, Float32Array, Float32Array];
    const fitted = moments(others, responsibilities(others, mixture), mixture);
    expectClose(mean, fitted.mean, 1e-5);
    expect(rows.every((row) => Number.isNaN(nu[row * 3]))).toBe(true);
    const inputs = { nu: tf.tensor2d(nu, [150, 3]), ...tensorsOf({ prior, mean, variance }, p), gamma: tf.tensor1d(p.gamma) };
    const [dx, dgamma] = readAll(() => {
      const all = { ...inputs, x: placed(p.x, p), dy: placed(p.dy, p) };
      return tf.engine().runKernel("MixtureNormGrad", all, { epsilon: p.epsilon, batch: true }) as unknown as tf.Tensor[];
    }) as [Float32Array, Float32Array];
    const expected = gradients(others, responsibilities(others, mixture), fitted, others.dy, p.gamma, true);
    expectCloseToLargest(rest(dx), expected.x, 1e-4, "x");
    expectCloseToLargest(dgamma, expected.gamma, 1e-4, "gamma");
    const y = read(() => mixtureNormalization(placed(p.x, p), { seed: SEED }));
    expect(rest(y).every(Number.isFinite)).toBe(true);
    for (const values of [y, dx]) {
      for (const row of rows) expect(values.subarray(row * 6, row * 6 + 6).every(Number.isNaN)).toBe(true);
    }
  });

  it("is all NaN, with a finite mixture, where every row is", () => {
    const results = readAll(() => Object.values(fitMixtureNormalization(tf.fill([9, 3], Number.NaN))));
    const [y, ...mixture] = results as [Float32Array, ...Float32Array[]];
    expect(y.every(Number.isNaN)).toBe(true);
    for (const values of mixture) expect(values.every(Number.isFinite)).toBe(true);
  });

  it.each([[[0, 3], -1] as const, [[2, 3, 0], 1] as const])("takes an empty tensor: shape [%s]", (shape, axis) => {
    const p = makeCase([...shape], { axis });
    const { y, gradients: actual } = differentiate(p, (x, gamma, beta) => {
      return mixtureNormalization(x, { ...configOf(p), gamma, beta });
    });
    expect(y.length).toBe(0);
    expect([...actual.gamma, ...actual.beta]).toEqual(Array(6).fill(0));
  });

  it.each([true, false])("has a second derivative; of a batch: %s", (batch) => {
    const p = makeCase([9, 3], { components: 2 });
    const mixture = randomMixture(p);
    const ones = new Float32Array(3).fill(1);
    const op = (x: tf.Tensor) =>
      batch
        ? mixtureNormalization(x, { numComponents: 2, seed: SEED })
        : mixtureNormalization(x, { mixture: tensorsOf(mixture, p) });
    const f = (x: tf.Tensor) => tf.sum(tf.mul(tf.square(op(x)), placed(p.dy, p)));
    const second = read(() => tf.grad((x) => tf.sum(tf.square(tf.grad(f)(x))))(placed(p.x, p)));
    const nu = batch ? expectationMaximization(p, startOf(p), 2).nu : responsibilities(p, mixture);
    const penalty = (x: Float64Array) => {
      const rows = { ...p, x };
      const own = batch ? moments(rows, nu, mixture) : mixture;
      const dy = normalize(rows, nu, own).map((y, i) => 2 * y * (p.dy[i] as number));
      return gradients(rows, nu, own, dy, ones, batch).x.reduce((sum, dx) => sum + dx * dx, 0);
    };
    const values = Float64Array.from(p.x);
    const differences = values.map((value, i) => {
      const moved = (h: number) => penalty(values.with(i, value + h));
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    expectCloseToLargest(second, differences, 1e-4, "second derivative");
  });

  it("leaves no tensor behind", () => {
    const p = makeCase([5, 4, 6], { axis: 1 });
    const x = placed(p.x, p);
    const run = () =>
      tf.tidy(() => {
        tf.grad((x: tf.Tensor) => mixtureNormalization(x, { axis: 1, seed: 1 }))(x);
        expect(() => mixtureNormalization(x, { gamma: [1] })).toThrow("argument");
      });
    run();
    const before = tf.memory();
    const y = mixtureNormalization(x, { axis: 1 });
    const { numTensors } = tf.memory();
    expect(numTensors).toBe(before.numTensors + 1);
    y.dispose();
    for (let i = 0; i < 20; i++) run();
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    x.dispose();
  });

  const mixture = () => ({ prior: [1], mean: [[0, 0]], variance: [[1, 1]] });
  it.each([
    [{ numComponents: 0 }, "argument 'numComponents' must be a positive integer, got 0"],
    [{ numComponents: 1.5 }, "argument 'numComponents' must be a positive integer, got 1.5"],
    [{ numComponents: 2 ** 22 }, "must have fewer rows or channels, or its mixture fewer components, got 1 rows of 2 numbers"],
    [{ emSteps: -1 }, "argument 'emSteps' must be an integer that is not negative, got -1"],
    [{ seed: "a" }, "argument 'seed' must be an integer, got a"],
    [{ axis: 2 }, "argument 'axis' must be an integer from -2 to 1, got 2"],
    [{ epsilon: -1 }, "argument 'epsilon' must be a finite number that is not negative, got -1"],
    [{ gamma: [1] }, "argument 'gamma' must have shape [2], got [1]"],
    [{ beta: [[1, 1]] }, "argument 'beta' must have shape [2], got [1, 2]"],
    [{ mixture: { ...mixture(), prior: [0.5, 0.5] } }, "argument 'prior' must have shape [1] or [1, 1], got [2]"],
    [{ mixture: { ...mixture(), prior: [-1] } }, "argument 'prior' must not be negative, got -1"],
    [{ mixture: { ...mixture(), mean: [[0]] } }, "argument 'mean' must have shape [K, 2] with K ≥ 1, got [1, 1]"],
    [{ mixture: { ...mixture(), variance: [[1, -1]] } }, "argument 'variance' must not be negative, got -1"],
    [{ mixture: { ...mixture(), variance: [1, 1] } }, "argument 'variance' must have shape [1, 2], got [2]"],
  ])("refuses %j", (config, message) => {
    tf.tidy(() => {
      const before = tf.memory().numTensors;
      expect(() => mixtureNormalization([[1, 2]], config as object)).toThrow(message);
      expect(tf.memory().numTensors).toBe(before);
    });
  });
  it("refuses what is no tensor", () => {
    expect(() => mixtureNormalization(undefined as unknown as tf.Tensor)).toThrow("mixtureNormalization: argument 'x' must be");
    expect(() => mixtureNormalization(tf.zeros([3, 0]))).toThrow("argument 'x' must have at least one channel");
  });
});

describe("mixtureNormalization over a copied memory", () => {
  beforeAll(() => useBackend("cpu"));

  it.each([
    [20_000, 12],
    [9000, 7],
  ])("goes through in pieces where the tensor is larger than the memory: [%i, %i]", (rows, channels) => {
    const p = makeCase([rows, channels]);
    const run = () => differentiate(p, (x, gamma, beta) => mixtureNormalization(x, { ...configOf(p), gamma, beta }));
    const whole = run();
    setCopyingMemoryLimit(2 ** 18);
    try {
      const pieces = run();
      expectClose(pieces.y, whole.y, 1e-5);
      for (const name of ["x", "gamma", "beta"] as const) {
        expectCloseToLargest(pieces.gradients[name], whole.gradients[name], 1e-5, name);
      }
    } finally {
      setCopyingMemoryLimit(2 ** 26);
    }
  });
});
