import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import * as library from "../../src/index.js";
import { normalizeBatch } from "../../src/ops/batchNormalization.js";
import { normalizeSets, normalizeSetsGradients } from "../../src/reference/normalization.js";
import { DRIVERS } from "../contracts/drivers.js";
import { CASES as CONTRACT, checkGradients, normalize } from "../contracts/normalization.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { CASES, type Member, makeNormalizationCase } from "../helpers/normalizations.js";
import { readAll } from "../helpers/tensors.js";

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

describe.each(DRIVERS)("normalizations by mean and variance, $name", (driver) => {
  beforeAll(() => driver.start());

  for (const { name, run } of driver.casesOf(CONTRACT)) it(name, () => run(driver));

  it("batchNormalization equals tf.batchNorm by a mean and variance that are given, with gradients, along any axis", () => {
    const next = generator(5);
    const [mean, variance, gamma, beta] = [0, 1, 0, 0].map((center) => tf.tensor1d(normal(next, 6, 0.1, center)));
    const x = tf.tensor(normal(next, 7 * 6), [7, 6]);
    const parameters = [mean, variance, gamma, beta] as tf.Tensor1D[];
    const ours =
      (axis: number) =>
      (x: tf.Tensor, ...[mean, variance, gamma, beta]: tf.Tensor[]) =>
        library.batchNormalization(x, { axis, mean, variance, gamma, beta } as object);
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
});

describe("the copying path", () => {
  it("takes a batch's statistics over all pieces of a tensor that does not fit", async () => {
    await useBackend("cpu");
    library.setCopyingMemoryLimit(65536);
    try {
      const driver = { leeway: 1, library };
      const [member] = CASES[0] as [Member, number[][]];
      const shape = [20000, 3];
      const problem = makeNormalizationCase(member, shape);
      expectClose(await normalize(driver, member, shape, problem), normalizeSets(problem).y, 5e-5);
      await checkGradients(driver, member, shape, problem);
    } finally {
      library.setCopyingMemoryLimit(64 * 2 ** 20);
    }
  });
});
