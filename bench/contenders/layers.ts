import type * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { batchNormalization, groupNormalization, instanceNormalization, layerNormalization } from "tfjs-uan";
import { checkAgreement } from "../check.js";
import { composedBatch, composedGroups, composedLayer, composedShrunkBatch } from "../composed.js";
import { LAYERS } from "../names.js";
import { EPSILON, PRIOR_MASS, type Problem } from "../problem.js";
import { inference, inferenceInputs } from "./batchNorm.js";
import { type Contender, type Operation, trainingStep } from "./contender.js";

// The library's classical normalizations, and TensorFlow.js's layer normalization.

type Normalize = (x: tf.Tensor, config: { epsilon: number; gamma: tf.Tensor; beta: tf.Tensor }) => tf.Tensor;

const GROUPS = 32;
const inputsOf = ({ x, gamma, beta }: Problem) => [x, gamma, beta];

function contender(name: string, normalize: Normalize, composed: Operation): Contender {
  const ours: Operation = (x, gamma, beta) => normalize(x, { epsilon: EPSILON, gamma, beta });
  return {
    name,
    check: (pass, problem) => checkAgreement(name, pass, ours, composed, inputsOf(problem), problem.dy),
    calls: (problem) => ({
      forward: () => ours(...inputsOf(problem)).dispose(),
      training: trainingStep(ours, inputsOf(problem), problem.dy),
    }),
  };
}

/** Batch normalization by the batch's own moments. */
export const batch: Contender = {
  ...contender(LAYERS.batch, batchNormalization, composedBatch),
  // A single activation of each channel becomes beta.
  isFor: ({ size, gamma }) => size > gamma.size,
};

const shrunk = ({ movingMean: mean, movingVariance: variance }: Problem): Operation => {
  const config = { epsilon: EPSILON, mean, variance, priorMass: PRIOR_MASS };
  return (x, gamma, beta) => batchNormalization(x, { ...config, gamma, beta });
};

/** The same, by moments that a prior mass shrinks toward moving ones. */
export const shrunkBatch: Contender = {
  name: LAYERS.shrunk,
  note: `The prior mass is ${PRIOR_MASS}.`,
  check(pass, problem) {
    const { movingMean: mean, movingVariance: variance, dy } = problem;
    const composed: Operation = (x, gamma, beta) => composedShrunkBatch({ mean, variance }, x, gamma, beta);
    return checkAgreement(LAYERS.shrunk, pass, shrunk(problem), composed, inputsOf(problem), dy);
  },
  calls: (problem) => ({
    forward: () => shrunk(problem)(...inputsOf(problem)).dispose(),
    training: trainingStep(shrunk(problem), inputsOf(problem), problem.dy),
  }),
};

export const layer = contender(LAYERS.layer, layerNormalization, composedLayer);

const inGroups: Normalize = (x, config) => groupNormalization(x, { ...config, groups: GROUPS });
const composedInGroups: Operation = (x, gamma, beta) => composedGroups(GROUPS, x, gamma, beta);
export const group = contender(LAYERS.group, inGroups, composedInGroups);

const ofChannels: Operation = (x, gamma, beta) => composedGroups(gamma.size, x, gamma, beta);
export const instance: Contender = {
  ...contender(LAYERS.instance, instanceNormalization, ofChannels),
  // Without spatial axes the result is beta.
  isFor: ({ shape }) => shape.length > 2,
};

const batchByMoments = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
  batchNormalization(x, { epsilon: EPSILON, mean, variance, gamma, beta });

/** Batch normalization at inference, by given moments. */
export const batchInference: Contender = {
  name: LAYERS.batch,
  check: (pass, problem) =>
    checkAgreement(LAYERS.batch, pass, batchByMoments, inference, [...inferenceInputs(problem)], problem.dy),
  calls: (problem) => ({ forward: () => batchByMoments(...inferenceInputs(problem)).dispose() }),
};

const MAX_POSITIONS = 4096;

/**
 * The computation of TensorFlow.js's layer. It tiles gamma and beta to every position of x, and their gradients call tf.slice and
 * tf.add for each position, which takes 100 seconds for [32, 32, 32, 64]. So it trains only on few positions.
 */
export const layerOfTfjs: Contender = {
  name: LAYERS.theirs,
  against: layer,
  calls({ shape, x, dy, gamma, keep }) {
    const layer = tfl.layers.layerNormalization({ epsilon: EPSILON });
    layer.build(shape);
    const parameters = layer.weights.map((weight) => keep(weight.read()));
    const compute = (x: tf.Tensor) => layer.call(x, {}) as tf.Tensor;
    return {
      forward: () => compute(x).dispose(),
      ...(x.size / gamma.size <= MAX_POSITIONS && { training: trainingStep(compute, [x, ...parameters], dy) }),
    };
  },
};
