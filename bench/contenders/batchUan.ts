import type * as tf from "@tensorflow/tfjs-core";
import { type UnsupervisedAdaptiveNormalizationConfig, unsupervisedAdaptiveNormalization } from "tfjs-uan";
import { checkAgreement } from "../check.js";
import { composedByBatchMoments, composedStandardized } from "../composed.js";
import { BY_BATCH } from "../names.js";
import { EPSILON, PRIOR_MASS, type Problem } from "../problem.js";
import { type Contender, type Operation, trainingStep } from "./contender.js";
import { LARGEST_COMPOSED, uan } from "./uan.js";

// UAN by the batch, in the forward pass too as in training, with moments that a prior mass shrinks toward moving ones.

interface Way {
  name: string;
  note: string;
  config: Pick<UnsupervisedAdaptiveNormalizationConfig, "standardize" | "moments">;
  /** The same, composed, of x, the mixture and moving moments. */
  composed: Operation;
  movingMoments(problem: Problem): [mean: tf.Tensor, variance: tf.Tensor];
}

function contender({ name, note, config, composed, movingMoments }: Way): Contender {
  const inputs = ({ x, mean, variance, prior }: Problem) => [x, mean, variance, prior];
  const oursFor = (problem: Problem): Operation => {
    const [movingMean, movingVariance] = movingMoments(problem);
    const all = { ...config, epsilon: EPSILON, priorMass: PRIOR_MASS, movingMean, movingVariance };
    return (x, mean, variance, prior) => unsupervisedAdaptiveNormalization(x, mean, variance, prior, all);
  };
  return {
    name,
    note,
    against: uan,
    async check(pass, problem) {
      if (problem.size * problem.components > LARGEST_COMPOSED) return;
      const moving = movingMoments(problem);
      const theirs: Operation = (...inputs) => composed(...inputs, ...moving);
      await checkAgreement(name, pass, oursFor(problem), theirs, inputs(problem), problem.dy);
    },
    calls(problem) {
      const ours = oursFor(problem);
      return {
        forward: () => ours(...inputs(problem)).dispose(),
        training: trainingStep(ours, inputs(problem), problem.dy),
      };
    },
  };
}

export const standardizedUan = contender({
  name: BY_BATCH.standardized,
  note: `${BY_BATCH.standardized}, is a pass of training, with a prior mass of ${PRIOR_MASS}.`,
  config: { standardize: true },
  composed: composedStandardized,
  movingMoments: ({ movingMean, movingVariance }) => [movingMean, movingVariance],
});

export const uanByBatchMoments = contender({
  name: BY_BATCH.moments,
  note: `So is ${BY_BATCH.moments}.`,
  config: { moments: "batch" },
  composed: composedByBatchMoments,
  movingMoments: ({ movingMeans, movingVariances }) => [movingMeans, movingVariances],
});
