import * as tf from "@tensorflow/tfjs-core";
import { generator, normal, uniform } from "../../learning/random.js";
import { gradientsByBatch, normalizeByBatch } from "../../src/reference/batchMoments.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { type CaseOptions, describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { type Case, check, checkAll, checkSame, differencesOf, type TensorDriver } from "./case.js";
import { GRADIENT_NAMES, type MixtureDriver, mixtureOf, type Problem } from "./mixtureDriver.js";
import { readOne, secondDerivative, tensorOf } from "./tensors.js";

// unsupervisedAdaptiveNormalization with moments "batch".

type Options = Required<Pick<Problem, "componentWeights" | "priorMass">>;

const OPTIONS: Options[] = [
  { componentWeights: "equal", priorMass: 0 },
  { componentWeights: "prior", priorMass: 2.5 },
  { componentWeights: "prior", priorMass: 0 },
  { componentWeights: "equal", priorMass: Number.POSITIVE_INFINITY },
];

const describeOptions = ({ componentWeights, priorMass }: Options) => `weights ${componentWeights}, prior mass ${priorMass}`;

/** A case with gamma and beta, and moving moments that are not those of the batch. */
export function makeBatchCase(shape: CaseOptions, options: Options): Problem {
  const problem = makeCase(shape);
  const { components, channels } = problem;
  const next = generator(7);
  return {
    ...problem,
    ...options,
    moments: "batch",
    gamma: uniform(next, channels, -2, 2),
    beta: uniform(next, channels, -1, 1),
    movingMean: uniform(next, components * channels, -1, 1),
    movingVariance: uniform(next, components * channels, 0.3, 1),
  };
}

const normalLike = ({ x }: Problem) => normal(generator(5), x.length);

export async function checkBatchValues(driver: MixtureDriver, problem: Problem, error = 5e-5): Promise<void> {
  expectClose(await driver.normalize(problem), normalizeByBatch(problem).y, error * driver.leeway);
}

export async function checkBatchGradients(driver: MixtureDriver, problem: Problem, error = 1e-4): Promise<void> {
  const dy = normalLike(problem);
  const expected = gradientsByBatch(problem, dy);
  const actual = await driver.gradients(problem, dy);
  for (const name of GRADIENT_NAMES) expectCloseToLargest(actual[name], expected[name], error * driver.leeway, name);
}

const ofShapes = SHAPES.flatMap((shape, i): Case<MixtureDriver>[] => {
  // A batch of one activation in a channel has a gradient of 0 without a prior: what rounding leaves is compared with nothing.
  const isOne = shape.shape.every((size, axis, { length }) => size === 1 || axis === ((shape.axis ?? -1) + length) % length);
  const options = OPTIONS[isOne ? 1 : i % OPTIONS.length] as Options;
  const make = () => makeBatchCase(shape, options);
  const described = `${describeCase(shape)}, ${describeOptions(options)}`;
  const quick = shape.quick === true;
  return [
    {
      name: `equals the reference within 5e-5 · (1 + |y|): ${described}`,
      quick,
      run: (driver) => checkBatchValues(driver, make()),
    },
    {
      name: `has gradients within 1e-4 of the largest entry: ${described}`,
      quick,
      run: (driver) => checkBatchGradients(driver, make()),
    },
  ];
});

const ofOptions = OPTIONS.flatMap((options): Case<MixtureDriver>[] => {
  const isInference = options.priorMass === Number.POSITIVE_INFINITY;
  const cases: Case<MixtureDriver>[] = [
    {
      name: "has gradients that finite differences of the reference confirm",
      quick: true,
      async run(driver) {
        const problem = makeBatchCase({ shape: [6, 3] }, options);
        const dy = normalLike(problem);
        const actual = await driver.gradients(problem, dy);
        for (const name of GRADIENT_NAMES) {
          const differences = differencesOf(problem[name] as ArrayLike<number>, (values) =>
            normalizeByBatch({ ...problem, [name]: values }).y.reduce((sum, y, i) => sum + y * (dy[i] as number), 0),
          );
          expectCloseToLargest(actual[name], differences, 1e-4 * driver.leeway, name);
        }
      },
    },
    {
      name: "keeps its digits where means are large beside deviations",
      quick: true,
      async run(driver) {
        const problem = makeBatchCase({ shape: [300, 2], components: 2 }, options);
        for (const numbers of [problem.x, problem.mean, problem.movingMean as Float32Array]) {
          numbers.forEach((value, i) => {
            numbers[i] = Math.fround(value + 4096);
          });
        }
        await checkBatchValues(driver, problem);
        await checkBatchGradients(driver, problem);
      },
    },
    {
      name: "keeps its digits where the activations are far from the mixture",
      async run(driver) {
        const problem = makeBatchCase({ shape: [300, 2], components: 1 }, options);
        problem.x.forEach((value, i) => {
          problem.x[i] = value + 1000;
        });
        problem.movingMean = Float32Array.of(1000.5, 999);
        await checkBatchValues(driver, problem);
      },
    },
    {
      name: "leaves out a component without mass, gradients too",
      quick: true,
      async run(driver) {
        const problem = makeBatchCase({ shape: [40, 2], components: 3 }, options);
        problem.mean.set([1e6, -1e6], 2);
        await checkBatchValues(driver, problem);
        await checkBatchGradients(driver, problem);
      },
    },
    {
      name: "takes activations that are out of range, gradients of x too",
      quick: true,
      async run(driver) {
        const far = isInference ? [13, 50, 1e3, 1e6, 1e10, 1e18, 1e20, 1e30, 1e37] : [13, 50, 1e3, 1e6, 1e10, 1e15];
        for (const value of far) {
          const problem = makeBatchCase({ shape: [50, 2], components: 3 }, options);
          problem.x[20] = value;
          problem.x[31] = -value;
          await checkBatchValues(driver, problem);
          const dy = normalLike(problem);
          const { x } = await driver.gradients(problem, dy);
          expectCloseToLargest(x, gradientsByBatch(problem, dy).x, 1e-4 * driver.leeway, `x with ${value}`);
        }
      },
    },
    {
      name: `keeps NaN and infinity to their ${isInference ? "index" : "channel"}`,
      quick: true,
      async run(driver) {
        for (const components of [1, 3]) {
          for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
            const problem = makeBatchCase({ shape: [33, 5], components }, options);
            const clean = await driver.normalize(problem);
            const cleanGradients = await driver.gradients(problem, normalLike(problem));
            problem.x[17] = bad;
            const y = await driver.normalize(problem);
            const { x } = await driver.gradients(problem, normalLike(problem));
            for (const [actual, expected] of [[y, clean] as const, [x, cleanGradients.x] as const]) {
              const isOther = (i: number) => (isInference ? i !== 17 : i % 5 !== 17 % 5);
              const all = actual.map((value, i) => (isOther(i) ? value : (expected[i] as number)));
              checkSame(all, expected);
              checkAll(
                actual.filter((_, i) => !isOther(i)),
                "of what is not finite",
                (value) => !Number.isFinite(value),
              );
            }
          }
        }
      },
    },
  ];
  return cases.map((each) => ({ ...each, name: `${each.name}: ${describeOptions(options)}` }));
});

/** For all drivers. */
export const BATCH_CASES: Case<MixtureDriver>[] = [
  ...ofShapes,
  ...ofOptions,
  {
    name: "has no error that grows with the number of activations",
    async run(driver) {
      const problem = makeBatchCase({ shape: [100_000, 2], components: 2 }, { componentWeights: "prior", priorMass: 0 });
      await checkBatchValues(driver, problem, 2e-5);
      await checkBatchGradients(driver, problem, 3e-5);
    },
  },
  {
    name: "takes no variance for less than 2^-40",
    async run(driver) {
      const problem = makeBatchCase({ shape: [50, 1], components: 2, epsilon: 0 }, { componentWeights: "equal", priorMass: 0 });
      problem.x.fill(0.25);
      const y = await driver.normalize(problem);
      checkAll(y, "y", (value) => Math.abs(value - ((problem.beta as Float32Array)[0] as number)) < 1e-5 * driver.leeway);
    },
  },
  {
    name: "takes an empty tensor, and has gradients of 0",
    quick: true,
    async run(driver) {
      for (const options of OPTIONS) {
        const problem = makeBatchCase({ shape: [0, 3] }, options);
        check((await driver.normalize(problem)).length === 0, "got numbers");
        for (const [name, values] of Object.entries(await driver.gradients(problem, new Float32Array(0)))) {
          checkAll(values, name, (value) => value === 0);
        }
      }
    },
  },
];

/** For the library on tensors. */
export const BATCH_CASES_OF_TENSORS: Case<MixtureDriver & TensorDriver>[] = [
  ...BATCH_CASES,
  {
    name: "with one component and no prior mass is batch normalization",
    quick: true,
    async run({ library, leeway, normalize }) {
      const problem = makeBatchCase({ shape: [3, 7, 5, 6], components: 1 }, { componentWeights: "equal", priorMass: 0 });
      const { x, shape, gamma, beta, epsilon } = problem;
      const wanted = await readOne(() =>
        library.batchNormalization(tf.tensor(x, shape), {
          epsilon,
          gamma: tensorOf([gamma as Float32Array, [6]]),
          beta: tensorOf([beta as Float32Array, [6]]),
        }),
      );
      expectClose(await normalize(problem), wanted, 1e-6 * leeway);
    },
  },
  ...OPTIONS.map((options) => ({
    name: `has a second derivative: ${describeOptions(options)}`,
    quick: true,
    async run({ library, leeway }: TensorDriver) {
      const problem = { ...makeBatchCase({ shape: [4, 3], components: 2 }, options), gamma: undefined, beta: undefined };
      const { axis, epsilon, componentWeights, priorMass, movingMean, movingVariance } = problem;
      const actual = await secondDerivative(
        (x) =>
          tf.square(
            library.unsupervisedAdaptiveNormalization(x, ...mixtureOf(problem), {
              ...{ axis, epsilon, moments: "batch", componentWeights, priorMass },
              movingMean: tensorOf([movingMean as Float32Array, [2, 3]]),
              movingVariance: tensorOf([movingVariance as Float32Array, [2, 3]]),
            }),
          ),
        [problem.x, problem.shape],
      );
      const differences = differencesOf(problem.x, (x) => {
        const moved = { ...problem, x };
        const dy = normalizeByBatch(moved).y.map((y) => 2 * y);
        return gradientsByBatch(moved, dy).x.reduce((sum, dx) => sum + dx * dx, 0);
      });
      expectCloseToLargest(actual, differences, 1e-4 * leeway, "second derivative");
    },
  })),
];
