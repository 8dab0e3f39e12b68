import * as tf from "@tensorflow/tfjs-core";
import * as library from "tfjs-uan";
import { generator, normal } from "../../../learning/random.js";
import { gradients, normalize } from "../../../src/reference/mixture.js";
import { normalizeSets, normalizeSetsGradients } from "../../../src/reference/normalization.js";
import { product } from "../../../src/reference/products.js";
import { expectClose, expectCloseToLargest } from "../../helpers/closeness.js";
import { CASES as MEMBERS, type Member, makeNormalizationCase } from "../../helpers/normalizations.js";
import { makeCase } from "../../helpers/problems.js";
import { type Case, type Context, check, differentiate, read } from "./case.js";

/** The last small shape of each member, and one that is larger than a tile. */
const SMALL = 500;
const LARGE: number[][] = [
  [2, 300, 10],
  [2, 9, 7, 64],
  [2, 6, 33, 32],
  [70, 33],
];

async function checkMember(member: Member, shape: number[], { tolerance }: Context): Promise<void> {
  const problem = makeNormalizationCase(member, shape);
  const { x, gamma, beta, epsilon } = problem;
  const parameters = member.parameters(shape);
  const dy = normal(generator(3), x.length);
  const actual = await differentiate(
    ({ x, gamma, beta }) => member.op(library, x, { gamma, beta, epsilon }),
    { x: [x, shape], gamma: [gamma, parameters], beta: [beta, parameters] },
    dy,
  );
  expectClose(actual.y, normalizeSets(problem).y, tolerance.value);
  const expected = normalizeSetsGradients(problem, dy);
  for (const name of ["x", "gamma", "beta"] as const) {
    // Sets of one number have no gradient except for rounding errors.
    const scale = name === "x" ? 1 : 0;
    expectCloseToLargest([...actual.gradients[name], scale], [...expected[name], scale], tolerance.gradient, name);
  }
}

/** Batch normalization by a given mean and variance is UAN by a mixture of one component. */
async function checkGiven(axis: number, { tolerance }: Context): Promise<void> {
  const shape = [3, 5, 4, 6];
  const mixture = makeCase({ shape, axis, components: 1 });
  const { x, mean, variance, channels, epsilon } = mixture;
  const next = generator(7);
  const given = { mean, variance, gamma: normal(next, channels), beta: normal(next, channels) };
  const dy = normal(next, x.length);
  const problem = { ...mixture, ...given };
  const perChannel = Object.entries(given).map(([name, values]) => [name, [values, [channels]]]);
  const inputs = { x: [x, shape], ...Object.fromEntries(perChannel) };
  const names = ["x", "mean", "variance", "gamma", "beta"] as const;
  const actual = await differentiate(
    ({ x, ...config }: Record<(typeof names)[number], tf.Tensor>) => library.batchNormalization(x, { ...config, axis, epsilon }),
    inputs,
    dy,
  );
  expectClose(actual.y, normalize(problem), tolerance.value);
  const expected = gradients(problem, dy);
  for (const name of names) expectCloseToLargest(actual.gradients[name], expected[name], tolerance.gradient, name);
  if (axis !== -1) return;
  // tf.batchNorm, whose kernel is replaced on 'wasm'.
  const { y } = await read(() => {
    const [m, v, beta, gamma] = [given.mean, given.variance, given.beta, given.gamma].map((values) => tf.tensor1d(values));
    return { y: tf.batchNorm(tf.tensor(x, shape), m as tf.Tensor1D, v as tf.Tensor1D, beta, gamma, epsilon) };
  });
  expectClose(y, normalize(problem), tolerance.value);
}

async function checkEmpty(): Promise<void> {
  const { batchNormalization, groupNormalization, instanceNormalization, layerNormalization } = library;
  const ops: [(x: tf.Tensor) => tf.Tensor, number[]][] = [
    [(x) => batchNormalization(x), [0, 4]],
    [(x) => batchNormalization(x, { mean: [0, 0, 0, 0], variance: [1, 1, 1, 1] }), [0, 4]],
    [(x) => groupNormalization(x, { groups: 2 }), [0, 4]],
    [(x) => instanceNormalization(x), [2, 0, 4]],
    [(x) => layerNormalization(x), [0, 4]],
  ];
  for (const [op, shape] of ops) {
    const { y } = await differentiate(({ x }) => op(x), { x: [[], shape] }, []);
    check(y.length === 0, `got ${y.length} numbers`);
  }
}

async function checkInt32({ tolerance }: Context): Promise<void> {
  const { y } = await read(() => ({ y: library.layerNormalization(tf.tensor2d([[1, 3]], [1, 2], "int32"), { epsilon: 0 }) }));
  expectClose(y, [-1, 1], tolerance.value);
}

/** Compares ∂/∂x Σ w·∂/∂x Σ y³ with finite differences of the reference's gradient. */
async function checkSecond({ tolerance }: Context): Promise<void> {
  const [member] = MEMBERS.find(([{ name }]) => name.startsWith("layerNormalization")) as (typeof MEMBERS)[number];
  const shape = [3, 4];
  const problem = makeNormalizationCase(member, shape);
  const [gamma, beta] = [problem.gamma.map(() => 1), problem.beta.map(() => 0)];
  const weight = normal(generator(2), 12);
  const { second } = await read(() => {
    const f = (x: tf.Tensor) => tf.sum(tf.pow(member.op(library, x, { epsilon: problem.epsilon }), 3));
    const along = (x: tf.Tensor) => tf.sum(tf.mul(tf.grad(f)(x), tf.tensor(weight, shape)));
    return { second: tf.grad(along)(tf.tensor(problem.x, shape)) };
  });
  const along = (x: Float64Array) => {
    const moved = { ...problem, x, gamma, beta };
    const dy = normalizeSets(moved).y.map((y) => 3 * y * y);
    return normalizeSetsGradients(moved, dy).x.reduce((sum, dx, i) => sum + dx * (weight[i] as number), 0);
  };
  const values = Float64Array.from(problem.x);
  const differences = values.map((value, i) => {
    const moved = (h: number) => along(values.map((v, j) => (j === i ? value + h : v)));
    return (moved(1e-5) - moved(-1e-5)) / 2e-5;
  });
  expectCloseToLargest(second, differences, tolerance.gradient, "second derivative");
}

const shapesOf = (shapes: number[][]) => {
  const small = shapes.filter((shape) => product(shape) < SMALL).slice(-1);
  return [...small, ...shapes.filter((shape) => LARGE.some((large) => large.join() === shape.join()))];
};

export const NORMALIZATION: Case[] = [
  ...MEMBERS.flatMap(([member, shapes]) =>
    shapesOf(shapes).map((shape) => ({
      name: `${member.name}, [${shape}]`,
      run: (context: Context) => checkMember(member, shape, context),
    })),
  ),
  ...[-1, 1].map((axis) => ({
    name: `batchNormalization by a given mean and variance, axis ${axis}`,
    run: (context: Context) => checkGiven(axis, context),
  })),
  { name: "batch, group, instance and layerNormalization, empty", run: checkEmpty },
  { name: "layerNormalization, int32", run: checkInt32 },
  { name: "layerNormalization, second derivative", run: checkSecond },
];
