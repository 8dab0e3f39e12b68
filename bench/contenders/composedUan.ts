import * as tf from "@tensorflow/tfjs-core";
import { EPSILON } from "../problem.js";
import { type Contender, trainingStep } from "./contender.js";
import { uan } from "./uan.js";

/** UAN as a user of TensorFlow.js would write it, channels last. */
export function composed(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor): tf.Tensor {
  const v = tf.transpose(tf.add(variance, EPSILON));
  const d = tf.sub(tf.expandDims(x, -1), tf.transpose(mean));
  const density = tf.sub(tf.sub(tf.log(prior), tf.mul(tf.log(v), 0.5)), tf.div(tf.square(d), tf.mul(v, 2)));
  return tf.sum(tf.mul(tf.softmax(density), tf.div(d, tf.sqrt(tf.mul(prior, v)))), -1);
}

export const composedUan: Contender = {
  name: "UAN of tf operations",
  against: uan,
  calls: ({ x, dy, mean, variance, prior }) => ({
    forward: () => tf.tidy(() => void composed(x, mean, variance, prior)),
    training: trainingStep(composed, [x, mean, variance, prior], dy),
  }),
};
