import * as tf from "@tensorflow/tfjs-core";
import { generator, normal, uniform } from "../../learning/random.js";
import type { Gradients as Reference } from "../../src/reference/mixture.js";
import {
  normalizeShrunk,
  normalizeShrunkGradients,
  normalizeStandardized,
  normalizeStandardizedGradients,
  type StandardizedProblem,
} from "../../src/reference/standardized.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { type CaseOptions, describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { type Case, check, checkAll, checkRefusal, checkSame, type Driver, differencesOf, type TensorDriver } from "./case.js";
import { GRADIENT_NAMES, type Gradients, type Problem as MixtureProblem, mixtureOf } from "./mixtureDriver.js";
import { differentiate, type Numbers, readOne, secondDerivative, tensorOf } from "./tensors.js";

// Activations with the batch's mean and variance taken out, which a prior mass shrinks toward moving ones: in Unsupervised Adaptive
// Normalization, and in batch normalization.

interface Moving {
  mean: Float32Array;
  variance: Float32Array;
  mass: number;
}

export interface Problem extends MixtureProblem {
  moving?: Moving | undefined;
}

/** What computes Unsupervised Adaptive Normalization of standardized activations. */
export interface StandardizedDriver extends Driver {
  standardize(problem: Problem): Promise<Float32Array>;
  /** The gradients of Σ dy·y. */
  standardizeGradients(problem: Problem, dy: Float32Array): Promise<Gradients>;
}

export interface StandardizedOptions extends CaseOptions {
  /** Of the prior. Default: there is none. */
  mass?: number;
  formula?: "uan" | "ucb";
  /** Added to all activations. Default 0.5. */
  center?: number;
}

/** A mixture of standardized activations, which have other means and deviations in each channel, with gamma and beta. */
export function makeStandardizedCase({ mass, formula, center = 0.5, ...options }: StandardizedOptions): Problem {
  const problem = makeCase(options);
  const { channels, inner, x } = problem;
  const next = generator(17);
  const [means, deviations] = [uniform(next, channels, -1, 1), uniform(next, channels, 0.5, 2)];
  x.forEach((value, i) => {
    const c = Math.floor(i / inner) % channels;
    x[i] = value * (deviations[c] as number) + (means[c] as number) + center;
  });
  const moving = {
    mean: means.map((value) => value + center + 0.3),
    variance: deviations.map((value) => 3 * value ** 2),
    mass: mass ?? 0,
  };
  return {
    ...problem,
    formula,
    moving: mass === undefined ? undefined : moving,
    gamma: uniform(next, channels, -2, 2),
    beta: uniform(next, channels, -1, 1),
  };
}

/** The config of the library's ops. */
export function configOf({ moving, axis, epsilon, formula, channels }: Problem) {
  const prior = moving && {
    movingMean: tensorOf([moving.mean, [channels]]),
    movingVariance: tensorOf([moving.variance, [channels]]),
    priorMass: moving.mass === 0 ? tf.scalar(0) : moving.mass,
  };
  return { axis, epsilon, formula, standardize: true, ...prior };
}

/** The library on the current backend. */
export function standardizedOnTensors(driver: TensorDriver): StandardizedDriver & TensorDriver {
  const op = driver.library.unsupervisedAdaptiveNormalization;
  return {
    ...driver,
    standardize: (problem) =>
      readOne(() => {
        const { x, shape, channels, gamma, beta } = problem;
        const affine = {
          ...(gamma && { gamma: tensorOf([gamma, [channels]]) }),
          ...(beta && { beta: tensorOf([beta, [channels]]) }),
        };
        return op(tf.tensor(x, shape), ...mixtureOf(problem), { ...configOf(problem), ...affine });
      }),
    async standardizeGradients(problem, dy) {
      const { x, mean, variance, prior, gamma, beta, shape, components, channels } = problem;
      const inputs: Record<keyof Gradients, Numbers> = {
        x: [x, shape],
        mean: [mean, [components, channels]],
        variance: [variance, [components, channels]],
        prior: [prior, [components]],
        gamma: [gamma ?? new Float32Array(channels).fill(1), [channels]],
        beta: [beta ?? new Float32Array(channels), [channels]],
      };
      const { gradients } = await differentiate(
        ({ x, mean, variance, prior, gamma, beta }) => op(x, mean, variance, prior, { ...configOf(problem), gamma, beta }),
        inputs,
        dy,
      );
      return gradients;
    },
  };
}

const normalLike = ({ x }: Problem) => normal(generator(3), x.length);
const referenceOf = (problem: Problem) => problem as StandardizedProblem;

/** With a part of y, so that the gradient of gamma is no small difference of large sums. */
function upstreamOf(problem: Problem): Float32Array {
  const { y } = normalizeStandardized({ ...referenceOf(problem), gamma: undefined, beta: undefined });
  return normalLike(problem).map((value, i) => value + 0.3 * (y[i] as number));
}

async function checkValues(driver: StandardizedDriver, problem: Problem, error = 5e-5): Promise<void> {
  expectClose(await driver.standardize(problem), normalizeStandardized(referenceOf(problem)).y, error * driver.leeway);
}

async function checkGradients(driver: StandardizedDriver, problem: Problem, dy = upstreamOf(problem)): Promise<void> {
  const expected: Reference = normalizeStandardizedGradients(referenceOf(problem), dy);
  const actual = await driver.standardizeGradients(problem, dy);
  for (const name of GRADIENT_NAMES) {
    // The gradient of a single activation is 0, except for rounding errors.
    const scale = name === "x" ? 1 : 0;
    expectCloseToLargest([...actual[name], scale], [...expected[name], scale], 1e-4 * driver.leeway, name);
  }
}

const describeMass = ({ mass, formula = "uan", ...options }: StandardizedOptions) =>
  `${describeCase(options)}, ${formula}, ${mass === undefined ? "no prior" : `prior mass ${mass}`}`;

/** Every shape, with one prior after the other. */
const MASSES = [undefined, 2, 8.5, Number.POSITIVE_INFINITY];
const OPTIONS: StandardizedOptions[] = [
  ...SHAPES.map((shape, i): StandardizedOptions => {
    const mass = MASSES[i % MASSES.length];
    return mass === undefined ? shape : { ...shape, mass };
  }),
  ...[1, 2, 3, 4, 5].flatMap((components) =>
    [undefined, 0, 2, Number.POSITIVE_INFINITY].flatMap((mass) =>
      (["uan", "ucb"] as const).map((formula): StandardizedOptions => {
        const options = { shape: [40, 6], components, formula, quick: components === 3 };
        return mass === undefined ? options : { ...options, mass };
      }),
    ),
  ),
  { shape: [2, 5, 33], axis: 1, mass: 2, quick: true },
  { shape: [1, 1, 7], mass: 2, quick: true },
];

/** For all drivers. */
export const CASES: Case<StandardizedDriver>[] = [
  ...OPTIONS.flatMap((options): Case<StandardizedDriver>[] => [
    {
      name: `equals the reference within 5e-5 · (1 + |y|): ${describeMass(options)}`,
      quick: options.quick === true,
      async run(driver) {
        const problem = makeStandardizedCase(options);
        await checkValues(driver, problem);
        await checkValues(driver, { ...problem, gamma: undefined, beta: undefined });
      },
    },
    {
      name: `has gradients within 1e-4 of their tensor's largest entry: ${describeMass(options)}`,
      quick: options.quick === true,
      run: (driver) => checkGradients(driver, makeStandardizedCase(options)),
    },
  ]),
  {
    name: "has gradients that finite differences of the reference confirm",
    quick: true,
    async run(driver) {
      for (const mass of [0, 2]) {
        const problem = makeStandardizedCase({ shape: [6, 3], components: 3, mass });
        const dy = normal(generator(5), problem.x.length);
        const actual = await driver.standardizeGradients(problem, dy);
        for (const name of GRADIENT_NAMES) {
          const differences = differencesOf(problem[name] as ArrayLike<number>, (values) =>
            normalizeStandardized({ ...referenceOf(problem), [name]: values }).y.reduce(
              (sum, y, i) => sum + y * (dy[i] as number),
              0,
            ),
          );
          expectCloseToLargest(actual[name], differences, 1e-4 * driver.leeway, name);
        }
      }
    },
  },
  {
    name: "keeps its digits where the mean is a thousand deviations away, those of gradients where it is ten thousand",
    async run(driver) {
      for (const options of [{ shape: [400, 5] }, { shape: [3, 4, 90], axis: 1 }]) {
        for (const mass of [0, 2, 500]) {
          await checkValues(driver, makeStandardizedCase({ ...options, mass, center: 1000 }));
          await checkGradients(driver, makeStandardizedCase({ ...options, mass, center: 10_000 }));
        }
      }
    },
  },
  {
    name: "has no error that grows with the number of activations",
    async run(driver) {
      const problem = makeStandardizedCase({ shape: [250_000, 2], components: 2, mass: 2 });
      await checkValues(driver, problem);
      const dy = new Float32Array(problem.x.length).fill(0.1);
      const expected = normalizeStandardizedGradients(referenceOf(problem), dy);
      const actual = await driver.standardizeGradients(problem, dy);
      for (const name of GRADIENT_NAMES) expectCloseToLargest(actual[name], expected[name], 1e-5 * driver.leeway, name);
    },
  },
  {
    name: "takes activations that are far from all components once they are standardized, gradients too",
    quick: true,
    async run(driver) {
      // An activation of n stands at most √n deviations from the mean.
      const far = makeStandardizedCase({ shape: [2000, 3], components: 3, mass: 2 });
      for (let c = 0; c < 3; c++) far.x[33 + c] = 1e3 * 10 ** (4 * c);
      await checkValues(driver, far);
      await checkGradients(driver, far);
      const inference = makeStandardizedCase({ shape: [8, 1], components: 3, mass: Number.POSITIVE_INFINITY });
      inference.x.set([1e3, -1e3, 1e6, -1e10, 1e15, -1e15, 0.5, -0.5]);
      await checkValues(driver, inference);
    },
  },
  {
    name: "with a prior of mass 0 has the bits that it has without one",
    quick: true,
    async run(driver) {
      const problem = makeStandardizedCase({ shape: [50, 6], components: 3, mass: 0 });
      const without = { ...problem, moving: undefined };
      const dy = normalLike(problem);
      checkSame(await driver.standardize(problem), await driver.standardize(without));
      const [actual, expected] = [await driver.standardizeGradients(problem, dy), await driver.standardizeGradients(without, dy)];
      for (const name of GRADIENT_NAMES) checkSame(actual[name], expected[name]);
    },
  },
  {
    name: "gives NaN to the channel of a NaN, and where the prior's mass is infinite to its place alone",
    quick: true,
    async run(driver) {
      const channels = 5;
      for (const mass of [2, Number.POSITIVE_INFINITY]) {
        for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
          const problem = makeStandardizedCase({ shape: [33, channels], components: 3, mass });
          const at = 17;
          problem.x[at] = bad;
          const dy = normalLike(problem);
          const y = await driver.standardize(problem);
          const { x } = await driver.standardizeGradients(problem, dy);
          for (const values of [y, x]) {
            const isFiniteAt = (i: number) => i !== at && (mass !== 2 || i % channels !== at % channels);
            checkSame(
              Array.from(values, (value) => Number(Number.isFinite(value))),
              Array.from(values, (_, i) => Number(isFiniteAt(i))),
            );
          }
        }
      }
    },
  },
  ...[{ shape: [0, 3] }, { shape: [2, 0, 3] }, { shape: [0, 4], components: 1 }].map(
    (options): Case<StandardizedDriver> => ({
      name: `takes an empty tensor, and has gradients of 0: ${describeCase(options)}`,
      quick: true,
      async run(driver) {
        for (const mass of [0, 2]) {
          const problem = makeStandardizedCase({ ...options, mass });
          checkSame(await driver.standardize(problem), []);
          const found = await driver.standardizeGradients(problem, new Float32Array(0));
          for (const name of GRADIENT_NAMES) {
            check(found[name].length === problem[name]?.length, `${name}: got ${found[name].length} numbers`);
            checkAll(found[name], name, (value) => value === 0);
          }
        }
      },
    }),
  ),
];

/** Batch normalization with the prior of a problem. */
function batchNormalization({ library }: TensorDriver, { shape, axis, epsilon, moving, channels, ...problem }: Problem) {
  const { x, gamma = [], beta = [] } = problem;
  const prior = moving && {
    mean: moving.mean,
    variance: moving.variance,
    priorMass: moving.mass === 0 ? tf.scalar(0) : moving.mass,
  };
  const inputs = { x: [x, shape], gamma: [gamma, [channels]], beta: [beta, [channels]] } satisfies Record<string, Numbers>;
  return differentiate(
    ({ x, gamma, beta }: Record<keyof typeof inputs, tf.Tensor>) =>
      library.batchNormalization(x, { axis, epsilon, gamma, beta, ...prior }),
    inputs,
    normal(generator(3), x.length),
  );
}

const OF_BATCH_NORMALIZATION: Case<TensorDriver>[] = [
  ...[
    { shape: [37, 5] },
    { shape: [1, 6] },
    { shape: [2, 4, 4, 6] },
    { shape: [5000, 1] },
    { shape: [300, 65] },
    { shape: [2, 3, 17], axis: 1 },
    { shape: [2, 3, 5], axis: 1 },
    { shape: [4, 7], axis: 0 },
  ].flatMap((options, i) =>
    [2, 500, Number.POSITIVE_INFINITY].map(
      (mass): Case<TensorDriver> => ({
        name: `batchNormalization equals the reference within 5e-5, its gradients within 1e-4: ${describeMass({ ...options, mass })}`,
        quick: i < 3,
        async run(driver) {
          for (const center of [0.5, 1000]) {
            const problem = makeStandardizedCase({ ...options, mass, center });
            const { y, gradients } = await batchNormalization(driver, problem);
            const shrunk = { ...problem, gamma: problem.gamma as Float32Array, beta: problem.beta as Float32Array };
            expectClose(y, normalizeShrunk(shrunk).y, 5e-5 * driver.leeway);
            const expected = normalizeShrunkGradients(shrunk, normalLike(problem));
            for (const name of ["x", "gamma", "beta"] as const) {
              expectCloseToLargest(gradients[name], expected[name], 1e-4 * driver.leeway, name);
            }
          }
        },
      }),
    ),
  ),
  {
    name: "batchNormalization has gradients with a prior mass that finite differences of the reference confirm",
    quick: true,
    async run(driver) {
      const problem = makeStandardizedCase({ shape: [6, 3], mass: 2 });
      const dy = normalLike(problem);
      const { gradients } = await batchNormalization(driver, problem);
      for (const name of ["x", "gamma", "beta"] as const) {
        const { gamma = [], beta = [], ...rest } = problem;
        const differences = differencesOf(problem[name] as ArrayLike<number>, (values) =>
          normalizeShrunk({ ...rest, gamma, beta, [name]: values }).y.reduce((sum, y, i) => sum + y * (dy[i] as number), 0),
        );
        expectCloseToLargest(gradients[name], differences, 1e-4 * driver.leeway, name);
      }
    },
  },
  {
    name: "batchNormalization with a prior of mass 0 is what it is without one",
    quick: true,
    async run(driver) {
      const problem = makeStandardizedCase({ shape: [50, 6], mass: 0 });
      const [actual, expected] = [
        await batchNormalization(driver, problem),
        await batchNormalization(driver, { ...problem, moving: undefined }),
      ];
      expectClose(actual.y, expected.y, 1e-5 * driver.leeway);
      expectClose(actual.gradients.x, expected.gradients.x, 1e-5 * driver.leeway);
    },
  },
  {
    name: "one component of mean 0 and variance 1, epsilon included, is batchNormalization with the same prior mass",
    quick: true,
    async run(driver) {
      for (const mass of [0, 2, Number.POSITIVE_INFINITY]) {
        const problem = makeStandardizedCase({ shape: [7, 5, 6], components: 1, mass });
        problem.mean.fill(0);
        problem.variance.fill(1 - problem.epsilon);
        problem.prior.fill(1);
        const onMixture = standardizedOnTensors(driver);
        const { y, gradients } = await batchNormalization(driver, problem);
        expectClose(await onMixture.standardize(problem), y, 5e-6 * driver.leeway);
        const actual = await onMixture.standardizeGradients(problem, normalLike(problem));
        for (const name of ["x", "gamma", "beta"] as const) {
          expectCloseToLargest(actual[name], gradients[name], 1e-5 * driver.leeway, name);
        }
      }
    },
  },
  {
    name: "batchNormalization takes an empty tensor with a prior mass, with gradients of 0",
    quick: true,
    async run(driver) {
      const { y, gradients } = await batchNormalization(driver, makeStandardizedCase({ shape: [0, 3], mass: 2 }));
      checkSame(y, []);
      checkSame(gradients.gamma, [0, 0, 0]);
      checkSame(gradients.beta, [0, 0, 0]);
    },
  },
];

type Op = (x: tf.Tensor, problem: Problem) => tf.Tensor;

const second = (
  name: string,
  opOf: (library: TensorDriver["library"]) => Op,
  slopes: (problem: Problem, x: Float64Array) => ArrayLike<number>,
): Case<TensorDriver> => ({
  name: `${name} has a second derivative`,
  quick: true,
  async run({ library, leeway }) {
    for (const mass of [0, 2]) {
      const affine = { gamma: undefined, beta: undefined };
      const problem = { ...makeStandardizedCase({ shape: [5, 3], components: 2, mass }), ...affine };
      const op = opOf(library);
      const actual = await secondDerivative((x) => tf.pow(op(x, problem), 3), [problem.x, problem.shape]);
      const differences = differencesOf(problem.x, (x) =>
        Array.from(slopes(problem, x)).reduce((sum, slope) => sum + slope * slope, 0),
      );
      expectCloseToLargest(actual, differences, 1e-4 * leeway, `second derivative, mass ${mass}`);
    }
  },
});

const cubeSlope = (y: number) => 3 * y * y;

/** For the library on tensors. */
export const CASES_OF_TENSORS: Case<StandardizedDriver & TensorDriver>[] = [
  ...CASES,
  ...OF_BATCH_NORMALIZATION,
  second(
    "unsupervisedAdaptiveNormalization",
    (library) => (x, problem) => library.unsupervisedAdaptiveNormalization(x, ...mixtureOf(problem), configOf(problem)),
    (problem, x) => {
      const moved = { ...referenceOf(problem), x };
      return normalizeStandardizedGradients(moved, normalizeStandardized(moved).y.map(cubeSlope)).x;
    },
  ),
  second(
    "batchNormalization with a prior mass",
    (library) =>
      (x, { axis, epsilon, moving, channels }) => {
        const [mean, variance] = [moving?.mean ?? [], moving?.variance ?? []].map((values) => tensorOf([values, [channels]]));
        const prior = { mean: mean as tf.Tensor, variance: variance as tf.Tensor, priorMass: tf.scalar(moving?.mass ?? 0) };
        return library.batchNormalization(x, { axis, epsilon, ...prior });
      },
    (problem, x) => {
      const [gamma, beta] = [1, 0].map((value) => new Float32Array(problem.channels).fill(value)) as [Float32Array, Float32Array];
      const moved = { ...problem, gamma, beta, x };
      return normalizeShrunkGradients(moved, normalizeShrunk(moved).y.map(cubeSlope)).x;
    },
  ),
  ...(
    [
      ["no moving mean", { priorMass: 2 }, "argument 'movingMean' must be given where priorMass is not 0"],
      [
        "a moving variance of another length",
        { priorMass: 2, movingMean: [0, 0, 0, 0], movingVariance: [1, 1] },
        "argument 'movingVariance' must have shape [4], got [2]",
      ],
      ["a negative prior mass", { priorMass: -1 }, "argument 'priorMass' must be a number that is not negative, got -1"],
      ["a prior mass of NaN", { priorMass: Number.NaN }, "argument 'priorMass' must be a number that is not negative, got NaN"],
    ] as const
  ).map(
    ([refused, config, message]): Case<TensorDriver> => ({
      name: `complains by name of ${refused}`,
      quick: true,
      async run({ library: { unsupervisedAdaptiveNormalization } }) {
        const mixture = [tf.zeros([1, 4]), tf.ones([1, 4]), tf.ones([1])] as const;
        tf.tidy(() =>
          checkRefusal(
            () => unsupervisedAdaptiveNormalization(tf.zeros([3, 4]), ...mixture, { standardize: true, ...config } as never),
            message,
          ),
        );
        tf.dispose([...mixture]);
      },
    }),
  ),
  {
    name: "leaves no tensor behind",
    async run(driver) {
      const problem = makeStandardizedCase({ shape: [6, 3], mass: 2 });
      const { numTensors } = tf.memory();
      await driver.standardize(problem);
      await driver.standardizeGradients(problem, normalLike(problem));
      await batchNormalization(driver, problem);
      const left = tf.memory().numTensors - numTensors;
      check(left === 0, `got ${left} tensors`);
    },
  },
];
