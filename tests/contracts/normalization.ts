import * as tf from "@tensorflow/tfjs-core";
import { generator, normal, uniform } from "../../learning/random.js";
import * as mixture from "../../src/reference/mixture.js";
import { normalizeSets, normalizeSetsGradients } from "../../src/reference/normalization.js";
import { product } from "../../src/reference/products.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { CASES as MEMBERS, type Member, makeNormalizationCase, type NormalizationCase } from "../helpers/normalizations.js";
import { type Case as MixtureProblem, makeCase } from "../helpers/problems.js";
import { type Case, check, checkAll, checkRefusal, checkSame, differencesOf, type TensorDriver } from "./case.js";
import { differentiate, read, readOne, secondDerivative, tensorOf } from "./tensors.js";

const NAMES = ["x", "gamma", "beta"] as const;

export function normalize({ library }: TensorDriver, member: Member, shape: number[], problem: NormalizationCase) {
  const { x, gamma, beta, epsilon } = problem;
  const parameters = member.parameters(shape);
  return readOne(() => {
    const config = { gamma: tensorOf([gamma, parameters]), beta: tensorOf([beta, parameters]), epsilon };
    return member.op(library, tensorOf([x, shape]), config);
  });
}

export async function checkGradients(
  driver: TensorDriver,
  member: Member,
  shape: number[],
  problem: NormalizationCase,
  dy = normal(generator(3), problem.x.length),
) {
  const { x, gamma, beta, epsilon } = problem;
  const parameters = member.parameters(shape);
  const { gradients } = await differentiate(
    ({ x, gamma, beta }) => member.op(driver.library, x, { gamma, beta, epsilon }),
    { x: [x, shape], gamma: [gamma, parameters], beta: [beta, parameters] },
    dy,
  );
  const expected = normalizeSetsGradients(problem, dy);
  for (const name of NAMES) {
    // Groups of one number have no gradient except for rounding errors.
    const scale = name === "x" ? 1 : 0;
    expectCloseToLargest([...gradients[name], scale], [...expected[name], scale], 1e-4 * driver.leeway, name);
  }
}

/** Of every runtime's shapes: the largest of a member's small ones, and some that are larger than a tile. */
const SMALL = 500;
const LARGE = ["2,300,10", "2,9,7,64", "2,6,33,32", "70,33"];

function isQuick(shape: number[], shapes: number[][]): boolean {
  const small = shapes.filter((shape) => product(shape) < SMALL);
  return shape === small.at(-1) || LARGE.includes(shape.join());
}

const OF_MEMBERS: Case<TensorDriver>[] = MEMBERS.flatMap(([member, shapes]) =>
  shapes.flatMap((shape) => [
    {
      name: `${member.name}, equals the reference within 5e-5 · (1 + |y|): [${shape}]`,
      quick: isQuick(shape, shapes),
      async run(driver: TensorDriver) {
        const problem = makeNormalizationCase(member, shape);
        expectClose(await normalize(driver, member, shape, problem), normalizeSets(problem).y, 5e-5 * driver.leeway);
      },
    },
    {
      name: `${member.name}, has gradients within 1e-4 of their tensor's largest entry: [${shape}]`,
      quick: isQuick(shape, shapes),
      run: (driver: TensorDriver) => checkGradients(driver, member, shape, makeNormalizationCase(member, shape)),
    },
  ]),
);

/** Batch normalization by a given mean and variance is UAN by a mixture of one component. */
async function checkInference({ library, leeway }: TensorDriver, one: MixtureProblem, dy: Float32Array) {
  const { x, shape, axis, mean, variance, channels, epsilon } = one;
  const next = generator(7);
  const given = { mean, variance, gamma: normal(next, channels), beta: normal(next, channels) };
  const problem = { ...one, ...given };
  const perChannel = Object.entries(given).map(([name, values]) => [name, [values, [channels]]]);
  const names = ["x", "mean", "variance", "gamma", "beta"] as const;
  const actual = await differentiate(
    ({ x, ...config }: Record<(typeof names)[number], tf.Tensor>) => library.batchNormalization(x, { ...config, axis, epsilon }),
    { x: [x, shape], ...Object.fromEntries(perChannel) },
    dy,
  );
  const y = mixture.normalize(problem);
  expectClose(actual.y, y, 5e-5 * leeway);
  const expected = mixture.gradients(problem, dy);
  for (const name of names) expectCloseToLargest(actual.gradients[name], expected[name], 1e-4 * leeway, name);
  return { ...given, y };
}

const inference = (axis: number): Case<TensorDriver> => ({
  name: `batchNormalization by a given mean and variance equals the reference, within 5e-5, with gradients within 1e-4: axis ${axis}`,
  quick: true,
  async run(driver) {
    const shape = [3, 5, 4, 6];
    const problem = makeCase({ shape, axis, components: 1 });
    const { x, epsilon } = problem;
    const { y, ...given } = await checkInference(driver, problem, normal(generator(8), x.length));
    if (axis !== -1) return;
    // tf.batchNorm, whose kernel is replaced on 'wasm'.
    const theirs = await readOne(() => {
      const [m, v, beta, gamma] = [given.mean, given.variance, given.beta, given.gamma].map((values) => tf.tensor1d(values));
      return tf.batchNorm(tf.tensor(x, shape), m as tf.Tensor1D, v as tf.Tensor1D, beta, gamma, epsilon);
    });
    expectClose(theirs, y, 5e-5 * driver.leeway);
  },
});

/** What is refused, and what the message says. */
const REFUSALS: [refused: string, (library: TensorDriver["library"], x: tf.Tensor) => unknown, message: string][] = [
  [
    "groups that do not divide the channels",
    ({ groupNormalization }, x) => groupNormalization(x, { groups: 3 }),
    "groupNormalization: argument 'groups' must divide the 4 channels, or be -1, got 3",
  ],
  ["too few channels for the default of groups", ({ groupNormalization }, x) => groupNormalization(x), "groups"],
  [
    "the samples' axis for the channels'",
    ({ instanceNormalization }, x) => instanceNormalization(x, { axis: 0 }),
    "instanceNormalization: argument 'axis' must not be the samples', 0, got 0",
  ],
  [
    "an axis that is named twice",
    ({ layerNormalization }, x) => layerNormalization(x, { axis: [1, -2] }),
    "layerNormalization: argument 'axis'",
  ],
  [
    "an axis that x does not have",
    ({ layerNormalization }, x) => layerNormalization(x, { axis: 3 }),
    "argument 'axis' must be an integer from -3 to 2, got 3",
  ],
  [
    "a gamma of another length",
    ({ layerNormalization }, x) => layerNormalization(x, { gamma: [1, 2] }),
    "layerNormalization: argument 'gamma' must have shape [4], got [2]",
  ],
  [
    "a mean without a variance",
    ({ batchNormalization }, x) => batchNormalization(x, { mean: [0, 0, 0, 0] }),
    "argument 'variance' must be given where mean is",
  ],
  [
    "a mean of another length",
    ({ batchNormalization }, x) => batchNormalization(x, { mean: [0, 0, 0], variance: [1, 1, 1] }),
    "must have shape [4], got [3]",
  ],
  [
    "a negative epsilon",
    ({ batchNormalization }, x) => batchNormalization(x, { epsilon: -1 }),
    "batchNormalization: argument 'epsilon'",
  ],
  ["strings", ({ batchNormalization }) => batchNormalization(tf.tensor(["a", "b"])), "argument 'x' must have dtype"],
];

export const CASES: Case<TensorDriver>[] = [
  ...OF_MEMBERS,
  inference(-1),
  inference(1),
  {
    name: "all keep their digits where the mean is a thousand deviations away, and where numbers are many",
    async run(driver) {
      for (const [member, shapes] of MEMBERS) {
        const shape = shapes.at(-1) as number[];
        const problem = makeNormalizationCase(member, shape, 1, 0);
        const moved = { ...problem, x: problem.x.map((value) => value + 1000) };
        expectClose(await normalize(driver, member, shape, moved), normalizeSets(moved).y, 5e-5 * driver.leeway);
      }
    },
  },
  {
    name: "all keep the digits of gradients where the mean is ten thousand deviations away, if more than two numbers share it",
    async run(driver) {
      for (const [member, shapes] of MEMBERS) {
        for (const shape of shapes) {
          const problem = makeNormalizationCase(member, shape, 1, 0);
          if (problem.x.length / (problem.slices * problem.groups) <= 2) continue;
          await checkGradients(driver, member, shape, { ...problem, x: problem.x.map((value) => value + 10000) });
        }
      }
    },
  },
  {
    name: "batchNormalization keeps its digits where the first number of a channel is far from all others",
    quick: true,
    async run(driver) {
      const [batch] = MEMBERS[0] as (typeof MEMBERS)[number];
      for (const shape of [
        [5, 4],
        [128, 4],
        [1000, 3],
      ]) {
        const problem = makeNormalizationCase(batch, shape);
        for (let c = 0; c < problem.channels; c++) problem.x[c] = 10 ** (c + 1);
        expectClose(await normalize(driver, batch, shape, problem), normalizeSets(problem).y, 1e-5 * driver.leeway);
        await checkGradients(driver, batch, shape, problem);
      }
    },
  },
  {
    name: "batchNormalization has no error that grows with how many numbers are summed",
    async run(driver) {
      const [batch] = MEMBERS[0] as (typeof MEMBERS)[number];
      const shape = [250_007, 1];
      const problem = makeNormalizationCase(batch, shape);
      expectClose(await normalize(driver, batch, shape, problem), normalizeSets(problem).y, 1e-5 * driver.leeway);
      // With a part of x, so that the gradient of gamma is no small difference of large sums.
      const dy = uniform(generator(3), problem.x.length, 0, 1).map((value, i) => value + 0.1 * (problem.x[i] as number));
      await checkGradients(driver, batch, shape, problem, dy);
    },
  },
  {
    name: "batchNormalization by a given mean and variance has no error that grows with how many numbers are summed",
    async run(driver) {
      const problem = makeCase({ shape: [250_007, 1], components: 1 });
      const tenths = new Float32Array(problem.x.length).fill(0.1);
      await checkInference(driver, problem, tenths);
    },
  },
  {
    name: "batch, group and layerNormalization give no NaN for equal numbers",
    quick: true,
    async run({ library }) {
      const { batchNormalization, groupNormalization, layerNormalization } = library;
      const found = await read(() => {
        const x = tf.fill([2, 3, 4], 7);
        return { batch: batchNormalization(x), group: groupNormalization(x, { groups: 2 }), layer: layerNormalization(x) };
      });
      for (const [name, values] of Object.entries(found)) checkAll(values, name, (value) => Math.abs(value) < 1e-3);
    },
  },
  {
    name: "instanceNormalization gives NaN for NaN, to its own group alone",
    quick: true,
    async run({ library }) {
      const numbers = normal(generator(1), 24);
      numbers[0] = Number.NaN;
      const y = await readOne(() => library.instanceNormalization(tf.tensor(numbers, [2, 3, 4])));
      checkSame(
        Array.from(y, (value) => Number(Number.isNaN(value))),
        Array.from({ length: 24 }, (_, i) => Number(i < 12 && i % 4 === 0)),
      );
    },
  },
  {
    name: "layerNormalization may be differentiated twice",
    quick: true,
    async run({ library, leeway }) {
      const [member] = MEMBERS.find(([{ name }]) => name.startsWith("layerNormalization")) as (typeof MEMBERS)[number];
      for (const shape of [
        [3, 4],
        [2, 3, 4],
      ]) {
        const problem = makeNormalizationCase(member, shape);
        const { epsilon } = problem;
        const [gamma, beta] = [problem.gamma.map(() => 1), problem.beta.map(() => 0)];
        const weight = normal(generator(2), problem.x.length);
        // ∂/∂x Σ w·∂/∂x Σ y³
        const second = await secondDerivative((x) => tf.pow(member.op(library, x, { epsilon }), 3), [problem.x, shape], weight);
        const differences = differencesOf(problem.x, (x) => {
          const moved = { ...problem, x, gamma, beta };
          const dy = normalizeSets(moved).y.map((y) => 3 * y * y);
          return normalizeSetsGradients(moved, dy).x.reduce((sum, dx, i) => sum + dx * (weight[i] as number), 0);
        });
        expectCloseToLargest(second, differences, 1e-4 * leeway, "second derivative");
      }
    },
  },
  {
    name: "all leave no tensor behind",
    async run(driver) {
      const { numTensors } = tf.memory();
      for (const [member, [shape = []]] of MEMBERS) {
        const problem = makeNormalizationCase(member, shape);
        await normalize(driver, member, shape, problem);
        await checkGradients(driver, member, shape, problem);
      }
      const left = tf.memory().numTensors - numTensors;
      check(left === 0, `got ${left} tensors`);
    },
  },
  {
    name: "layerNormalization takes plain numbers, batchNormalization int32, without an error in whole numbers",
    async run({ library: { batchNormalization, layerNormalization } }) {
      const found = await read(() => ({
        plain: layerNormalization([[1, 3]], { epsilon: 0 }),
        int32: batchNormalization(tf.tensor2d([[1], [3]], [2, 1], "int32"), { epsilon: 0 }),
      }));
      for (const values of Object.values(found)) checkSame(values, [-1, 1]);
    },
  },
  {
    name: "layerNormalization takes int32, within 5e-5",
    quick: true,
    async run({ library: { layerNormalization }, leeway }) {
      const y = await readOne(() => layerNormalization(tf.tensor2d([[1, 3]], [1, 2], "int32"), { epsilon: 0 }));
      expectClose(y, [-1, 1], 5e-5 * leeway);
    },
  },
  ...(
    [
      ["batchNormalization", [0, 4], ({ batchNormalization }, x) => batchNormalization(x)],
      [
        "batchNormalization by a given mean and variance",
        [0, 4],
        ({ batchNormalization }, x) => batchNormalization(x, { mean: [0, 0, 0, 0], variance: [1, 1, 1, 1] }),
      ],
      ["groupNormalization", [0, 4], ({ groupNormalization }, x) => groupNormalization(x, { groups: 2 })],
      ["instanceNormalization", [2, 0, 4], ({ instanceNormalization }, x) => instanceNormalization(x)],
      ["layerNormalization", [0, 4], ({ layerNormalization }, x) => layerNormalization(x)],
      ["rmsNormalization", [0, 4], ({ rmsNormalization }, x) => rmsNormalization(x)],
    ] as [string, number[], (library: TensorDriver["library"], x: tf.Tensor) => tf.Tensor][]
  ).map(
    ([op, shape, run]): Case<TensorDriver> => ({
      name: `${op} takes an empty tensor, with a gradient`,
      quick: true,
      async run({ library }) {
        const y = tf.tidy(() => run(library, tf.zeros(shape)));
        y.dispose();
        check(y.shape.join() === shape.join(), `got [${y.shape}]`);
        const found = await differentiate(({ x }) => run(library, x), { x: [[], shape] }, []);
        checkSame(found.y, []);
        checkSame(found.gradients.x, []);
      },
    }),
  ),
  {
    name: "layerNormalization takes axes that are not the last",
    quick: true,
    async run({ library: { layerNormalization }, leeway }) {
      const numbers = normal(generator(1), 60);
      const found = await read(() => {
        const x = tf.tensor(numbers, [3, 4, 5]);
        return {
          y: layerNormalization(x, { axis: 1 }),
          turned: tf.transpose(layerNormalization(tf.transpose(x, [0, 2, 1])), [0, 2, 1]),
        };
      });
      expectClose(found.y, found.turned, 1e-6 * leeway);
    },
  },
  ...REFUSALS.map(([refused, call, message]) => ({
    name: `complains by name of ${refused}`,
    quick: true,
    run: async ({ library }: TensorDriver) => {
      tf.tidy(() => checkRefusal(() => call(library, tf.zeros([2, 3, 4])), message));
    },
  })),
];
