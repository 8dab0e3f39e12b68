import * as tf from "@tensorflow/tfjs-core";
import { moments, responsibilities } from "../../src/reference/mixture.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { type CaseOptions, describeCase, makeCase, SHAPES } from "../helpers/problems.js";
import { type Case, check, checkAll, checkSame, type TensorDriver } from "./case.js";
import { type MixtureDriver, MOMENT_NAMES, mixtureOf } from "./mixtureDriver.js";
import { readOne } from "./tensors.js";

/** Of responsibilities and moments, whose formula does not know 'ucb'. */
const QUICK: CaseOptions[] = [{ shape: [5, 6], components: 1, quick: true }];
const ALL: CaseOptions[] = [...SHAPES, ...QUICK];

export const RESPONSIBILITIES: Case<MixtureDriver>[] = [
  ...ALL.map((options) => ({
    name: `equals the reference within 1e-5: ${describeCase(options)}`,
    quick: options.quick === true,
    async run(driver: MixtureDriver) {
      const problem = makeCase(options);
      expectClose(await driver.responsibilities(problem), responsibilities(problem), 1e-5 * driver.leeway);
    },
  })),
  {
    name: "gives all to the nearest component far out, and NaN to what is not finite, in its place only",
    quick: true,
    async run(driver) {
      const problem = makeCase({ shape: [8, 1], components: 3 });
      problem.x.set([1e3, -1e3, 1e20, -3e38, Number.NaN, Number.POSITIVE_INFINITY, 0.5, -0.5]);
      const tau = await driver.responsibilities(problem);
      const expected = responsibilities(problem);
      expectClose(tau.subarray(0, 12), expected.subarray(0, 12), 1e-5 * driver.leeway);
      checkAll(tau.subarray(12, 18), "of what is not finite", Number.isNaN);
      expectClose(tau.subarray(18), expected.subarray(18), 1e-5 * driver.leeway);
    },
  },
  ...[
    { shape: [0, 3], components: 3 },
    { shape: [0, 4], components: 1 },
  ].map((options) => ({
    name: `takes an empty tensor: ${describeCase(options)}`,
    quick: true,
    async run(driver: MixtureDriver) {
      checkSame(await driver.responsibilities(makeCase(options)), []);
    },
  })),
];

export const RESPONSIBILITIES_OF_TENSORS: Case<MixtureDriver & TensorDriver>[] = [
  ...RESPONSIBILITIES,
  {
    name: "has the shape x.shape + [K]",
    quick: true,
    async run({ library }) {
      const problem = makeCase({ shape: [2, 3, 4], axis: 1, components: 5 });
      const tau = tf.tidy(() =>
        library.mixtureResponsibilities(tf.tensor(problem.x, [2, 3, 4]), ...mixtureOf(problem), { axis: 1 }),
      );
      tau.dispose();
      check(tau.shape.join() === "2,3,4,5", `got [${tau.shape}]`);
    },
  },
  {
    name: "takes int32",
    quick: true,
    async run({ library, leeway }) {
      const problem = makeCase({ shape: [6, 5] });
      problem.x = problem.x.map(Math.round);
      const { axis, epsilon } = problem;
      const tau = await readOne(() => {
        const x = tf.tensor(Int32Array.from(problem.x), problem.shape, "int32");
        return library.mixtureResponsibilities(x, ...mixtureOf(problem), { axis, epsilon });
      });
      expectClose(tau, responsibilities(problem), 1e-5 * leeway);
    },
  },
];

export const MOMENTS: Case<MixtureDriver>[] = [
  ...ALL.map((options) => ({
    name: `equals the reference within 1e-4 of the largest entry: ${describeCase(options)}`,
    quick: options.quick === true,
    async run(driver: MixtureDriver) {
      const problem = makeCase(options);
      const expected = moments(problem);
      const actual = await driver.moments(problem);
      for (const name of MOMENT_NAMES) expectCloseToLargest(actual[name], expected[name], 1e-4 * driver.leeway, name);
    },
  })),
  {
    name: "keeps its digits where the activations are far from the component's mean",
    async run(driver) {
      const problem = makeCase({ shape: [5000, 3], components: 1 });
      problem.x.forEach((x, i) => {
        problem.x[i] = x + 1000;
      });
      expectCloseToLargest((await driver.moments(problem)).variance, moments(problem).variance, 1e-3, "variance");
    },
  },
  {
    name: "an activation whose square overflows has no part in a component that is not responsible for it, within 1e-4",
    quick: true,
    async run(driver) {
      const problem = makeCase({ shape: [40, 1], components: 2 });
      problem.mean.fill(0);
      problem.variance.set([1, 4]);
      problem.x[7] = 1e20;
      const expected = moments(problem);
      const actual = await driver.moments(problem);
      for (const name of MOMENT_NAMES) {
        expectCloseToLargest(actual[name].slice(0, 1), expected[name].slice(0, 1), 1e-4 * driver.leeway, name);
      }
    },
  },
  {
    name: "has no error that grows with the number of activations",
    async run(driver) {
      const problem = makeCase({ shape: [100_003, 2], components: 2 });
      const expected = moments(problem);
      const actual = await driver.moments(problem);
      for (const name of MOMENT_NAMES) expectCloseToLargest(actual[name], expected[name], 1e-5 * driver.leeway, name);
    },
  },
  {
    name: "counts every activation once",
    async run(driver) {
      const problem = makeCase({ shape: [1_000_003, 1], components: 2 });
      problem.mean.fill(0);
      problem.variance.set([1, 2]);
      const { mass } = await driver.moments(problem);
      const sum = (mass[0] as number) + (mass[1] as number);
      check(Math.abs(sum - 1_000_003) < 5, `got ${sum}`);
    },
  },
  ...[{ shape: [0, 3] }, { shape: [2, 0, 3] }, { shape: [0, 4], components: 1 }].map((options) => ({
    name: `keeps what it was given where there are no activations: ${describeCase(options)}`,
    quick: true,
    async run(driver: MixtureDriver) {
      const problem = makeCase(options);
      const { mass, mean, variance } = await driver.moments(problem);
      checkSame(mass, new Float32Array(problem.mean.length));
      checkSame(mean, problem.mean);
      checkSame(variance, problem.variance);
    },
  })),
];
