import * as tf from "@tensorflow/tfjs-core";
import { mixtureMoments, mixtureResponsibilities, setCopyingMemoryLimit, unsupervisedAdaptiveNormalization } from "tfjs-uan";
import { generator, normal, uniform } from "../../../learning/random.js";
import { gradients, moments, normalize, responsibilities } from "../../../src/reference/mixture.js";
import { expectClose, expectCloseToLargest } from "../../helpers/closeness.js";
import { type CaseOptions, describeCase, makeCase, type Case as Problem } from "../../helpers/problems.js";
import { type Case, type Context, check, differentiate, type Numbers, read } from "./case.js";

const FORMULAS = ["uan", "ucb"] as const;
/** Larger than a tile. */
const LARGE = { shape: [8, 8, 8, 20] };
const LAYOUTS: CaseOptions[] = [{ shape: [4, 7], axis: 0 }, { shape: [2, 3, 5], axis: 1 }, { shape: [2, 2, 3, 2, 5] }];

const NAMES = ["x", "mean", "variance", "prior", "gamma", "beta"] as const;
type Inputs = Record<(typeof NAMES)[number], tf.Tensor>;

const op =
  ({ axis, epsilon, formula }: Problem) =>
  ({ x, mean, variance, prior, gamma, beta }: Inputs) =>
    unsupervisedAdaptiveNormalization(x, mean, variance, prior, { axis, epsilon, formula, gamma, beta });

interface Affine extends Problem {
  gamma: Float32Array;
  beta: Float32Array;
}

function affine(problem: Problem): Affine {
  const next = generator(7);
  const { channels } = problem;
  return { ...problem, gamma: uniform(next, channels, -2, 2), beta: uniform(next, channels, -1, 1) };
}

function numbersOf({
  x,
  mean,
  variance,
  prior,
  gamma,
  beta,
  shape,
  components,
  channels,
}: Affine): Record<keyof Inputs, Numbers> {
  const mixture = [components, channels];
  return {
    x: [x, shape],
    mean: [mean, mixture],
    variance: [variance, mixture],
    prior: [prior, [components]],
    gamma: [gamma, [channels]],
    beta: [beta, [channels]],
  };
}

/** The mixture as plain numbers, which the operations also take. */
function mixtureOf({ mean, variance, prior, components, channels, axis, epsilon }: Problem) {
  const rows = (values: Float32Array) => tf.tensor(values, [components, channels]);
  return [rows(mean), rows(variance), tf.tensor(prior), { axis, epsilon }] as const;
}

async function checkNorm(problem: Problem, { tolerance }: Context): Promise<void> {
  const whole = affine(problem);
  const dy = normal(generator(3), problem.x.length);
  const actual = await differentiate(op(whole), numbersOf(whole), dy);
  expectClose(actual.y, normalize(whole), tolerance.value);
  const expected = gradients(whole, dy);
  for (const name of NAMES) expectCloseToLargest(actual.gradients[name], expected[name], tolerance.gradient, name);
}

async function checkFar(formula: "uan" | "ucb", { tolerance }: Context): Promise<void> {
  const far = [13, 50, 1e3, 1e6, 1e18, 1e30];
  const epsilon = formula === "ucb" ? 0 : 1e-3;
  const problem = affine({ ...makeCase({ shape: [2 * far.length, 5], epsilon }), formula });
  problem.x.set([...far, ...far.map((x) => -x)].flatMap((x) => Array(5).fill(x)));
  const dy = new Float32Array(problem.x.length).fill(1);
  const actual = await differentiate(op(problem), numbersOf(problem), dy);
  expectClose(actual.y, normalize(problem), tolerance.value);
  expectClose(actual.gradients.x, gradients(problem, dy).x, tolerance.gradient);
}

/** A result for an activation that is not finite must not be finite, and must not change other results. */
async function checkNotFinite(bad: number, { tolerance }: Context): Promise<void> {
  const problem = affine(makeCase({ shape: [9, 5] }));
  const index = 17;
  const expected = normalize(problem);
  problem.x[index] = bad;
  const { y } = await read(() => {
    const [mean, variance, prior, config] = mixtureOf(problem);
    const { gamma, beta } = problem;
    return {
      y: unsupervisedAdaptiveNormalization(tf.tensor(problem.x, [9, 5]), mean, variance, prior, { ...config, gamma, beta }),
    };
  });
  check(!Number.isFinite(y[index] as number), `got ${y[index]} for ${bad}`);
  expectClose(
    y.filter((_, i) => i !== index),
    expected.filter((_, i) => i !== index),
    tolerance.value,
  );
}

async function checkInt32({ tolerance }: Context): Promise<void> {
  const problem = makeCase({ shape: [6, 5] });
  problem.x = problem.x.map(Math.round);
  const { y, tau } = await read(() => {
    const [mean, variance, prior, config] = mixtureOf(problem);
    const x = tf.tensor(Int32Array.from(problem.x), problem.shape, "int32");
    return {
      y: unsupervisedAdaptiveNormalization(x, mean, variance, prior, config),
      tau: mixtureResponsibilities(x, mean, variance, prior, config),
    };
  });
  expectClose(y, normalize(problem), tolerance.value);
  expectClose(tau, responsibilities(problem), tolerance.value);
}

async function checkEmpty(): Promise<void> {
  const problem = affine(makeCase({ shape: [0, 3] }));
  const { y, gradients } = await differentiate(op(problem), numbersOf(problem), []);
  check(y.length === 0, `got ${y.length} numbers`);
  for (const name of NAMES) {
    check(
      gradients[name].every((value) => value === 0),
      `gradient of ${name}: ${gradients[name]}`,
    );
  }
  const [mean, variance, prior, config] = mixtureOf(problem);
  const found = await read(() => mixtureMoments(tf.zeros([0, 3]), mean, variance, prior, config));
  expectClose(found.mass, new Float32Array(9), 0);
  expectClose(found.mean, problem.mean, 0);
  expectClose(found.variance, problem.variance, 0);
}

/** Compares the gradient of |gradient|² with finite differences of the reference's gradient. */
async function checkSecond(formula: "uan" | "ucb", { tolerance }: Context): Promise<void> {
  const problem: Problem = { ...makeCase({ shape: [4, 3], components: 2 }), formula };
  const { second } = await read(() => {
    const [mean, variance, prior, config] = mixtureOf(problem);
    const f = (x: tf.Tensor) =>
      tf.sum(tf.square(unsupervisedAdaptiveNormalization(x, mean, variance, prior, { ...config, formula })));
    return { second: tf.grad((x) => tf.sum(tf.square(tf.grad(f)(x))))(tf.tensor(problem.x, problem.shape)) };
  });
  const penalty = (x: Float64Array) => {
    const moved = { ...problem, x };
    const dy = normalize(moved).map((y) => 2 * y);
    return gradients(moved, dy).x.reduce((sum, dx) => sum + dx * dx, 0);
  };
  const values = Float64Array.from(problem.x);
  const differences = values.map((value, i) => {
    const moved = (h: number) => penalty(values.map((v, j) => (j === i ? value + h : v)));
    return (moved(1e-5) - moved(-1e-5)) / 2e-5;
  });
  expectCloseToLargest(second, differences, tolerance.gradient, "second derivative");
}

/** A tensor that does not fit into the memory to which the library copies tensors, so that it is computed in chunks. */
async function checkChunks(context: Context): Promise<void> {
  setCopyingMemoryLimit(65536);
  await checkNorm(makeCase(LARGE), context).finally(() => setCopyingMemoryLimit(64 * 2 ** 20));
}

async function checkMoments(problem: Problem, { tolerance }: Context): Promise<void> {
  const { tau, ...found } = await read(() => {
    const [mean, variance, prior, config] = mixtureOf(problem);
    const x = tf.tensor(problem.x, problem.shape);
    return {
      tau: mixtureResponsibilities(x, mean, variance, prior, config),
      ...mixtureMoments(x, mean, variance, prior, config),
    } as Record<"tau" | "mass" | "mean" | "variance", tf.Tensor>;
  });
  expectClose(tau, responsibilities(problem), tolerance.value);
  const expected = moments(problem);
  for (const name of ["mass", "mean", "variance"] as const) {
    expectCloseToLargest(found[name], expected[name], tolerance.gradient, name);
  }
}

const uan = "unsupervisedAdaptiveNormalization";

export const MIXTURE: Case[] = [
  ...FORMULAS.flatMap((formula): Case[] => [
    ...[1, 2, 3, 8]
      .map((components) => ({ shape: [5, 3, 6], components }))
      .map((options) => ({
        name: `${uan}, ${formula}, ${describeCase(options)}`,
        run: (context: Context) => checkNorm({ ...makeCase(options), formula }, context),
      })),
    { name: `${uan}, ${formula}, far activations`, run: (context) => checkFar(formula, context) },
    { name: `${uan}, ${formula}, second derivative`, run: (context) => checkSecond(formula, context) },
  ]),
  ...[...LAYOUTS, LARGE].map((options) => ({
    name: `${uan}, ${describeCase(options)}`,
    run: (context: Context) => checkNorm(makeCase(options), context),
  })),
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((bad) => ({
    name: `${uan}, an activation of ${bad}`,
    run: (context: Context) => checkNotFinite(bad, context),
  })),
  { name: `${uan}, ${describeCase(LARGE)}, in chunks`, run: checkChunks },
  { name: `${uan}, int32`, run: checkInt32 },
  { name: `${uan}, empty`, run: checkEmpty },
  ...[...LAYOUTS, { shape: [5, 6], components: 1 }, LARGE].map((options) => ({
    name: `mixtureResponsibilities, mixtureMoments, ${describeCase(options)}`,
    run: (context: Context) => checkMoments(makeCase(options), context),
  })),
];
