import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import * as library from "../../src/index.js";
import { gradients, normalize } from "../../src/reference/mixture.js";
import { DRIVERS } from "../contracts/drivers.js";
import { onTensors } from "../contracts/mixtureDriver.js";
import { CASES_OF_TENSORS, withAffine } from "../contracts/unsupervisedAdaptiveNormalization.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { makeCase } from "../helpers/problems.js";
import { read, tensorsOf } from "../helpers/tensors.js";

const { setCopyingMemoryLimit, unsupervisedAdaptiveNormalization } = library;

describe.each(DRIVERS)("unsupervisedAdaptiveNormalization, $name", (started) => {
  const driver = onTensors(started);
  beforeAll(() => started.start());

  for (const { name, run } of started.casesOf(CASES_OF_TENSORS)) it(name, () => run(driver));

  it("with one component is tf.batchNorm", async () => {
    const problem = withAffine(makeCase({ shape: [3, 7, 5, 6], components: 1 }));
    problem.prior[0] = 1;
    const expected = read(() => {
      const { x, mean, variance } = tensorsOf(problem);
      const [m, v] = [mean, variance].map((t) => tf.reshape(t, [6])) as [tf.Tensor1D, tf.Tensor1D];
      const [offset, scale] = [problem.beta, problem.gamma].map((t) => tf.tensor1d(Array.from(t as Float32Array)));
      return tf.batchNorm(x as tf.Tensor4D, m, v, offset, scale, problem.epsilon);
    });
    expectClose(await driver.normalize(problem), expected, 2e-6);
  });

  it("leaves the caller's tensors as they were", () => {
    const problem = makeCase({ shape: [100, 7] });
    const tensors = Object.values(tensorsOf(problem));
    const before = tensors.map((t) => t.dataSync().slice());
    const [x, mean, variance, prior] = tensors as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
    tf.tidy(() => {
      const f = (x: tf.Tensor) => unsupervisedAdaptiveNormalization(x, mean, variance, prior);
      tf.grad(f)(x);
    });
    tensors.forEach((t, i) => {
      expect(t.isDisposed).toBe(false);
      expect(t.dataSync()).toEqual(before[i]);
    });
  });

  it("gives gradients to tf.variableGrads", () => {
    const problem = makeCase({ shape: [20, 3], components: 2 });
    const { x, mean, variance, prior } = tensorsOf(problem);
    const variables = [mean, variance, prior].map((t, i) => tf.variable(t, true, `uan_${started.name}_${i}`));
    const [m, v, p] = variables as [tf.Variable, tf.Variable, tf.Variable];
    const { grads } = tf.variableGrads(() => tf.sum(unsupervisedAdaptiveNormalization(x, m, v, p)) as tf.Scalar, variables);
    const expected = gradients(problem, new Float32Array(problem.x.length).fill(1));
    [expected.mean, expected.variance, expected.prior].forEach((values, i) => {
      const actual = (grads[`uan_${started.name}_${i}`] as tf.Tensor).dataSync<"float32">();
      expectCloseToLargest(actual, values, 1e-4, String(i));
    });
  });
});

describe("unsupervisedAdaptiveNormalization over a copied memory", () => {
  const driver = onTensors({ leeway: 1, library });
  beforeAll(() => useBackend("cpu"));

  it.each([
    { shape: [20_000, 12], axis: -1 },
    { shape: [20_000, 3], axis: -1 },
    { shape: [2, 3, 40_000], axis: 1 },
    { shape: [9000, 3, 5], axis: 1 },
  ])("goes through in pieces where the tensor is larger than the memory: $shape, axis $axis", async (options) => {
    setCopyingMemoryLimit(2 ** 17);
    try {
      const problem = makeCase(options);
      expectClose(await driver.normalize(problem), normalize(problem), 5e-5);
      const dy = normal(generator(3), problem.x.length);
      const expected = gradients(problem, dy);
      for (const [name, actual] of Object.entries(await driver.gradients(problem, dy))) {
        expectCloseToLargest(actual, expected[name as keyof typeof expected], 1e-4, name);
      }
    } finally {
      setCopyingMemoryLimit(2 ** 26);
    }
  });

  it("says so where not even the parameters fit", async () => {
    setCopyingMemoryLimit(2 ** 16);
    try {
      const problem = makeCase({ shape: [2, 5000] });
      await expect(driver.normalize(problem)).rejects.toThrow(/needs \d+ bytes of memory, more than the limit of 65536/);
    } finally {
      setCopyingMemoryLimit(2 ** 26);
    }
  });
});
