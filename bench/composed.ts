import * as tf from "@tensorflow/tfjs-core";
import { EPSILON, PRIOR_MASS } from "./problem.js";

// Normalizations as a user of TensorFlow.js would write them, channels last.

type Tensors = [x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor];

/** Distances from the components, their variances and responsibilities, of which the last axis is the components'. */
function mixture(...[x, mean, variance, prior]: Tensors) {
  const v = tf.transpose(tf.add(variance, EPSILON));
  const d = tf.sub(tf.expandDims(x, -1), tf.transpose(mean));
  const density = tf.sub(tf.sub(tf.log(prior), tf.mul(tf.log(v), 0.5)), tf.div(tf.square(d), tf.mul(v, 2)));
  return { v, d, tau: tf.softmax(density) };
}

export function composedUan(...tensors: Tensors): tf.Tensor {
  const { v, d, tau } = mixture(...tensors);
  return tf.sum(tf.mul(tau, tf.div(d, tf.sqrt(tf.mul(tensors[3], v)))), -1);
}

const allButChannels = (x: tf.Tensor) => [...x.shape.keys()].slice(0, -1);

interface Moments {
  mean: tf.Tensor;
  variance: tf.Tensor;
}

/** Moments of `count` activations of the batch and PRIOR_MASS activations with other moments. */
function together(batch: Moments, count: tf.Tensor | number, other: Moments): Moments {
  const share = tf.div(count, tf.add(count, PRIOR_MASS));
  const mean = tf.add(tf.mul(share, batch.mean), tf.mul(tf.sub(1, share), other.mean));
  const around = ({ mean: center, variance }: Moments) => tf.add(variance, tf.square(tf.sub(center, mean)));
  return { mean, variance: tf.add(tf.mul(share, around(batch)), tf.mul(tf.sub(1, share), around(other))) };
}

const byMoments = (x: tf.Tensor, { mean, variance }: Moments) => tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, EPSILON)));

const standardized = (moving: Moments, x: tf.Tensor) =>
  byMoments(x, together(tf.moments(x, allButChannels(x)), x.size / (x.shape.at(-1) as number), moving));

/** UAN of activations whose mean and variance are taken out. */
export function composedStandardized(
  ...[x, mean, variance, prior, movingMean, movingVariance]: [...Tensors, tf.Tensor, tf.Tensor]
) {
  return composedUan(standardized({ mean: movingMean, variance: movingVariance }, x), mean, variance, prior);
}

/** UAN by the moments of what each component has of the batch. Moving moments are [K, C]. */
export function composedByBatchMoments(
  ...[x, mean, variance, prior, movingMeans, movingVariances]: [...Tensors, tf.Tensor, tf.Tensor]
) {
  const { tau } = mixture(x, mean, variance, prior);
  const axes = allButChannels(x);
  const count = tf.sum(tau, axes);
  const values = tf.expandDims(x, -1);
  const center = tf.div(tf.sum(tf.mul(tau, values), axes), count);
  const spread = tf.div(tf.sum(tf.mul(tau, tf.square(tf.sub(values, center))), axes), count);
  const moving = { mean: tf.transpose(movingMeans), variance: tf.transpose(movingVariances) };
  return tf.sum(tf.mul(tau, byMoments(values, together({ mean: center, variance: spread }, count, moving))), -1);
}

/** Normalizes by the moments over the axes. */
const normalize = (x: tf.Tensor, axes: number[]) => byMoments(x, tf.moments(x, axes, true));

const scale = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => tf.add(tf.mul(x, gamma), beta);

export const composedBatch = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
  scale(normalize(x, allButChannels(x)), gamma, beta);

export const composedShrunkBatch = (moving: Moments, x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
  scale(standardized(moving, x), gamma, beta);

export const composedLayer = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => scale(normalize(x, [x.rank - 1]), gamma, beta);

export function composedGroups(groups: number, x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor {
  const [samples, channels] = [x.shape[0] as number, x.shape.at(-1) as number];
  const grouped = tf.reshape(x, [samples, -1, groups, channels / groups]);
  return scale(tf.reshape(normalize(grouped, [1, 3]), x.shape), gamma, beta);
}
