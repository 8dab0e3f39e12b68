import * as tf from "@tensorflow/tfjs-core";
import { generator, normal, uniform } from "../../learning/random.js";
import type { fitMixtureNormalization, kmeansInit } from "../../src/ops/mixtureNormalization.js";
import {
  expectationMaximization,
  gradients,
  moments,
  normalize,
  type Rows,
  responsibilities,
  type VectorMixture,
} from "../../src/reference/mixtureNormalization.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { type Case, check, checkAll, checkRefusal, checkSame, differencesOf, type TensorDriver } from "./case.js";
import { differentiate, read, readOne, secondDerivative } from "./tensors.js";

/** The library with functions that the package does not export. */
export interface FittingDriver extends TensorDriver {
  fitMixtureNormalization: typeof fitMixtureNormalization;
  kmeansInit: typeof kmeansInit;
}

export interface Problem extends Rows {
  shape: number[];
  axis: number;
  /** [N, C] */
  x: Float32Array;
  /** The mixture from which the rows were drawn. */
  clusters: VectorMixture;
  gamma: Float32Array;
  beta: Float32Array;
  dy: Float32Array;
}

/** Rows around K centers, as the reference has them. @param apart the distance of the centers, in deviations */
export function makeProblem(shape: number[], { axis = -1, components = 3, epsilon = 1e-3, apart = 1.5, seed = 1 } = {}): Problem {
  const next = generator(seed);
  const channels = shape.at(axis) as number;
  const count = shape.reduce((a, b) => a * b, 1) / channels;
  const mean = normal(next, components * channels, apart);
  const clusters = {
    prior: new Float32Array(components).fill(1 / components),
    mean,
    variance: new Float32Array(components * channels).fill(1),
  };
  const x = normal(next, count * channels).map((value, i) => {
    const k = Math.floor(i / channels) % components;
    return value + (mean[k * channels + (i % channels)] as number);
  });
  const gamma = uniform(next, channels, -2, 2);
  const beta = uniform(next, channels, -1, 1);
  const dy = normal(next, x.length);
  return { shape, axis, count, channels, components, epsilon, x, clusters, gamma, beta, dy };
}

/** The axes of a problem's tensor, the channels' last. */
function orderOf({ shape, axis }: Problem): number[] {
  const last = axis < 0 ? axis + shape.length : axis;
  return [...shape.keys()].filter((i) => i !== last).concat(last);
}

/** [N, C] as a tensor of the problem's shape. */
function placed(values: ArrayLike<number>, problem: Problem): tf.Tensor {
  const order = orderOf(problem);
  const moved = tf.tensor(
    Float32Array.from(values),
    order.map((axis) => problem.shape[axis] as number),
  );
  return tf.transpose(
    moved,
    order.map((_, axis) => order.indexOf(axis)),
  );
}

const SEED = 5;
const configOf = ({ components, axis, epsilon }: Problem) => ({ numComponents: components, axis, epsilon, seed: SEED });
export const withAffine = (p: Problem, y: Float64Array) =>
  y.map((value, i) => value * (p.gamma[i % p.channels] as number) + (p.beta[i % p.channels] as number));

/** The mixture that the op starts from. */
const startOf = ({ kmeansInit }: FittingDriver, { x, count, channels, components }: Problem): Promise<VectorMixture> =>
  read(() => {
    const [prior, mean, variance] = kmeansInit(tf.tensor2d(x, [count, channels]), components, SEED);
    return { prior, mean, variance } as Record<keyof VectorMixture, tf.Tensor>;
  });

/** y, and the gradients of x, gamma and beta, as rows. @param mixture that is given; else one is fitted */
export async function normalizeBy({ library }: TensorDriver, problem: Problem, mixture?: VectorMixture) {
  const { x, dy, gamma, beta, channels } = problem;
  const order = orderOf(problem);
  const rowsOf = (tensor: tf.Tensor) => tf.transpose(tensor, order);
  // The op is differentiated through the transposes, so that its gradient is in rows, too.
  const op = (tensors: Record<"x" | "gamma" | "beta", tf.Tensor>) => {
    const back = order.map((_, axis) => order.indexOf(axis));
    const given = mixture && { mixture: tensorsOf(mixture, problem) };
    const config = { ...configOf(problem), ...given, gamma: tensors.gamma, beta: tensors.beta };
    return rowsOf(library.mixtureNormalization(tf.transpose(tensors.x, back), config));
  };
  const moved = order.map((axis) => problem.shape[axis] as number);
  return differentiate(op, { x: [x, moved], gamma: [gamma, [channels]], beta: [beta, [channels]] }, dy);
}

type Differentiated = Awaited<ReturnType<typeof normalizeBy>>;

function checkNormalized(
  { leeway }: TensorDriver,
  p: Problem,
  actual: Differentiated,
  nu: Float64Array,
  mixture: VectorMixture,
  batch: boolean,
): void {
  expectClose(actual.y, withAffine(p, normalize(p, nu, mixture)), 5e-5 * leeway);
  const expected = gradients(p, nu, mixture, p.dy, p.gamma, batch);
  for (const name of ["x", "gamma", "beta"] as const) {
    expectCloseToLargest(actual.gradients[name], expected[name], 1e-4 * leeway, name);
  }
}

const fitOf = ({ fitMixtureNormalization }: FittingDriver, problem: Problem, config: object = configOf(problem)) =>
  read(() => {
    const { y, prior, mean, variance } = fitMixtureNormalization(placed(problem.x, problem), config);
    return { y, prior, mean, variance } as Record<"y" | keyof VectorMixture, tf.Tensor>;
  });

export const randomMixture = ({ components, channels }: Problem): VectorMixture => {
  const next = generator(9);
  const weights = uniform(next, components, 0.2, 1);
  return {
    prior: weights.map((w) => w / weights.reduce((a, b) => a + b)),
    mean: normal(next, components * channels),
    variance: uniform(next, components * channels, 0.3, 2),
  };
};
const tensorsOf = ({ prior, mean, variance }: VectorMixture, { components, channels }: Problem) => ({
  prior: tf.tensor1d(Array.from(prior)),
  mean: tf.tensor2d(Array.from(mean), [components, channels]),
  variance: tf.tensor2d(Array.from(variance), [components, channels]),
});

type Options = { axis?: number; components?: number };

/** Those of every runtime. */
const QUICK: Array<[shape: number[], options: Options]> = [
  [[12, 5], { components: 1 }],
  [[24, 5], { components: 2 }],
  [[3, 4, 4, 6], {}],
  [[8, 8, 8, 20], {}],
];

/** Around the vector, the tile of rows, the block of rows, the chunk of a row, and the rows that the start looks at. */
const PROBLEMS: Array<[shape: number[], options?: Options]> = [
  ...QUICK,
  ...[1, 2, 3, 4, 5, 7, 8, 12, 63, 64, 65, 130].map((channels) => [[37, channels]] as [number[]]),
  ...[3, 4, 5, 8, 63, 64, 65, 129].map((rows) => [[rows, 6], { components: 2 }] as [number[], Options]),
  ...[1, 2, 3, 5].flatMap((components) => [
    [[203, 9], { components }] as [number[], Options],
    [[100, 16], { components }] as [number[], Options],
  ]),
  [[2500, 5]],
  [[70, 1030], { components: 2 }],
  [[6, 5, 7]],
  [[2, 2, 3, 4, 5], { components: 2 }],
  [[5, 40], { axis: 0 }],
  [[9, 5, 6], { axis: 1 }],
  [[9, 5, 1], { axis: 1 }],
  [[2, 8, 5, 5], { axis: -3 }],
];

const describeProblem = (shape: number[], options: Options = {}) => `[${shape}], ${JSON.stringify(options)}`;
const isQuick = (options?: Options) => QUICK.some(([, quick]) => quick === options);

/** What is refused for x of shape [1, 2], and what the message says. */
const one = { prior: [1], mean: [[0, 0]], variance: [[1, 1]] };
const REFUSALS: [config: object, message: string][] = [
  [{ numComponents: 0 }, "argument 'numComponents' must be a positive integer, got 0"],
  [{ numComponents: 1.5 }, "argument 'numComponents' must be a positive integer, got 1.5"],
  [{ numComponents: 2 ** 22 }, "must have fewer rows or channels, or its mixture fewer components, got 1 rows of 2 numbers"],
  [{ emSteps: -1 }, "argument 'emSteps' must be an integer that is not negative, got -1"],
  [{ seed: "a" }, "argument 'seed' must be an integer, got a"],
  [{ axis: 2 }, "argument 'axis' must be an integer from -2 to 1, got 2"],
  [{ epsilon: -1 }, "argument 'epsilon' must be a finite number that is not negative, got -1"],
  [{ gamma: [1] }, "argument 'gamma' must have shape [2], got [1]"],
  [{ beta: [[1, 1]] }, "argument 'beta' must have shape [2], got [1, 2]"],
  [{ mixture: { ...one, prior: [0.5, 0.5] } }, "argument 'prior' must have shape [1] or [1, 1], got [2]"],
  [{ mixture: { ...one, prior: [-1] } }, "argument 'prior' must not be negative, got -1"],
  [{ mixture: { ...one, mean: [[0]] } }, "argument 'mean' must have shape [K, 2] with K ≥ 1, got [1, 1]"],
  [{ mixture: { ...one, variance: [[1, -1]] } }, "argument 'variance' must not be negative, got -1"],
  [{ mixture: { ...one, variance: [1, 1] } }, "argument 'variance' must have shape [1, 2], got [2]"],
];

async function checkSecond(driver: TensorDriver, p: Problem, mixture: VectorMixture, nu: Float64Array, batch: boolean) {
  const { mixtureNormalization } = driver.library;
  const second = await secondDerivative(
    (x) => {
      const config = batch ? { numComponents: p.components, seed: SEED } : { mixture: tensorsOf(mixture, p) };
      return tf.mul(tf.square(mixtureNormalization(x, config)), placed(p.dy, p));
    },
    [p.x, p.shape],
  );
  const ones = new Float32Array(p.channels).fill(1);
  const differences = differencesOf(p.x, (x) => {
    const rows = { ...p, x };
    const own = batch ? moments(rows, nu, mixture) : mixture;
    const dy = normalize(rows, nu, own).map((y, i) => 2 * y * (p.dy[i] as number));
    return gradients(rows, nu, own, dy, ones, batch).x.reduce((sum, dx) => sum + dx * dx, 0);
  });
  expectCloseToLargest(second, differences, 1e-4 * driver.leeway, "second derivative");
}

export const CASES: Case<TensorDriver>[] = [
  ...PROBLEMS.map(([shape, options]) => ({
    name: `of a given mixture is the reference within 5e-5 · (1 + |y|), with gradients within 1e-4: ${describeProblem(shape, options)}`,
    quick: isQuick(options),
    async run(driver: TensorDriver) {
      const p = makeProblem(shape, options);
      for (const mixture of isQuick(options) ? [randomMixture(p), p.clusters] : [randomMixture(p)]) {
        checkNormalized(driver, p, await normalizeBy(driver, p, mixture), responsibilities(p, mixture), mixture, false);
      }
    },
  })),
  ...QUICK.map(([shape, options]) => ({
    name: `of a batch whose clusters are far apart is the reference, from any start, within the same: ${describeProblem(shape, options)}`,
    quick: true,
    async run(driver: TensorDriver) {
      const p = makeProblem(shape, { ...options, apart: 20 });
      const { nu, mixture } = expectationMaximization(p, p.clusters, 4);
      checkNormalized(driver, p, await normalizeBy(driver, p), nu, mixture, true);
    },
  })),
  {
    name: "with one component is batch normalization",
    quick: true,
    async run({ library, leeway }) {
      const p = makeProblem([3, 4, 5, 6], { components: 1 });
      const { y, expected } = await read(() => {
        const x = placed(p.x, p) as tf.Tensor4D;
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        const [gamma, beta] = [tf.tensor1d(p.gamma), tf.tensor1d(p.beta)];
        return {
          y: library.mixtureNormalization(x, { ...configOf(p), gamma, beta }),
          expected: tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, beta, gamma, p.epsilon),
        };
      });
      expectClose(y, expected, 5e-6 * leeway);
    },
  },
  ...[
    { shape: [0, 3], axis: -1 },
    { shape: [2, 3, 0], axis: 1 },
  ].map(({ shape, axis }) => ({
    name: `takes an empty tensor: shape [${shape}], axis ${axis}`,
    quick: true,
    async run(driver: TensorDriver) {
      const { y, gradients } = await normalizeBy(driver, makeProblem(shape, { axis }));
      checkSame(y, []);
      checkSame([...gradients.gamma, ...gradients.beta], Array(6).fill(0));
    },
  })),
  {
    name: "has a second derivative, of a given mixture",
    quick: true,
    async run(driver) {
      const p = makeProblem([9, 3], { components: 2 });
      const mixture = randomMixture(p);
      await checkSecond(driver, p, mixture, responsibilities(p, mixture), false);
    },
  },
  {
    name: "leaves no tensor behind",
    quick: true,
    async run({ library: { mixtureNormalization } }) {
      const p = makeProblem([5, 4, 6], { axis: 1 });
      const x = tf.keep(placed(p.x, p));
      const run = () =>
        tf.tidy(() => {
          tf.grad((x: tf.Tensor) => mixtureNormalization(x, { axis: 1, seed: 1 }))(x);
          checkRefusal(() => mixtureNormalization(x, { gamma: [1] }), "argument");
        });
      run();
      const before = tf.memory();
      const y = mixtureNormalization(x, { axis: 1 });
      const made = tf.memory().numTensors - before.numTensors;
      y.dispose();
      for (let i = 0; i < 20; i++) run();
      const after = tf.memory();
      x.dispose();
      check(made === 1, `got ${made} tensors of a call`);
      const [tensors, bytes] = [after.numTensors - before.numTensors, after.numBytes - before.numBytes];
      check(tensors === 0 && bytes === 0, `got ${tensors} tensors of ${bytes} bytes that are left`);
    },
  },
  ...REFUSALS.map(([config, message]) => ({
    name: `refuses ${JSON.stringify(config)}`,
    quick: true,
    async run({ library }: TensorDriver) {
      tf.tidy(() => {
        const before = tf.memory().numTensors;
        checkRefusal(() => library.mixtureNormalization([[1, 2]], config), message);
        const left = tf.memory().numTensors - before;
        check(left === 0, `got ${left} tensors that are left`);
      });
    },
  })),
  {
    name: "refuses what is no tensor, and x without channels",
    quick: true,
    async run({ library: { mixtureNormalization } }) {
      checkRefusal(() => mixtureNormalization(undefined as never), "mixtureNormalization: argument 'x' must be");
      tf.tidy(() => {
        checkRefusal(() => mixtureNormalization(tf.zeros([3, 0])), "argument 'x' must have at least one channel");
      });
    },
  },
];

/** For the library with its inner functions, too. */
export const CASES_OF_FITS: Case<FittingDriver>[] = [
  ...CASES,
  ...PROBLEMS.map(([shape, options]) => ({
    name: `of a batch is the reference, from the same start, within 5e-5 · (1 + |y|), with gradients within 1e-4: ${describeProblem(shape, options)}`,
    async run(driver: FittingDriver) {
      const p = makeProblem(shape, options);
      const { nu, mixture } = expectationMaximization(p, await startOf(driver, p), 2);
      checkNormalized(driver, p, await normalizeBy(driver, p), nu, mixture, true);
      const found = await fitOf(driver, p);
      for (const name of ["prior", "mean", "variance"] as const) expectCloseToLargest(found[name], mixture[name], 2e-5, name);
    },
  })),
  {
    name: "finds clusters that are far apart, and normalizes each for itself",
    async run(driver) {
      const { prior, y } = await fitOf(driver, makeProblem([600, 8], { components: 3, apart: 50 }));
      expectClose(prior, [1 / 3, 1 / 3, 1 / 3], 1e-6);
      const square = y.reduce((sum, value) => sum + value * value, 0) / y.length;
      // Each is standardized, times 1/√λ = √3.
      check(Math.abs(square - 3) < 0.05, `got a mean square of ${square}`);
    },
  },
  {
    name: "keeps its digits far from zero",
    async run(driver) {
      const p = makeProblem([3000, 5], { components: 2 });
      p.x.forEach((x, i) => {
        p.x[i] = x + 1000;
      });
      const { mixture } = expectationMaximization(p, await startOf(driver, p), 2);
      expectCloseToLargest((await fitOf(driver, p)).variance, mixture.variance, 1e-4, "variance");
    },
  },
  {
    name: "has no error that grows with the number of rows",
    async run(driver) {
      const p = makeProblem([100_003, 2], { components: 2 });
      p.dy.set(uniform(generator(4), p.dy.length, 0, 1));
      const { nu, mixture } = expectationMaximization(p, await startOf(driver, p), 2);
      checkNormalized(driver, p, await normalizeBy(driver, p), nu, mixture, true);
      const found = await fitOf(driver, p);
      for (const name of ["prior", "mean", "variance"] as const) expectCloseToLargest(found[name], mixture[name], 1e-5, name);
    },
  },
  {
    name: "is the same for the same seed, and takes any number of EM steps",
    quick: true,
    async run(driver) {
      const p = makeProblem([50, 4], { apart: 0 });
      const run = (config: object) => readOne(() => driver.library.mixtureNormalization(placed(p.x, p), config));
      const ofSeed = (seed: number) => run({ numComponents: 4, seed });
      checkSame(await ofSeed(7), await ofSeed(7));
      checkSame(await ofSeed(0), await ofSeed(0));
      const [y, other] = [await ofSeed(7), await ofSeed(8)];
      check(
        y.some((value, i) => value !== other[i]),
        "another seed gives the same",
      );
      for (const emSteps of [0, 1, 5]) {
        const { nu, mixture } = expectationMaximization(p, await startOf(driver, p), emSteps);
        expectClose(await run({ numComponents: 3, seed: SEED, emSteps }), normalize(p, nu, mixture), 5e-5);
      }
    },
  },
  ...(
    [
      ["one row", [1, 5], () => 1],
      ["rows that are all the same", [40, 5], () => 3.25],
      ["fewer distinct rows than components", [40, 5], (i) => Math.floor(i / 5) % 2],
      ["a channel without variance", [40, 5], (i) => (i % 5 === 2 ? 7 : Math.sin(i * i))],
      ["large numbers", [40, 5], (i) => (i % 7 === 0 ? 1e20 : Math.cos(i))],
    ] as [string, number[], (i: number) => number][]
  ).map(([what, shape, value]) => ({
    name: `stays finite with ${what}`,
    quick: true,
    async run(driver: FittingDriver) {
      const p = makeProblem(shape, { components: 3 });
      p.x.forEach((_, i) => {
        p.x[i] = value(i);
      });
      const { y, gradients } = await normalizeBy(driver, p);
      for (const [name, values] of Object.entries({ y, ...gradients })) checkAll(values, name, Number.isFinite);
      for (const [name, values] of Object.entries(await fitOf(driver, p))) checkAll(values, name, Number.isFinite);
    },
  })),
  {
    name: "leaves components over where distinct rows are fewer, and normalizes with the others",
    async run(driver) {
      const p = makeProblem([40, 4], { components: 4 });
      p.x.forEach((_, i) => {
        p.x[i] = Math.floor(i / 4) % 2;
      });
      const { prior, y } = await fitOf(driver, p, { numComponents: 4 });
      checkSame(prior, [0.5, 0.5, 0, 0]);
      expectClose(y, new Float32Array(160), 1e-6);
    },
  },
  ...[Number.NaN, Number.POSITIVE_INFINITY].map((bad) => ({
    name: `keeps ${bad} to its own row`,
    quick: true,
    run: (driver: FittingDriver) => checkBadRows(driver, bad),
  })),
  {
    name: "is all NaN, with a finite mixture, where every row is",
    quick: true,
    async run(driver) {
      const p = makeProblem([9, 3]);
      p.x.fill(Number.NaN);
      const { y, ...mixture } = await fitOf(driver, p, {});
      checkAll(y, "y", Number.isNaN);
      for (const [name, values] of Object.entries(mixture)) checkAll(values, name, Number.isFinite);
    },
  },
  {
    name: "has a second derivative, of a batch",
    quick: true,
    async run(driver) {
      const p = makeProblem([9, 3], { components: 2 });
      const { nu } = expectationMaximization(p, await startOf(driver, p), 2);
      await checkSecond(driver, p, randomMixture(p), nu, true);
    },
  },
];

/** Rows that are not finite give NaN, and have no part in the mixture and in gradients. */
async function checkBadRows(driver: FittingDriver, bad: number): Promise<void> {
  const p = makeProblem([150, 6]);
  const clean = makeProblem([150, 6]);
  const badRows = [0, 37, 149];
  for (const row of badRows) p.x[row * 6 + 2] = bad;
  const kept = Array.from({ length: 150 }, (_, i) => i).filter((i) => !badRows.includes(i));
  const mixture = randomMixture(p);
  const rest = (values: ArrayLike<number>) => Float32Array.from(kept.flatMap((i) => Array.from(values).slice(i * 6, i * 6 + 6)));
  const others = { ...clean, count: kept.length, x: rest(clean.x), dy: rest(clean.dy) };
  // This also registers the kernels on the backend.
  const { y } = await normalizeBy(driver, p);
  const kernels = tf.engine();
  const { nu, ...moved } = await read(() => {
    const inputs = { x: placed(p.x, p), ...tensorsOf(mixture, p) };
    const outputs = kernels.runKernel("MixtureNormEStep", inputs, { epsilon: p.epsilon, moments: true });
    const [nu, prior, mean, variance] = outputs as unknown as tf.Tensor[];
    return { nu, prior, mean, variance } as Record<"nu" | keyof VectorMixture, tf.Tensor>;
  });
  const fitted = moments(others, responsibilities(others, mixture), mixture);
  expectClose(moved.mean, fitted.mean, 1e-5);
  for (const row of badRows) check(Number.isNaN(nu[row * 3]), `nu of row ${row}: got ${nu[row * 3]}`);
  const { dx, dgamma } = await read(() => {
    const inputs = {
      ...{ nu: tf.tensor2d(nu, [150, 3]), ...tensorsOf(moved, p) },
      ...{ gamma: tf.tensor1d(p.gamma), x: placed(p.x, p), dy: placed(p.dy, p) },
    };
    const outputs = kernels.runKernel("MixtureNormGrad", inputs, { epsilon: p.epsilon, batch: true });
    const [dx, dgamma] = outputs as unknown as tf.Tensor[];
    return { dx, dgamma } as Record<"dx" | "dgamma", tf.Tensor>;
  });
  const expected = gradients(others, responsibilities(others, mixture), fitted, others.dy, p.gamma, true);
  expectCloseToLargest(rest(dx), expected.x, 1e-4, "x");
  expectCloseToLargest(dgamma, expected.gamma, 1e-4, "gamma");
  checkAll(rest(y), "y of other rows", Number.isFinite);
  for (const [name, values] of Object.entries({ y, dx })) {
    for (const row of badRows) checkAll(values.subarray(row * 6, row * 6 + 6), `${name} of row ${row}`, Number.isNaN);
  }
}
