import type * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { batchNormalization, groupNormalization, instanceNormalization, layerNormalization } from "tfjs-uan";
import { checkAgreement } from "../check.js";
import { composedBatch, composedGroups, composedLayer } from "../composed.js";
import { LAYERS } from "../names.js";
import { EPSILON, type Problem } from "../problem.js";
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

/** By the batch's own moments. */
export const batch = contender(LAYERS.batch, batchNormalization, composedBatch);

export const layer = contender(LAYERS.layer, layerNormalization, composedLayer);

const inGroups: Normalize = (x, config) => groupNormalization(x, { ...config, groups: GROUPS });
const composedInGroups: Operation = (x, gamma, beta) => composedGroups(GROUPS, x, gamma, beta);
export const group = contender(LAYERS.group, inGroups, composedInGroups);

const ofChannels: Operation = (x, gamma, beta) => composedGroups(gamma.size, x, gamma, beta);
export const instance: Contender = {
  ...contender(LAYERS.instance, instanceNormalization, ofChannels),
  // Without axes of space nothing is left of a channel but beta.
  isFor: ({ shape }) => shape.length > 2,
};

const batchByGiven = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
  batchNormalization(x, { epsilon: EPSILON, mean, variance, gamma, beta });

/** By moments that are given: inference. */
export const batchInference: Contender = {
  name: LAYERS.batch,
  check: (pass, problem) =>
    checkAgreement(LAYERS.batch, pass, batchByGiven, inference, [...inferenceInputs(problem)], problem.dy),
  calls: (problem) => ({ forward: () => batchByGiven(...inferenceInputs(problem)).dispose() }),
};

const MOST_PLACES = 4096;

/**
 * TensorFlow.js's, without what a layer does around its computation. The gradients of gamma and beta take a call of tf.slice and
 * one of tf.add for every place in x that they are tiled to: 100 seconds for [32, 32, 32, 64], so it trains on few places only.
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
      ...(x.size / gamma.size <= MOST_PLACES && { training: trainingStep(compute, [x, ...parameters], dy) }),
    };
  },
};
