import * as tf from "@tensorflow/tfjs-core";
import { generator, normal, uniform } from "../../learning/random.js";
import { gradients, normalize } from "../../src/reference/mixture.js";
import { expectClose, expectCloseToLargest, rootMeanSquare } from "../helpers/closeness.js";
import { type CaseOptions, describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { type Case, check, checkAll, checkSame, differencesOf, type TensorDriver } from "./case.js";
import { GRADIENT_NAMES, type MixtureDriver, mixtureOf, type Problem } from "./mixtureDriver.js";
import { readOne, secondDerivative } from "./tensors.js";

type Formula = "uan" | "ucb";

export function withAffine(problem: Problem): Problem {
  const next = generator(7);
  return { ...problem, gamma: uniform(next, problem.channels, -2, 2), beta: uniform(next, problem.channels, -1, 1) };
}

export async function checkValues(driver: MixtureDriver, problem: Problem, error: number): Promise<void> {
  expectClose(await driver.normalize(problem), normalize(problem), error * driver.leeway);
}

export async function checkGradients(driver: MixtureDriver, problem: Problem, dy: Float32Array): Promise<void> {
  const expected = gradients(problem, dy);
  const actual = await driver.gradients(problem, dy);
  for (const name of GRADIENT_NAMES) expectCloseToLargest(actual[name], expected[name], 1e-4 * driver.leeway, name);
}

const normalLike = ({ x }: Problem) => normal(generator(3), x.length);
const onesLike = ({ x }: Problem) => new Float32Array(x.length).fill(1);

function withFormula(formula: Formula): Case<MixtureDriver>[] {
  const make = (options: CaseOptions): Problem => ({ ...makeCase(options), formula });
  const cases: Case<MixtureDriver>[] = [
    ...SHAPES.flatMap((options): Case<MixtureDriver>[] => [
      {
        name: `equals the reference within 5e-5 · (1 + |y|): ${describeCase(options)}`,
        quick: options.quick === true,
        async run(driver) {
          await checkValues(driver, make(options), 5e-5);
          await checkValues(driver, withAffine(make(options)), 5e-5);
        },
      },
      {
        name: `has gradients within 1e-4 of their tensor's largest entry: ${describeCase(options)}`,
        quick: options.quick === true,
        async run(driver) {
          const problem = withAffine(make(options));
          await checkGradients(driver, problem, normalLike(problem));
        },
      },
    ]),
    {
      name: "has a root mean square error below 5e-6 within 8 deviations of a component",
      async run(driver) {
        for (const components of [1, 2, 3, 8]) {
          const problem = make({ shape: [4096, 16], components });
          const error = rootMeanSquare(await driver.normalize(problem), normalize(problem));
          check(error < 5e-6 * driver.leeway, `K = ${components}: got ${error}`);
        }
      },
    },
    {
      name: "has no error that grows with the number of activations, in the gradients' sums",
      async run(driver) {
        const problem = make({ shape: [250_000, 2], components: 2 });
        const dy = Float32Array.from({ length: problem.x.length }, () => 0.1);
        const expected = gradients(problem, dy);
        const actual = await driver.gradients(problem, dy);
        for (const name of ["mean", "variance", "prior", "gamma", "beta"] as const) {
          expectCloseToLargest(actual[name], expected[name], 1e-5 * driver.leeway, name);
        }
      },
    },
    {
      name: "has gradients that finite differences of the reference confirm",
      quick: true,
      async run(driver) {
        const problem = withAffine(make({ shape: [6, 3], components: 3 }));
        const dy = normal(generator(5), problem.x.length);
        const actual = await driver.gradients(problem, dy);
        for (const name of GRADIENT_NAMES) {
          const differences = differencesOf(problem[name] as ArrayLike<number>, (values) =>
            normalize({ ...problem, [name]: values }).reduce((sum, y, i) => sum + y * (dy[i] as number), 0),
          );
          expectCloseToLargest(actual[name], differences, 1e-4 * driver.leeway, name);
        }
      },
    },
    {
      name: "follows the nearest component far from all of them ('ucb' with epsilon 0), without overflow, gradients too",
      quick: true,
      async run(driver) {
        const far = [13, 20, 50, 1e3, 1e6, 1e10, 1e18, 1e20, 1e30, 1e37];
        const problem = make({ shape: [2 * far.length + 1, 5], components: 3, epsilon: formula === "ucb" ? 0 : 1e-3 });
        problem.x.set(Array.from([...far, 0, ...far.map((x) => -x)], (x) => Array(5).fill(x)).flat());
        const y = await driver.normalize(problem);
        const expected = normalize(problem);
        for (let i = 0; i < y.length; i++) {
          const relative = Math.abs((y[i] as number) - (expected[i] as number)) / Math.abs(expected[i] as number);
          check(relative < 2e-5 * driver.leeway, `x = ${problem.x[i]}: got ${y[i]}, wanted ${expected[i]}`);
        }
        for (const each of [problem, withAffine(problem)]) {
          await checkValues(driver, each, 5e-5);
          const { x } = await driver.gradients(each, onesLike(each));
          expectClose(x, gradients(each, onesLike(each)).x, 1e-4 * driver.leeway);
        }
      },
    },
    {
      name: "tells well separated components apart, whichever is the widest",
      async run(driver) {
        const problem = make({ shape: [400, 2], components: 3, epsilon: formula === "ucb" ? 1e-9 : 0 });
        problem.mean.set([0, 100, 50, -30, -50, 0]);
        problem.variance.set([1e-6, 1, 1, 1e-6, 1, 4]);
        const next = generator(11);
        for (let i = 0; i < problem.x.length; i++) {
          const j = Math.floor(next() * 3) * 2 + (i % 2);
          problem.x[i] = (problem.mean[j] as number) + (next() - 0.5) * 8 * Math.sqrt(problem.variance[j] as number);
        }
        await checkValues(driver, problem, 5e-5);
        await checkGradients(driver, problem, normalLike(problem));
      },
    },
    ...[
      { shape: [33, 5], axis: -1, quick: true },
      { shape: [2, 3, 19], axis: 1, quick: false },
    ].map(({ shape, axis, quick }) => ({
      name: `keeps NaN and infinity to their own index, other results have the same bits: shape [${shape}], axis ${axis}`,
      quick,
      async run(driver: MixtureDriver) {
        for (const components of [1, 3]) {
          for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
            const plain = make({ shape, axis, components });
            for (const problem of [plain, withAffine({ ...plain, x: plain.x.slice() })]) {
              const dy = normalLike(problem);
              const clean = await driver.normalize(problem);
              const cleanGradients = await driver.gradients(problem, dy);
              const index = 17;
              problem.x[index] = bad;
              const y = await driver.normalize(problem);
              const { x } = await driver.gradients(problem, dy);
              check(!Number.isFinite(y[index]), `got ${y[index]} for ${bad}`);
              checkSame(y, clean, index);
              checkSame(x, cleanGradients.x, index);
            }
          }
        }
      },
    })),
    ...[1e-3, 0].map((epsilon) => ({
      name: `stays finite and right with variance 0 and 1e-12, epsilon ${epsilon}`,
      async run(driver: MixtureDriver) {
        const problem = make({ shape: [50, 1], components: 3, epsilon });
        problem.variance.set([0, 1e-12, 1]);
        await checkValues(driver, problem, 5e-5);
        await checkGradients(driver, problem, onesLike(problem));
      },
    })),
  ];
  return cases.map((each) => ({ ...each, name: `${formula}: ${each.name}` }));
}

/** For all drivers. */
export const CASES: Case<MixtureDriver>[] = [
  ...withFormula("uan"),
  ...withFormula("ucb"),
  ...[0, 1e-30, 2e-29, 1e-12, 1e-6, 1, 100].map((epsilon) => ({
    name: `takes epsilon ${epsilon} in the formula 'ucb', values and gradients`,
    async run(driver: MixtureDriver) {
      const problem: Problem = { ...withAffine(makeCase({ shape: [60, 5], components: 4, epsilon })), formula: "ucb" };
      problem.x.set(normal(generator(5), problem.x.length, 5));
      await checkValues(driver, problem, 5e-5);
      await checkGradients(driver, problem, normalLike(problem));
    },
  })),
  {
    name: "gives beta to what is far from all components in the formula 'ucb', and only to beta a gradient",
    async run(driver) {
      const far = [40, 1e3, 1e6, 1e10, 1e18, 1e20, 1e30, 3e38];
      const problem: Problem = { ...withAffine(makeCase({ shape: [2 * far.length, 3] })), formula: "ucb" };
      problem.x.set([...far, ...far.map((x) => -x)].flatMap((x) => [x, x, x]));
      await checkValues(driver, problem, 1e-7);
      const { beta, ...others } = await driver.gradients(problem, onesLike(problem));
      checkSame(beta, new Float32Array(3).fill(2 * far.length));
      for (const [name, values] of Object.entries(others)) checkAll(values, name, (value) => Math.abs(value) < 1e-9);
    },
  },
  {
    name: "stays finite and right with priors of 0 and near 0",
    async run(driver) {
      const problem = makeCase({ shape: [50, 3], components: 3 });
      problem.prior.set([1 - 1e-20, 1e-20, 0]);
      await checkValues(driver, problem, 5e-5);
      const all = await driver.gradients(problem, onesLike(problem));
      for (const [name, values] of Object.entries(all)) checkAll(values, name, Number.isFinite);
    },
  },
  ...[{ shape: [0, 3] }, { shape: [2, 0, 3] }, { shape: [0, 4], components: 1 }].map((options) => empty(options)),
];

function empty(options: CaseOptions): Case<MixtureDriver> {
  return {
    name: `takes an empty tensor, and has gradients of 0: ${describeCase(options)}`,
    quick: true,
    async run(driver) {
      for (const problem of [makeCase(options), withAffine(makeCase(options))]) {
        const y = await driver.normalize(problem);
        check(y.length === 0, `got ${y.length} numbers`);
        const found = await driver.gradients(problem, new Float32Array(0));
        for (const name of GRADIENT_NAMES) {
          const { length } = problem[name] ?? problem.beta ?? new Float32Array(problem.channels);
          check(found[name].length === length, `${name}: got ${found[name].length} numbers`);
          checkAll(found[name], name, (value) => value === 0);
        }
      }
    },
  };
}

const second = (formula: Formula): Case<TensorDriver> => ({
  name: `${formula}: has a second derivative`,
  quick: true,
  async run({ library, leeway }) {
    const problem: Problem = { ...makeCase({ shape: [4, 3], components: 2 }), formula };
    const { axis, epsilon } = problem;
    const actual = await secondDerivative(
      (x) => tf.square(library.unsupervisedAdaptiveNormalization(x, ...mixtureOf(problem), { axis, epsilon, formula })),
      [problem.x, problem.shape],
    );
    const differences = differencesOf(problem.x, (x) => {
      const moved = { ...problem, x };
      const dy = normalize(moved).map((y) => 2 * y);
      return gradients(moved, dy).x.reduce((sum, dx) => sum + dx * dx, 0);
    });
    expectCloseToLargest(actual, differences, 1e-4 * leeway, "second derivative");
  },
});

/** For the library on tensors. */
export const CASES_OF_TENSORS: Case<MixtureDriver & TensorDriver>[] = [
  ...CASES,
  second("uan"),
  second("ucb"),
  empty({ shape: [2, 3, 0], axis: 1 }),
  {
    name: "takes int32 and bool activations, plain numbers, a prior [K, 1]",
    quick: true,
    async run({ library, leeway }) {
      const { unsupervisedAdaptiveNormalization: op } = library;
      const mean = [[-1], [1]];
      const variance = [[1], [2]];
      const wanted = await readOne(() => op(tf.tensor2d([[0], [1]]), mean, variance, [0.5, 0.5]));
      const makes = [
        () => tf.tensor2d([[0], [1]], [2, 1], "int32"),
        () => tf.tensor2d([[0], [1]], [2, 1], "bool"),
        () => [[0], [1]],
      ];
      for (const make of makes) {
        expectClose(await readOne(() => op(make(), mean, variance, [[0.5], [0.5]])), wanted, 1e-6 * leeway);
      }
    },
  },
  {
    name: "equals the reference within 5e-5 · (1 + |y|) for int32 activations",
    quick: true,
    async run({ library, leeway }) {
      const problem = makeCase({ shape: [6, 5] });
      problem.x = problem.x.map(Math.round);
      const { axis, epsilon } = problem;
      const y = await readOne(() => {
        const x = tf.tensor(Int32Array.from(problem.x), problem.shape, "int32");
        return library.unsupervisedAdaptiveNormalization(x, ...mixtureOf(problem), { axis, epsilon });
      });
      expectClose(y, normalize(problem), 5e-5 * leeway);
    },
  },
];
