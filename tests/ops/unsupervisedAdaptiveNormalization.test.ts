import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import { FORMULAS } from "../../src/arguments.js";
import { setCopyingMemoryLimit, unsupervisedAdaptiveNormalization } from "../../src/index.js";
import { gradients, normalize } from "../../src/reference/mixture.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest, rootMeanSquare } from "../helpers/closeness.js";
import { type Case, type CaseOptions, describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { read, readAll, tensorsOf } from "../helpers/tensors.js";

function forward(problem: Case): Float32Array {
  const { axis, epsilon, formula } = problem;
  return read(() => {
    const { x, mean, variance, prior } = tensorsOf(problem);
    const gamma = problem.gamma && tf.tensor1d(Array.from(problem.gamma));
    const beta = problem.beta && tf.tensor1d(Array.from(problem.beta));
    return unsupervisedAdaptiveNormalization(x, mean, variance, prior, {
      axis,
      epsilon,
      formula,
      ...(gamma && { gamma }),
      ...(beta && { beta }),
    });
  });
}

/** Gradients of Σ dy·y by tf.grads, in the order of `names`. */
function backward(problem: Case, dy: Float32Array): Record<string, Float32Array> {
  const { axis, epsilon, formula, channels, shape } = problem;
  const names = ["x", "mean", "variance", "prior", "gamma", "beta"];
  const results = readAll(() => {
    const { x, mean, variance, prior } = tensorsOf(problem);
    const gamma = tf.tensor1d(Array.from(problem.gamma ?? new Float32Array(channels).fill(1)));
    const beta = tf.tensor1d(Array.from(problem.beta ?? new Float32Array(channels)));
    const f = (...[x, mean, variance, prior, gamma, beta]: tf.Tensor[]) =>
      unsupervisedAdaptiveNormalization(x as tf.Tensor, mean as tf.Tensor, variance as tf.Tensor, prior as tf.Tensor, {
        axis,
        epsilon,
        formula,
        gamma: gamma as tf.Tensor,
        beta: beta as tf.Tensor,
      });
    return tf.grads(f)([x, mean, variance, prior, gamma, beta], tf.tensor(dy, shape));
  });
  return Object.fromEntries(names.map((name, i) => [name, results[i] as Float32Array]));
}

function withAffine(problem: Case): Case {
  const next = generator(7);
  return { ...problem, gamma: uniform(next, problem.channels, -2, 2), beta: uniform(next, problem.channels, -1, 1) };
}

const VARIANTS = BACKENDS.flatMap((backend) => FORMULAS.map((formula) => ({ backend, formula })));

describe.each(VARIANTS)("unsupervisedAdaptiveNormalization on $backend, formula $formula", ({ backend, formula }) => {
  beforeAll(() => useBackend(backend));

  const make = (options: CaseOptions): Case => ({ ...makeCase(options), formula });

  it.each(
    SHAPES.map((options) => [describeCase(options), options] as const),
  )("equals the reference within 5e-5 · (1 + |y|): %s", (_, options) => {
    const problem = make(options);
    expectClose(forward(problem), normalize(problem), 5e-5);
    expectClose(forward(withAffine(problem)), normalize(withAffine(problem)), 5e-5);
  });

  it.each(
    SHAPES.map((options) => [describeCase(options), options] as const),
  )("has gradients within 1e-4 of their tensor's largest entry: %s", (_, options) => {
    const problem = withAffine(make(options));
    const dy = normal(generator(3), problem.x.length);
    const expected = gradients(problem, dy);
    for (const [name, actual] of Object.entries(backward(problem, dy))) {
      expectCloseToLargest(actual, expected[name as keyof typeof expected], 1e-4, name);
    }
  });

  it("has a root mean square error below 5e-6 within 8 deviations of a component", () => {
    for (const components of [1, 2, 3, 8]) {
      const problem = make({ shape: [4096, 16], components });
      expect(rootMeanSquare(forward(problem), normalize(problem))).toBeLessThan(5e-6);
    }
  });

  it("has no error that grows with the number of activations, in the gradients' sums", () => {
    const problem = make({ shape: [250_000, 2], components: 2 });
    const dy = Float32Array.from({ length: problem.x.length }, () => 0.1);
    const expected = gradients(problem, dy);
    const actual = backward(problem, dy);
    for (const name of ["mean", "variance", "prior", "gamma", "beta"] as const) {
      expectCloseToLargest(actual[name] as Float32Array, expected[name], backend === "device" ? 1e-3 : 1e-5, name);
    }
  });

  it("has gradients that finite differences of the reference confirm", () => {
    const problem = withAffine(make({ shape: [6, 3], components: 3 }));
    const dy = normal(generator(5), problem.x.length);
    const actual = backward(problem, dy);
    const loss = (p: Case) => normalize(p).reduce((sum, y, i) => sum + y * (dy[i] as number), 0);
    for (const name of ["x", "mean", "variance", "prior", "gamma", "beta"] as const) {
      const values = Float64Array.from(problem[name] as ArrayLike<number>);
      const differences = values.map((value, i) => {
        const moved = (h: number) => loss({ ...problem, [name]: values.with(i, value + h) } as unknown as Case);
        return (moved(1e-5) - moved(-1e-5)) / 2e-5;
      });
      expectCloseToLargest(actual[name] as Float32Array, differences, 1e-4, name);
    }
  });

  it("follows the nearest component far from all of them ('ucb' with epsilon 0), without overflow, gradients too", () => {
    const far = [13, 20, 50, 1e3, 1e6, 1e10, 1e18, 1e20, 1e30, 1e37];
    const problem = make({ shape: [2 * far.length + 1, 5], components: 3, epsilon: formula === "ucb" ? 0 : 1e-3 });
    problem.x.set(Array.from([...far, 0, ...far.map((x) => -x)], (x) => Array(5).fill(x)).flat());
    const y = forward(problem);
    const expected = normalize(problem);
    for (let i = 0; i < y.length; i++) {
      const relative = Math.abs((y[i] as number) - (expected[i] as number)) / Math.abs(expected[i] as number);
      expect(relative, `x = ${problem.x[i]}: got ${y[i]}, wanted ${expected[i]}`).toBeLessThan(2e-5);
    }
    const dx = backward(problem, new Float32Array(problem.x.length).fill(1)).x as Float32Array;
    const expectedDx = gradients(problem, new Float32Array(problem.x.length).fill(1)).x;
    expectClose(dx, expectedDx, 1e-4);
  });

  it("tells well separated components apart, whichever is the widest", () => {
    const problem = make({ shape: [400, 2], components: 3, epsilon: formula === "ucb" ? 1e-9 : 0 });
    problem.mean.set([0, 100, 50, -30, -50, 0]);
    problem.variance.set([1e-6, 1, 1, 1e-6, 1, 4]);
    const next = generator(11);
    for (let i = 0; i < problem.x.length; i++) {
      const j = Math.floor(next() * 3) * 2 + (i % 2);
      problem.x[i] = (problem.mean[j] as number) + (next() - 0.5) * 8 * Math.sqrt(problem.variance[j] as number);
    }
    expectClose(forward(problem), normalize(problem), 5e-5);
    const dy = normal(generator(3), problem.x.length);
    const expected = gradients(problem, dy);
    for (const [name, actual] of Object.entries(backward(problem, dy))) {
      expectCloseToLargest(actual, expected[name as keyof typeof expected], 1e-4, name);
    }
  });

  it.each([
    [[33, 5], -1] as const,
    [[2, 3, 19], 1] as const,
  ])("keeps NaN and infinity to their own place: shape [%s], axis %i", (shape, axis) => {
    for (const components of [1, 3]) {
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const problem = make({ shape: [...shape], axis, components });
        const dy = normal(generator(3), problem.x.length);
        const clean = forward(problem);
        const cleanDx = backward(problem, dy).x as Float32Array;
        const place = 17;
        problem.x[place] = bad;
        const y = forward(problem);
        const dx = backward(problem, dy).x as Float32Array;
        expect(Number.isFinite(y[place])).toBe(false);
        for (let i = 0; i < y.length; i++) {
          if (i === place) continue;
          expect(y[i]).toBe(clean[i]);
          expect(dx[i]).toBe(cleanDx[i]);
        }
      }
    }
  });

  it.each([
    ["variance 0 and 1e-12, epsilon 1e-3", 1e-3, [0, 1e-12, 1]],
    ["variance 0 and 1e-12, epsilon 0", 0, [0, 1e-12, 1]],
  ])("stays finite and right with %s", (_, epsilon, variances) => {
    const problem = make({ shape: [50, 1], components: 3, epsilon });
    problem.variance.set(variances);
    const expected = normalize(problem);
    const y = forward(problem);
    expectClose(y, expected, 5e-5);
    const dy = new Float32Array(problem.x.length).fill(1);
    const expectedGradients = gradients(problem, dy);
    for (const [name, actual] of Object.entries(backward(problem, dy))) {
      expectCloseToLargest(actual, expectedGradients[name as keyof typeof expectedGradients], 1e-4, name);
    }
  });

  it("has a second derivative", () => {
    const problem = make({ shape: [4, 3], components: 2 });
    const { x, mean, variance, prior } = tensorsOf(problem);
    const f = (x: tf.Tensor) => tf.sum(tf.square(unsupervisedAdaptiveNormalization(x, mean, variance, prior, { formula })));
    const second = read(() => tf.grad((x) => tf.sum(tf.square(tf.grad(f)(x))))(x));
    const penalty = (values: Float64Array) => {
      const p = { ...problem, x: values };
      const dy = normalize(p).map((y) => 2 * y);
      return gradients(p, dy).x.reduce((sum, dx) => sum + dx * dx, 0);
    };
    const values = Float64Array.from(problem.x);
    const differences = values.map((value, i) => {
      const moved = (h: number) => penalty(values.with(i, value + h));
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    expectCloseToLargest(second, differences, 1e-4, "second derivative");
  });
});

describe.each(BACKENDS)("unsupervisedAdaptiveNormalization on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it("with one component is tf.batchNorm", () => {
    const problem = withAffine(makeCase({ shape: [3, 7, 5, 6], components: 1 }));
    problem.prior[0] = 1;
    const expected = read(() => {
      const { x, mean, variance } = tensorsOf(problem);
      const [m, v] = [mean, variance].map((t) => tf.reshape(t, [6])) as [tf.Tensor1D, tf.Tensor1D];
      const [offset, scale] = [problem.beta, problem.gamma].map((t) => tf.tensor1d(Array.from(t as Float32Array)));
      return tf.batchNorm(x as tf.Tensor4D, m, v, offset, scale, problem.epsilon);
    });
    expectClose(forward(problem), expected, 2e-6);
  });

  it.each([0, 1e-30, 2e-29, 1e-12, 1e-6, 1, 100])("takes epsilon %f in the formula 'ucb', values and gradients", (epsilon) => {
    const problem: Case = { ...withAffine(makeCase({ shape: [60, 5], components: 4, epsilon })), formula: "ucb" };
    problem.x.set(normal(generator(5), problem.x.length, 5));
    expectClose(forward(problem), normalize(problem), 5e-5);
    const dy = normal(generator(3), problem.x.length);
    const expected = gradients(problem, dy);
    for (const [name, actual] of Object.entries(backward(problem, dy))) {
      expectCloseToLargest(actual, expected[name as keyof typeof expected], 1e-4, name);
    }
  });

  it("gives beta to what is far from all components in the formula 'ucb', and only to beta a gradient", () => {
    const far = [40, 1e3, 1e6, 1e10, 1e18, 1e20, 1e30, 3e38];
    const problem: Case = { ...withAffine(makeCase({ shape: [2 * far.length, 3] })), formula: "ucb" };
    problem.x.set([...far, ...far.map((x) => -x)].flatMap((x) => [x, x, x]));
    expectClose(forward(problem), normalize(problem), 1e-7);
    const { beta, ...others } = backward(problem, new Float32Array(problem.x.length).fill(1));
    expect(beta).toEqual(new Float32Array(3).fill(2 * far.length));
    for (const [name, values] of Object.entries(others)) {
      expect(
        values.every((value) => Math.abs(value) < 1e-9),
        name,
      ).toBe(true);
    }
  });

  it("stays finite and right with priors of 0 and near 0", () => {
    const problem = makeCase({ shape: [50, 3], components: 3 });
    problem.prior.set([1 - 1e-20, 1e-20, 0]);
    expectClose(forward(problem), normalize(problem), 5e-5);
    const dy = new Float32Array(problem.x.length).fill(1);
    for (const values of Object.values(backward(problem, dy))) expect(values.every(Number.isFinite)).toBe(true);
  });

  it.each([
    [[0, 3], -1] as const,
    [[2, 0, 3], -1] as const,
    [[2, 3, 0], 1] as const,
  ])("takes an empty tensor: shape [%s]", (shape, axis) => {
    const problem = makeCase({ shape: [...shape], axis });
    expect(forward(problem).length).toBe(0);
    for (const [name, values] of Object.entries(backward(problem, new Float32Array(0)))) {
      expect(
        values.every((value) => value === 0),
        name,
      ).toBe(true);
    }
  });

  it("takes int32 and bool activations, plain numbers, a prior [K, 1]", () => {
    const mean = [[-1], [1]];
    const variance = [[1], [2]];
    const wanted = read(() => unsupervisedAdaptiveNormalization(tf.tensor2d([[0], [1]]), mean, variance, [0.5, 0.5]));
    for (const x of [tf.tensor2d([[0], [1]], [2, 1], "int32"), tf.tensor2d([[0], [1]], [2, 1], "bool"), [[0], [1]]]) {
      expectClose(
        read(() => unsupervisedAdaptiveNormalization(x, mean, variance, [[0.5], [0.5]])),
        wanted,
        1e-6,
      );
    }
  });

  it("leaves the caller's tensors as they were", () => {
    const problem = makeCase({ shape: [100, 7] });
    const tensors = Object.values(tensorsOf(problem));
    const before = tensors.map((t) => t.dataSync().slice());
    const [x, mean, variance, prior] = tensors as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    tf.tidy(() => {
      const f = (x: tf.Tensor) => unsupervisedAdaptiveNormalization(x, mean, variance, prior);
      tf.grad(f)(x);
    });
    tensors.forEach((t, i) => {
      expect(t.isDisposed).toBe(false);
      expect(t.dataSync()).toEqual(before[i]);
    });
  });

  it("gives gradients to tf.variableGrads", () => {
    const problem = makeCase({ shape: [20, 3], components: 2 });
    const { x, mean, variance, prior } = tensorsOf(problem);
    const variables = [mean, variance, prior].map((t, i) => tf.variable(t, true, `uan_${backend}_${i}`));
    const [m, v, p] = variables as [tf.Variable, tf.Variable, tf.Variable];
    const { grads } = tf.variableGrads(() => tf.sum(unsupervisedAdaptiveNormalization(x, m, v, p)) as tf.Scalar, variables);
    const expected = gradients(problem, new Float32Array(problem.x.length).fill(1));
    [expected.mean, expected.variance, expected.prior].forEach((values, i) => {
      const actual = (grads[`uan_${backend}_${i}`] as tf.Tensor).dataSync<"float32">();
      expectCloseToLargest(actual, values, 1e-4, String(i));
    });
  });
});

describe("unsupervisedAdaptiveNormalization over a copied memory", () => {
  beforeAll(() => useBackend("cpu"));

  it.each([
    { shape: [20_000, 12], axis: -1 },
    { shape: [20_000, 3], axis: -1 },
    { shape: [2, 3, 40_000], axis: 1 },
    { shape: [9000, 3, 5], axis: 1 },
  ])("goes through in pieces where the tensor is larger than the memory: $shape, axis $axis", (options) => {
    setCopyingMemoryLimit(2 ** 17);
    try {
      const problem = makeCase(options);
      expectClose(forward(problem), normalize(problem), 5e-5);
      const dy = normal(generator(3), problem.x.length);
      const expected = gradients(problem, dy);
      for (const [name, actual] of Object.entries(backward(problem, dy))) {
        expectCloseToLargest(actual, expected[name as keyof typeof expected], 1e-4, name);
      }
    } finally {
      setCopyingMemoryLimit(2 ** 26);
    }
  });

  it("says so where not even the parameters fit", () => {
    setCopyingMemoryLimit(2 ** 16);
    try {
      const problem = makeCase({ shape: [2, 5000] });
      expect(() => forward(problem)).toThrow(/needs \d+ bytes of memory, more than the limit of 65536/);
    } finally {
      setCopyingMemoryLimit(2 ** 26);
    }
  });
});
