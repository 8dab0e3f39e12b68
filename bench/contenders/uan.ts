import * as tf from "@tensorflow/tfjs-core";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan";
import { checkAgreement } from "../check.js";
import { composedUan } from "../composed.js";
import { NORMALIZATIONS } from "../names.js";
import { EPSILON } from "../problem.js";
import { type Contender, trainingStep } from "./contender.js";

/** The largest number of activations times components for which the composed form is fast and small enough. */
export const LARGEST_COMPOSED = 2 ** 23;

function fused(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor): tf.Tensor {
  return unsupervisedAdaptiveNormalization(x, mean, variance, prior, { epsilon: EPSILON });
}

const oneComponent = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) =>
  fused(x, tf.expandDims(mean), tf.expandDims(variance), tf.ones([1]));
// tf.batchNorm has a gradient only with offset and scale.
const batchNorm = (x: tf.Tensor, mean: tf.Tensor1D, variance: tf.Tensor1D) =>
  tf.batchNorm(x, mean, variance, tf.zerosLike(mean), tf.onesLike(mean), EPSILON);

export const uan: Contender = {
  name: NORMALIZATIONS.uan,
  async check(pass, { size, components, x, dy, mean, variance, prior, movingMean, movingVariance }) {
    const moments = [movingMean, movingVariance];
    await checkAgreement("UAN of one component and tf.batchNorm", pass, oneComponent, batchNorm, [x, ...moments], dy);
    if (size * components > LARGEST_COMPOSED) return;
    await checkAgreement("fused and composed UAN", pass, fused, composedUan, [x, mean, variance, prior], dy);
  },
  calls: ({ x, dy, mean, variance, prior }) => ({
    forward: () => fused(x, mean, variance, prior).dispose(),
    training: trainingStep(fused, [x, mean, variance, prior], dy),
  }),
};
