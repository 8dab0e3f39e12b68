import * as tf from "@tensorflow/tfjs-core";
import { EPSILON } from "./problem.js";

// Normalizations as a user of TensorFlow.js would write them, channels last.

export function composedUan(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor): tf.Tensor {
  const v = tf.transpose(tf.add(variance, EPSILON));
  const d = tf.sub(tf.expandDims(x, -1), tf.transpose(mean));
  const density = tf.sub(tf.sub(tf.log(prior), tf.mul(tf.log(v), 0.5)), tf.div(tf.square(d), tf.mul(v, 2)));
  return tf.sum(tf.mul(tf.softmax(density), tf.div(d, tf.sqrt(tf.mul(prior, v)))), -1);
}

/** Normalizes by the moments over the axes. */
function normalize(x: tf.Tensor, axes: number[]): tf.Tensor {
  const { mean, variance } = tf.moments(x, axes, true);
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, EPSILON)));
}

const scale = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => tf.add(tf.mul(x, gamma), beta);

export const composedBatch = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) =>
  scale(normalize(x, [...x.shape.keys()].slice(0, -1)), gamma, beta);

export const composedLayer = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => scale(normalize(x, [x.rank - 1]), gamma, beta);

export function composedGroups(groups: number, x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor {
  const [samples, channels] = [x.shape[0] as number, x.shape.at(-1) as number];
  const grouped = tf.reshape(x, [samples, -1, groups, channels / groups]);
  return scale(tf.reshape(normalize(grouped, [1, 3]), x.shape), gamma, beta);
}
