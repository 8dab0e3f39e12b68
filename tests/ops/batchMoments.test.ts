import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import * as library from "../../src/index.js";
import { fitUnsupervisedAdaptiveNormalization } from "../../src/ops/unsupervisedAdaptiveNormalization.js";
import { normalizeByBatch } from "../../src/reference/batchMoments.js";
import { BATCH_CASES_OF_TENSORS, checkBatchGradients, checkBatchValues, makeBatchCase } from "../contracts/batchMoments.js";
import { DRIVERS } from "../contracts/drivers.js";
import { mixtureOf, onTensors } from "../contracts/mixtureDriver.js";
import { useBackend } from "../helpers/backends.js";
import { expectClose, expectCloseToLargest } from "../helpers/closeness.js";
import { tensorsOf } from "../helpers/tensors.js";

const { setCopyingMemoryLimit, unsupervisedAdaptiveNormalization } = library;

describe.each(DRIVERS)('unsupervisedAdaptiveNormalization with moments "batch", $name', (started) => {
  beforeAll(() => started.start());

  for (const { name, run } of started.casesOf(BATCH_CASES_OF_TENSORS)) it(name, () => run(onTensors(started)));

  it.each([0, 2, Number.POSITIVE_INFINITY])("returns the batch's own moments, with prior mass %d", (priorMass) => {
    const problem = makeBatchCase({ shape: [400, 5] }, { componentWeights: "equal", priorMass });
    const { movingMean, movingVariance } = problem;
    const moving = [movingMean, movingVariance].map((values) => tf.tensor(values as Float32Array, [3, 5]));
    const found = fitUnsupervisedAdaptiveNormalization(tf.tensor(problem.x, [400, 5]), ...mixtureOf(problem), {
      ...{ moments: "batch", priorMass, movingMean: moving[0] as tf.Tensor, movingVariance: moving[1] as tf.Tensor },
    });
    const wanted = normalizeByBatch(problem);
    for (const name of ["mass", "mean", "variance"] as const) {
      expectCloseToLargest((found[name] as tf.Tensor).dataSync<"float32">(), wanted[name], 1e-5, name);
    }
  });

  it("takes a prior mass that is a tensor, as it takes a number", () => {
    const problem = makeBatchCase({ shape: [40, 3] }, { componentWeights: "equal", priorMass: 0 });
    const { x, mean, variance, prior } = tensorsOf(problem);
    const moving = { movingMean: mean, movingVariance: variance };
    const normalized = (priorMass: number | tf.Tensor) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { moments: "batch", ...moving, priorMass }).dataSync();
    for (const priorMass of [0, 3, Number.POSITIVE_INFINITY]) {
      expectClose(normalized(tf.scalar(priorMass)), normalized(priorMass), 1e-6);
      expectClose(normalized(tf.tensor1d([priorMass])), normalized(priorMass), 1e-6);
    }
  });

  it("has gradients where moving moments are variables, or the mixture's own", () => {
    const problem = makeBatchCase({ shape: [40, 3] }, { componentWeights: "equal", priorMass: 2 });
    const { x, mean, variance, prior } = tensorsOf(problem);
    const f = (x: tf.Tensor, mean: tf.Tensor) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, {
        ...{ moments: "batch", priorMass: 2, movingMean: mean, movingVariance: variance },
      });
    const [dx, dmean] = tf.grads(f)([x, mean]);
    for (const gradient of [dx, dmean]) expect(Array.from(gradient?.dataSync() ?? []).every(Number.isFinite)).toBe(true);
  });
});

describe('moments "batch" over a copied memory', () => {
  const driver = onTensors({ leeway: 1, library });
  beforeAll(() => useBackend("cpu"));

  it.each([
    { shape: [20_000, 12], axis: -1 },
    { shape: [2, 3, 40_000], axis: 1 },
    { shape: [9000, 3, 5], axis: 1 },
  ])("goes through in pieces where the tensor is larger than the memory: $shape, axis $axis", async (shape) => {
    setCopyingMemoryLimit(2 ** 17);
    try {
      const problem = makeBatchCase(shape, { componentWeights: "prior", priorMass: 2 });
      await checkBatchValues(driver, problem);
      await checkBatchGradients(driver, problem);
    } finally {
      setCopyingMemoryLimit(2 ** 26);
    }
  });
});
