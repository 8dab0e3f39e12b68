import * as tf from "@tensorflow/tfjs-core";
import { EPSILON } from "./problem.js";

// Mixture normalization as a user of TensorFlow.js would write it. Rows and components broadcast as [N, K, C].

interface Mixture {
  /** [K] */
  prior: tf.Tensor;
  /** [K, C] */
  mean: tf.Tensor;
  variance: tf.Tensor;
}

/** A mixture's responsibilities [N, K] for the rows. */
function responsibilities(rows: tf.Tensor, { prior, mean, variance }: Mixture): tf.Tensor {
  const v = tf.add(variance, EPSILON);
  const squares = tf.sum(tf.div(tf.square(tf.sub(tf.expandDims(rows, 1), mean)), v), 2);
  const density = tf.sub(tf.log(prior), tf.mul(tf.add(squares, tf.sum(tf.log(v), 1)), 0.5));
  return tf.softmax(density);
}

/** The mixture by the moments that responsibilities weight. */
function momentsOf(rows: tf.Tensor, nu: tf.Tensor): Mixture {
  const mass = tf.sum(nu, 0);
  const weights = tf.div(nu, mass);
  const mean = tf.matMul(weights, rows, true);
  const variance = tf.sum(tf.mul(tf.expandDims(weights, 2), tf.square(tf.sub(tf.expandDims(rows, 1), mean))), 0);
  return { prior: tf.div(mass, rows.shape[0] as number), mean, variance };
}

/** Responsibilities after steps of EM. */
export function fitMixture(rows: tf.Tensor, start: Mixture, emSteps: number): tf.Tensor {
  let nu = responsibilities(rows, start);
  for (let step = 0; step < emSteps; step++) nu = responsibilities(rows, momentsOf(rows, nu));
  return nu;
}

/** Normalizes x, channels last, by the mixture of the responsibilities, which are constants for gradients. */
export function composedMixture(nu: tf.Tensor, x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor): tf.Tensor {
  const rows = tf.reshape(x, [-1, gamma.size]);
  const { prior, mean, variance } = momentsOf(rows, nu);
  const deviations = tf.div(tf.sub(tf.expandDims(rows, 1), mean), tf.sqrt(tf.add(variance, EPSILON)));
  const y = tf.sum(tf.mul(tf.expandDims(tf.div(nu, tf.sqrt(prior)), 2), deviations), 1);
  return tf.reshape(tf.add(tf.mul(y, gamma), beta), x.shape);
}
