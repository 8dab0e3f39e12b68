import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import * as library from "../../src/index.js";
import { normalizeBatch } from "../../src/ops/batchNormalization.js";
import { normalizeSets, normalizeSetsGradients } from "../../src/reference/normalization.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { CASES, type Member, makeNormalizationCase, type NormalizationCase } from "../helpers/normalizations.js";
import { read, readAll } from "../helpers/tensors.js";

const { batchNormalization, groupNormalization, instanceNormalization, layerNormalization, setCopyingMemoryLimit } = library;

const TABLE = CASES.flatMap(([member, shapes]) => shapes.map((shape) => [`${member.name}, [${shape}]`, member, shape] as const));

function forward(member: Member, shape: number[], { x, gamma, beta, epsilon }: NormalizationCase): Float32Array {
  const parameters = member.parameters(shape);
  return read(() =>
    member.op(library, tf.tensor(x, shape), { gamma: tf.tensor(gamma, parameters), beta: tf.tensor(beta, parameters), epsilon }),
  );
}

function backward(member: Member, shape: number[], { x, gamma, beta, epsilon }: NormalizationCase, dy: Float32Array) {
  const parameters = member.parameters(shape);
  const [dx, dgamma, dbeta] = readAll(() => {
    const f = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => member.op(library, x, { gamma, beta, epsilon });
    return tf.grads(f)([tf.tensor(x, shape), tf.tensor(gamma, parameters), tf.tensor(beta, parameters)], tf.tensor(dy, shape));
  });
  return { x: dx, gamma: dgamma, beta: dbeta } as Record<"x" | "gamma" | "beta", Float32Array>;
}

function expectGradients(member: Member, shape: number[], problem: NormalizationCase): void {
  const dy = normal(generator(3), problem.x.length);
  const expected = normalizeSetsGradients(problem, dy);
  const actual = backward(member, shape, problem, dy);
  for (const name of ["x", "gamma", "beta"] as const) {
    // Sets of one number have no gradient but what rounding makes.
    const scale = name === "x" ? 1 : 0;
    expectCloseToLargest([...actual[name], scale], [...expected[name], scale], 1e-4, name);
  }
}

describe("the reference", () => {
  it("has the gradients that finite differences show", () => {
    for (const [member, [shape = []]] of CASES) {
      const problem = makeNormalizationCase(member, shape);
      const dy = normal(generator(3), problem.x.length);
      const gradients = normalizeSetsGradients(problem, dy);
      const loss = () => normalizeSets(problem).y.reduce((sum, y, i) => sum + y * (dy[i] as number), 0);
      for (const name of ["x", "gamma", "beta"] as const) {
        const values = Float64Array.from(problem[name]);
        Object.assign(problem, { [name]: values });
        for (let i = 0; i < Math.min(values.length, 7); i++) {
          const value = values[i] as number;
          const [above, below] = [1e-5, -1e-5].map((step) => {
            values[i] = value + step;
            return loss();
          }) as [number, number];
          values[i] = value;
          expect(gradients[name][i]).toBeCloseTo((above - below) / 2e-5, 5);
        }
      }
    }
  });
});

describe.each(BACKENDS)("the classical normalizations on '%s'", (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(TABLE)("equal the reference within 5e-5 · (1 + |y|): %s", (_, member, shape) => {
    const problem = makeNormalizationCase(member, shape);
    expectClose(forward(member, shape, problem), normalizeSets(problem).y, 5e-5);
  });

  it.each(TABLE)("have gradients within 1e-4 of their tensor's largest entry: %s", (_, member, shape) => {
    expectGradients(member, shape, makeNormalizationCase(member, shape));
  });

  it("keep their digits where the mean is a thousand deviations away, and where numbers are many", () => {
    for (const [member, shapes] of CASES) {
      const shape = shapes.at(-1) as number[];
      const problem = makeNormalizationCase(member, shape, 1, 0);
      const moved = problem.x.map((value) => value + 1000);
      expectClose(
        forward(member, shape, { ...problem, x: moved }),
        normalizeSets({ ...problem, x: moved }).y,
        backend === "device" ? 2e-3 : 5e-5,
      );
    }
  });

  it("give no NaN for equal numbers, and NaN to their own group alone for NaN", () => {
    const x = tf.fill([2, 3, 4], 7);
    for (const y of [batchNormalization(x), groupNormalization(x, { groups: 2 }), layerNormalization(x)]) {
      expect(Array.from(y.dataSync()).every((value) => Math.abs(value) < 1e-3)).toBe(true);
    }
    const numbers = normal(generator(1), 24);
    numbers[0] = Number.NaN;
    const y = instanceNormalization(tf.tensor(numbers, [2, 3, 4])).dataSync();
    expect(Array.from(y, Number.isNaN)).toEqual(Array.from({ length: 24 }, (_, i) => i < 12 && i % 4 === 0));
  });

  it("may be differentiated twice", () => {
    const x = tf.tensor(normal(generator(1), 24), [2, 3, 4]);
    const cube = tf.tensor(normal(generator(2), 24), [2, 3, 4]);
    const ours = (x: tf.Tensor) => layerNormalization(x);
    const theirs = (x: tf.Tensor) => {
      const { mean, variance } = tf.moments(x, 2, true);
      return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
    };
    const second = (f: (x: tf.Tensor) => tf.Tensor) =>
      read(() => tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.grad((x: tf.Tensor) => tf.mul(f(x), cube))(x))) as tf.Tensor)(x));
    expectCloseToLargest(second(ours), second(theirs), 1e-3, "x");
  });

  it("leave no tensor behind", () => {
    const { numTensors } = tf.memory();
    for (const [member, [shape = []]] of CASES) {
      const problem = makeNormalizationCase(member, shape);
      forward(member, shape, problem);
      backward(member, shape, problem, problem.x);
    }
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  it("take numbers in arrays, int32 and bool, none at all, and no gamma and beta", () => {
    expect(layerNormalization([[1, 3]], { epsilon: 0 }).dataSync()).toEqual(new Float32Array([-1, 1]));
    expect(batchNormalization(tf.tensor2d([[1], [3]], [2, 1], "int32"), { epsilon: 0 }).dataSync()).toEqual(
      new Float32Array([-1, 1]),
    );
    expect(groupNormalization(tf.zeros([0, 4]), { groups: 2 }).shape).toEqual([0, 4]);
    expect(layerNormalization(tf.zeros([0, 4])).shape).toEqual([0, 4]);
    expect(instanceNormalization(tf.zeros([2, 0, 4])).shape).toEqual([2, 0, 4]);
    expect(batchNormalization(tf.zeros([0, 4])).shape).toEqual([0, 4]);
  });

  it("layerNormalization takes axes that are not the last", () => {
    const numbers = normal(generator(1), 60);
    const shape = [3, 4, 5];
    const turned = read(() => tf.transpose(layerNormalization(tf.transpose(tf.tensor(numbers, shape), [0, 2, 1])), [0, 2, 1]));
    expectClose(
      read(() => layerNormalization(tf.tensor(numbers, shape), { axis: 1 })),
      turned,
      1e-6,
    );
  });

  it("batchNormalization equals tf.batchNorm by a mean and variance that are given, with gradients, along any axis", () => {
    const next = generator(5);
    const [mean, variance, gamma, beta] = [0, 1, 0, 0].map((center) => tf.tensor1d(normal(next, 6, 0.1, center)));
    const x = tf.tensor(normal(next, 7 * 6), [7, 6]);
    const parameters = [mean, variance, gamma, beta] as tf.Tensor1D[];
    const ours =
      (axis: number) =>
      (x: tf.Tensor, ...[mean, variance, gamma, beta]: tf.Tensor[]) =>
        batchNormalization(x, { axis, mean, variance, gamma, beta } as object);
    const theirs = (x: tf.Tensor, ...[mean, variance, gamma, beta]: tf.Tensor[]) =>
      tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, beta as tf.Tensor1D, gamma as tf.Tensor1D);
    const wanted = theirs(x, ...parameters).dataSync();
    expectClose(ours(-1)(x, ...parameters).dataSync(), wanted, 5e-6);
    expectClose(tf.transpose(ours(0)(tf.transpose(x), ...parameters)).dataSync(), wanted, 5e-6);
    const all = (f: (...inputs: tf.Tensor[]) => tf.Tensor) =>
      readAll(() => tf.grads(f)([x, ...parameters], tf.tensor(normal(generator(9), 42), [7, 6])));
    const expected = all(theirs as never);
    all(ours(-1) as never).forEach((actual, i) => {
      expectCloseToLargest(actual, expected[i] as Float32Array, 1e-4, String(i));
    });
  });

  it("normalizeBatch gives the moments", () => {
    const problem = makeNormalizationCase((CASES[0] as [Member, number[][]])[0], [300, 5]);
    const { mean, variance } = normalizeSets(problem);
    const found = normalizeBatch(tf.tensor(problem.x, [300, 5]));
    expect(found.mean.shape).toEqual([5]);
    expectClose(found.mean.dataSync(), mean, 1e-6);
    expectClose(found.variance.dataSync(), variance, 1e-6);
  });

  it("complain of a bad argument by name", () => {
    const x = tf.zeros([2, 3, 4]);
    expect(() => groupNormalization(x, { groups: 3 })).toThrow(
      "groupNormalization: argument 'groups' must divide the 4 channels, or be -1, got 3",
    );
    expect(() => groupNormalization(x)).toThrow("groups");
    expect(() => instanceNormalization(x, { axis: 0 })).toThrow(
      "instanceNormalization: argument 'axis' must not be the samples', 0, got 0",
    );
    expect(() => layerNormalization(x, { axis: [1, -2] })).toThrow("layerNormalization: argument 'axis'");
    expect(() => layerNormalization(x, { axis: 3 })).toThrow("argument 'axis' must be an integer from -3 to 2, got 3");
    expect(() => layerNormalization(x, { gamma: [1, 2] })).toThrow(
      "layerNormalization: argument 'gamma' must have shape [4], got [2]",
    );
    expect(() => batchNormalization(x, { mean: [0, 0, 0, 0] })).toThrow("argument 'variance' must be given where mean is");
    expect(() => batchNormalization(x, { mean: [0, 0, 0], variance: [1, 1, 1] })).toThrow("must have shape [4], got [3]");
    expect(() => batchNormalization(x, { epsilon: -1 })).toThrow("batchNormalization: argument 'epsilon'");
    expect(() => batchNormalization(tf.tensor(["a", "b"]))).toThrow("argument 'x' must have dtype");
  });
});

describe("the copying path", () => {
  it("takes a batch's statistics over all pieces of a tensor that does not fit", async () => {
    await useBackend("cpu");
    setCopyingMemoryLimit(65536);
    try {
      const [member] = CASES[0] as [Member, number[][]];
      const shape = [20000, 3];
      const problem = makeNormalizationCase(member, shape);
      expectClose(forward(member, shape, problem), normalizeSets(problem).y, 5e-5);
      expectGradients(member, shape, problem);
    } finally {
      setCopyingMemoryLimit(64 * 2 ** 20);
    }
  });
});
