import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import * as library from "../../src/index.js";
import { normalizeBatch } from "../../src/ops/batchNormalization.js";
import { fitUnsupervisedAdaptiveNormalization } from "../../src/ops/unsupervisedAdaptiveNormalization.js";
import {
  normalizeStandardized,
  normalizeStandardizedGradients,
  type StandardizedProblem,
} from "../../src/reference/standardized.js";
import { DRIVERS } from "../contracts/drivers.js";
import { GRADIENT_NAMES, mixtureOf } from "../contracts/mixtureDriver.js";
import { CASES_OF_TENSORS, configOf, makeStandardizedCase, standardizedOnTensors } from "../contracts/standardized.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { read } from "../helpers/tensors.js";

describe.each(DRIVERS)("standardize and batchNormalization with a prior mass, $name", (started) => {
  const driver = standardizedOnTensors(started);
  beforeAll(() => started.start());

  for (const { name, run } of started.casesOf(CASES_OF_TENSORS)) it(name, () => run(driver));

  it.each([0, 2, Number.POSITIVE_INFINITY])("gives the batch's own moments, whatever the mass of the prior: %s", (mass) => {
    const problem = makeStandardizedCase({ shape: [9, 4, 5], mass, center: 1000 });
    const expected = normalizeStandardized(problem as StandardizedProblem);
    const { priorMass, movingMean, movingVariance, ...config } = configOf(problem) as ReturnType<typeof configOf> & {
      movingMean: tf.Tensor;
      movingVariance: tf.Tensor;
      priorMass: number;
    };
    const x = tf.tensor(problem.x, problem.shape);
    const prior = { priorMass, movingMean, movingVariance };
    const found = [
      fitUnsupervisedAdaptiveNormalization(x, ...mixtureOf(problem), { ...config, ...prior }),
      normalizeBatch(x, { axis: problem.axis, epsilon: problem.epsilon, ...prior }),
    ];
    for (const { mean, variance } of found) {
      expectClose(
        read(() => mean as tf.Tensor),
        expected.mean,
        1e-6,
      );
      expectClose(
        read(() => variance as tf.Tensor),
        expected.variance,
        1e-5,
      );
    }
  });

  it("takes moving moments and the prior's mass for constants", () => {
    const problem = makeStandardizedCase({ shape: [9, 5], mass: 2 });
    const moving = problem.moving as NonNullable<typeof problem.moving>;
    const x = tf.tensor(problem.x, problem.shape);
    const weights = { mean: tf.variable(tf.tensor(moving.mean)), variance: tf.variable(tf.tensor(moving.variance)) };
    const f = () => {
      const prior = { movingMean: weights.mean, movingVariance: weights.variance, priorMass: 2 };
      const y = library.unsupervisedAdaptiveNormalization(x, ...mixtureOf(problem), { standardize: true, ...prior });
      return tf.sum(tf.mul(y, weights.mean)) as tf.Scalar;
    };
    const { grads } = tf.variableGrads(f, [weights.mean]);
    const y = library.unsupervisedAdaptiveNormalization(x, ...mixtureOf(problem), {
      ...{ standardize: true, movingMean: weights.mean, movingVariance: weights.variance, priorMass: 2 },
    });
    // Only the factor of the loss has a part in it.
    expectClose(
      read(() => Object.values(grads)[0] as tf.Tensor),
      read(() => tf.sum(y, 0)),
      1e-5,
    );
  });
});

describe("standardize over a copied memory", () => {
  const driver = standardizedOnTensors({ leeway: 1, library });
  beforeAll(() => useBackend("cpu"));

  it.each([
    { shape: [3000, 12], axis: -1 },
    { shape: [8000, 3], axis: -1 },
    { shape: [2, 3, 5000], axis: 1 },
    { shape: [2000, 3, 5], axis: 1 },
  ])("goes through in pieces where the tensor is larger than the memory: $shape, axis $axis", async (options) => {
    const problem = makeStandardizedCase({ ...options, mass: 2 });
    const dy = normal(generator(3), problem.x.length);
    library.setCopyingMemoryLimit(2 ** 16);
    try {
      expectClose(await driver.standardize(problem), normalizeStandardized(problem as StandardizedProblem).y, 5e-5);
      const expected = normalizeStandardizedGradients(problem as StandardizedProblem, dy);
      const actual = await driver.standardizeGradients(problem, dy);
      for (const name of GRADIENT_NAMES) expectCloseToLargest(actual[name], expected[name], 1e-4, name);
    } finally {
      library.setCopyingMemoryLimit(2 ** 26);
    }
    expect(tf.getBackend()).toBe("cpu");
  });
});

it.each([
  "wasm",
  "cpu",
])("batchNormalization with a prior of mass 0 has the bits that it has without one, on '%s'", async (backend) => {
  await useBackend(backend);
  const problem = makeStandardizedCase({ shape: [50, 6], mass: 0 });
  const x = tf.tensor(problem.x, problem.shape);
  const prior = { mean: problem.moving?.mean, variance: problem.moving?.variance, priorMass: tf.scalar(0) };
  const [actual, expected] = [prior, {}].map((config) => {
    const [y, dx] = [
      library.batchNormalization(x, config),
      tf.grad((x) => tf.sum(tf.square(library.batchNormalization(x, config))))(x),
    ];
    return [read(() => y), read(() => dx)];
  });
  expect(actual).toEqual(expected);
});
