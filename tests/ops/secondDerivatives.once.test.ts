import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal, uniform } from "../../learning/random.js";
import * as library from "../../src/index.js";
import { kmeansInit } from "../../src/ops/mixtureNormalization.js";
import { gradients as mixtureGradients } from "../../src/reference/mixture.js";
import {
  expectationMaximization,
  moments,
  responsibilities,
  gradients as rowGradients,
} from "../../src/reference/mixtureNormalization.js";
import { normalizeSetsGradients } from "../../src/reference/normalization.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { readAll } from "../helpers/tensors.js";

type Values = Record<string, ArrayLike<number>>;

/** An op, and the gradients of Σ dy·y that the reference has in float64. Every input is differentiated by, dy among them. */
interface Subject {
  shapes: Record<string, number[]>;
  values: Record<string, Float32Array>;
  op(inputs: Record<string, tf.Tensor>): tf.Tensor;
  gradients(values: Values): Values;
}

const sizeOf = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const productOf = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);

/** Weights of the entries of a gradient, whose weighted sum is differentiated. */
const weightsOf = (shape: number[]) => normal(generator(17), sizeOf(shape));

/** How far an input is moved for a difference quotient: (f(a + step) − f(a − step))/(2 step). */
const stepAt = (value: number) => 1e-5 * Math.max(Math.abs(value), 1);

/** The derivatives of Σ weights·(gradient of `of`) with respect to `by`, by differences. */
function differences({ values, shapes, gradients }: Subject, of: string, by: string): Float64Array {
  const given = Float64Array.from(values[by] as Float32Array);
  const weights = weightsOf(shapes[of] as number[]);
  return given.map((value, i) => {
    const step = stepAt(value);
    const moved = (to: number) => productOf(weights, gradients({ ...values, [by]: given.with(i, to) })[of] as Float64Array);
    return (moved(value + step) - moved(value - step)) / (2 * step);
  });
}

/** The same by TensorFlow.js, for every input. */
function derivatives({ values, shapes, op }: Subject, of: string): Record<string, Float32Array> {
  const names = Object.keys(values);
  const named = (tensors: tf.Tensor[]) => Object.fromEntries(names.map((name, i) => [name, tensors[i] as tf.Tensor]));
  const first = (tensors: tf.Tensor[]) => {
    const { dy, ...inputs } = named(tensors);
    const loss = (given: tf.Tensor) => tf.sum(tf.mul(op({ ...inputs, [of]: given }), dy as tf.Tensor));
    return tf.grad(loss)(inputs[of] as tf.Tensor);
  };
  const results = readAll(() => {
    const tensors = names.map((name) => tf.tensor(values[name] as Float32Array, shapes[name] as number[]));
    const weights = tf.tensor(weightsOf(shapes[of] as number[]), shapes[of] as number[]);
    return tf.grads((...given: tf.Tensor[]) => {
      const sum = tf.sum(tf.mul(first(given), weights));
      // TensorFlow.js throws where a function does not depend on an input, as no gradient depends on beta.
      return given.reduce((total: tf.Tensor, input) => tf.add(total, tf.mul(tf.sum(input), 0)), sum);
    })(tensors);
  });
  return Object.fromEntries(names.map((name, i) => [name, results[i] as Float32Array]));
}

function expectSecondDerivatives(subject: Subject, of: string): void {
  const first = productOf(weightsOf(subject.shapes[of] as number[]), subject.gradients(subject.values)[of] as Float64Array);
  // Some are 0, but for rounding errors; and differences of large numbers are none of small ones.
  const scale = Math.max(1, 1e-6 * Math.abs(first));
  for (const [by, actual] of Object.entries(derivatives(subject, of))) {
    expectCloseToLargest([...actual, scale], [...differences(subject, of, by), scale], 1e-4, `∂²/∂${of}∂${by}`);
  }
}

function mixture(shape: number[], axis: number, components: number, formula: "uan" | "ucb", x?: Float32Array): Subject {
  const next = generator(3);
  const channels = shape.at(axis) as number;
  const at = (axis + shape.length) % shape.length;
  const [outer, inner] = [sizeOf(shape.slice(0, at)), sizeOf(shape.slice(at + 1))];
  const weights = uniform(next, components, 0.2, 1);
  const ofMixture = [components, channels];
  const config = { axis, formula, epsilon: 1e-2 };
  const shapes = {
    x: shape,
    mean: ofMixture,
    variance: ofMixture,
    prior: [components],
    gamma: [channels],
    beta: [channels],
    dy: shape,
  };
  const values = {
    x: x ?? normal(next, sizeOf(shape), 1.5),
    mean: uniform(next, components * channels, -1.5, 1.5),
    variance: uniform(next, components * channels, 0.3, 1.5),
    prior: weights.map((weight) => weight / weights.reduce((a, b) => a + b)),
    gamma: uniform(next, channels, 0.5, 2),
    beta: uniform(next, channels, -1, 1),
    dy: normal(next, sizeOf(shape)),
  };
  return {
    shapes,
    values,
    op: ({ x, mean, variance, prior, gamma, beta }) =>
      library.unsupervisedAdaptiveNormalization(
        x as tf.Tensor,
        mean as tf.Tensor,
        variance as tf.Tensor,
        prior as tf.Tensor,
        { ...config, gamma, beta } as object,
      ),
    gradients: ({ dy, ...rest }) => {
      const problem = { ...rest, ...config, outer, channels, inner, components };
      return mixtureGradients(problem as unknown as Parameters<typeof mixtureGradients>[0], dy as Float64Array) as never;
    },
  };
}

/** A normalization by mean and variance of x itself. */
function own(
  shape: number[],
  parameters: number[],
  sizes: { slices: number; outer: number; channels: number; inner: number; groups: number; rms?: boolean },
  op: (x: tf.Tensor, config: object) => tf.Tensor,
): Subject {
  const next = generator(5);
  const epsilon = 1e-2;
  return {
    shapes: { x: shape, gamma: parameters, beta: parameters, dy: shape },
    values: {
      x: normal(next, sizeOf(shape), 1.5, 1),
      gamma: uniform(next, sizeOf(parameters), 0.5, 2),
      beta: uniform(next, sizeOf(parameters), -1, 1),
      dy: normal(next, sizeOf(shape)),
    },
    op: ({ x, gamma, beta }) => op(x as tf.Tensor, { gamma, beta, epsilon }),
    gradients: ({ dy, ...rest }) => normalizeSetsGradients({ ...rest, ...sizes, epsilon } as never, dy as Float64Array) as never,
  };
}

/** Batch normalization by a mean and a variance that are given: unsupervised adaptive normalization by one component. */
function inference(shape: number[], axis: number): Subject {
  const { shapes, values, gradients } = mixture(shape, axis, 1, "uan");
  const { prior, ...others } = values;
  const channels = shapes.gamma as number[];
  return {
    shapes: { ...shapes, mean: channels, variance: channels },
    values: others as Record<string, Float32Array>,
    op: ({ x, ...config }) => library.batchNormalization(x as tf.Tensor, { axis, epsilon: 1e-2, ...config }),
    gradients: (given) => gradients({ ...given, prior: [1] }),
  };
}

/** Mixture normalization. Responsibilities, and in inference the mixture, are constants. */
function rows(shape: [number, number], batch: boolean): Subject {
  const [count, channels] = shape;
  const next = generator(7);
  const components = 2;
  const epsilon = 1e-2;
  const seed = 5;
  const values = {
    x: normal(next, count * channels, 1.5),
    gamma: uniform(next, channels, 0.5, 2),
    beta: uniform(next, channels, -1, 1),
    dy: normal(next, count * channels),
  };
  const fixed = {
    prior: Float32Array.of(0.4, 0.6),
    mean: normal(next, components * channels),
    variance: uniform(next, components * channels, 0.3, 2),
  };
  const problem = { count, channels, components, epsilon };
  const start = () => {
    const [prior, mean, variance] = readAll(() => kmeansInit(tf.tensor2d(values.x, shape), components, seed));
    return { prior, mean, variance } as typeof fixed;
  };
  const given = { ...problem, x: values.x };
  let nu: Float64Array;
  return {
    shapes: { x: shape, gamma: [channels], beta: [channels], dy: shape },
    values,
    op({ x, gamma, beta }) {
      const ofMixture = [components, channels] as [number, number];
      const mixture = {
        prior: tf.tensor1d(fixed.prior),
        mean: tf.tensor2d(fixed.mean, ofMixture),
        variance: tf.tensor2d(fixed.variance, ofMixture),
      };
      const config = batch ? { numComponents: components, seed } : { mixture };
      return library.mixtureNormalization(x as tf.Tensor, { epsilon, gamma, beta, ...config });
    },
    gradients: ({ x, gamma, dy }) => {
      nu ??= batch ? expectationMaximization(given, start(), 2).nu : responsibilities(given, fixed);
      const moved = { ...problem, x: x as Float64Array };
      const used = batch ? moments(moved, nu, fixed) : fixed;
      return rowGradients(moved, nu, used, dy as Float64Array, gamma as Float64Array, batch) as never;
    },
  };
}

/** Activations that many deviations from a mixture, about. */
const FAR = [13, 20, 50, 300, 1e3, 1e4, 1e6, 1e10, 1e18, 1e30].flatMap((x) => [x, -x]);

const { batchNormalization, groupNormalization, instanceNormalization, layerNormalization, rmsNormalization } = library;

const SUBJECTS: Record<string, Subject> = {
  ...Object.fromEntries(
    (["uan", "ucb"] as const).flatMap((formula) => [
      [`unsupervisedAdaptiveNormalization, ${formula}`, mixture([5, 2], -1, 3, formula)],
      [`unsupervisedAdaptiveNormalization, ${formula}, one component`, mixture([5, 2], -1, 1, formula)],
      [`unsupervisedAdaptiveNormalization, ${formula}, one channel`, mixture([7], 0, 2, formula)],
      [`unsupervisedAdaptiveNormalization, ${formula}, channels before others`, mixture([2, 3, 2], 1, 2, formula)],
    ]),
  ),
  batchNormalization: own([6, 3], [3], { slices: 1, outer: 6, channels: 3, inner: 1, groups: 3 }, batchNormalization),
  "batchNormalization, axis 1": own([2, 3, 4], [3], { slices: 1, outer: 2, channels: 3, inner: 4, groups: 3 }, (x, config) =>
    batchNormalization(x, { axis: 1, ...config }),
  ),
  "batchNormalization by a given mean and variance": inference([5, 3], -1),
  "batchNormalization by a given mean and variance, axis 1": inference([2, 3, 2], 1),
  groupNormalization: own([2, 3, 4], [4], { slices: 2, outer: 3, channels: 4, inner: 1, groups: 2 }, (x, config) =>
    groupNormalization(x, { groups: 2, ...config }),
  ),
  instanceNormalization: own([2, 5, 3], [3], { slices: 2, outer: 5, channels: 3, inner: 1, groups: 3 }, instanceNormalization),
  layerNormalization: own([4, 5], [5], { slices: 4, outer: 1, channels: 5, inner: 1, groups: 1 }, layerNormalization),
  "layerNormalization over two axes": own(
    [2, 3, 2],
    [3, 2],
    { slices: 2, outer: 1, channels: 6, inner: 1, groups: 1 },
    (x, config) => layerNormalization(x, { axis: [1, 2], ...config }),
  ),
  rmsNormalization: own([4, 5], [5], { slices: 4, outer: 1, channels: 5, inner: 1, groups: 1, rms: true }, rmsNormalization),
  mixtureNormalization: rows([9, 3], true),
  "mixtureNormalization by a given mixture": rows([5, 3], false),
};

const TABLE = Object.entries(SUBJECTS).flatMap(([name, subject]) =>
  Object.keys(subject.values)
    .filter((of) => of !== "dy")
    .map((of) => [name, of, subject] as const),
);

describe.each([...BACKENDS, "native"])("second derivatives on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(TABLE)("are those of differences: %s, the gradient of %s by every input", (_, of, subject) => {
    expectSecondDerivatives(subject, of);
  });

  it.each(["uan", "ucb"] as const)("are those of differences far from a mixture, formula %s", (formula) => {
    for (const x of FAR) {
      const subject = mixture([1, 1], -1, 3, formula, Float32Array.of(x));
      for (const of of ["x", "mean", "variance", "prior", "gamma"]) expectSecondDerivatives(subject, of);
    }
  });

  it("are those of a gradient penalty without gamma and beta, of one component and of several", () => {
    const { unsupervisedAdaptiveNormalization: normalize } = library;
    const next = generator(1);
    const x = tf.tensor2d(normal(next, 12), [6, 2]);
    for (const components of [1, 2]) {
      const ofMixture: [number, number] = [components, 2];
      const prior = new Float32Array(components).fill(1 / components);
      const mean = normal(next, components * 2);
      const variance = uniform(next, components * 2, 0.5, 1.5);
      const penalty = (mean: tf.Tensor, variance: tf.Tensor) =>
        tf.sum(tf.square(tf.grad((x: tf.Tensor) => tf.sum(normalize(x, mean, variance, prior)))(x)));
      const actual = readAll(() => tf.grads(penalty)([tf.tensor2d(mean, ofMixture), tf.tensor2d(variance, ofMixture)]));
      const problem = { outer: 6, channels: 2, inner: 1, components, epsilon: 1e-3, x: x.dataSync(), mean, variance, prior };
      const ones = new Float32Array(12).fill(1);
      const penaltyOf = (given: object) => {
        const { x } = mixtureGradients({ ...problem, ...given }, ones);
        return productOf(x, x);
      };
      for (const [i, name] of (["mean", "variance"] as const).entries()) {
        const values = Float64Array.from(problem[name]);
        const expected = values.map((value, j) => {
          const moved = (step: number) => penaltyOf({ [name]: values.with(j, value + step) });
          return (moved(1e-5) - moved(-1e-5)) / 2e-5;
        });
        expectCloseToLargest(actual[i] as Float32Array, expected, 1e-4, name);
      }
    }
  });

  it("take a variance at its bound for what the bound is, as gradients do", () => {
    const deviation = 2 ** -20;
    const x = Float32Array.from([-2, -0.5, 0.25, 1, 3], (z) => z * deviation);
    const problem = {
      ...{ outer: 5, channels: 1, inner: 1, components: 2, epsilon: 0 },
      ...{ x, mean: [0, deviation], variance: [0, 0], prior: [0.5, 0.5] },
    };
    const dy = new Float32Array(5).fill(1);
    // ∂²y/∂x∂σ² by differences in x: a variance below the bound makes no difference.
    const values = Float64Array.from(x);
    const step = 1e-5 * deviation;
    const expected = [0, 1].map((k) =>
      values.reduce((sum, value, i) => {
        const moved = (to: number) => mixtureGradients({ ...problem, x: values.with(i, to) }, dy).variance[k] as number;
        return sum + (moved(value + step) - moved(value - step)) / (2 * step);
      }, 0),
    );
    const [actual] = readAll(() => {
      const first = (variance: tf.Tensor) =>
        tf.grad((x: tf.Tensor) =>
          tf.sum(library.unsupervisedAdaptiveNormalization(x, [[0], [deviation]], variance, [0.5, 0.5], { epsilon: 0 })),
        )(tf.tensor2d(x, [5, 1]));
      return [tf.grad((variance: tf.Tensor) => tf.sum(first(variance)))(tf.zeros([2, 1]))];
    });
    expectCloseToLargest(actual as Float32Array, expected, 1e-4, "variance");
    expect(Math.min(...expected.map(Math.abs))).toBeGreaterThan(1e15);
  });
});
