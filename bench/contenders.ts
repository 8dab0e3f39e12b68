import * as tf from "@tensorflow/tfjs-core";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan";

const EPSILON = 1e-3;

/** Activations of one shape, and what normalizes them: each function makes its outputs and gives them back. */
export interface Contenders {
  forward: Record<"batchNorm" | "composed" | "uan", () => void>;
  training: Record<"batchNorm" | "composed" | "uan", () => void>;
  /** Largest difference between the fused and the composed UAN, forward and in each gradient, to the largest entry. */
  check(): number;
  dispose(): void;
}

/** Section 1 of the specification as a user of TensorFlow.js would write it, channels last. */
function composed(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor): tf.Tensor {
  const v = tf.transpose(tf.add(variance, EPSILON));
  const d = tf.sub(tf.expandDims(x, -1), tf.transpose(mean));
  const density = tf.sub(tf.sub(tf.log(prior), tf.mul(tf.log(v), 0.5)), tf.div(tf.square(d), tf.mul(v, 2)));
  return tf.sum(tf.mul(tf.softmax(density), tf.div(d, tf.sqrt(tf.mul(prior, v)))), -1);
}

export function makeContenders(shape: number[], components: number): Contenders {
  const channels = shape.at(-1) as number;
  const axes = shape.slice(0, -1).map((_, i) => i);
  const tensors = {
    x: tf.randomNormal(shape, 0, 1, "float32", 1),
    dy: tf.randomNormal(shape, 0, 1, "float32", 2),
    mean: tf.randomUniform([components, channels], -1, 1, "float32", 3),
    variance: tf.randomUniform([components, channels], 0.2, 1.2, "float32", 4),
    prior: tf.softmax(tf.randomUniform([components], 0, 1, "float32", 5)),
    zeros: tf.zeros([channels]) as tf.Tensor1D,
    ones: tf.ones([channels]) as tf.Tensor1D,
  };
  const { x, dy, mean, variance, prior, zeros, ones } = tensors;
  const mixture = [x, mean, variance, prior];
  const fused = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor) =>
    unsupervisedAdaptiveNormalization(x, mean, variance, prior, { epsilon: EPSILON });
  const batchNormTraining = (x: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) => {
    const { mean, variance } = tf.moments(x, axes);
    return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, beta as tf.Tensor1D, gamma as tf.Tensor1D, EPSILON);
  };
  type F = (...inputs: tf.Tensor[]) => tf.Tensor;
  const step = (f: F, inputs: tf.Tensor[]) => () => tf.dispose(tf.grads(f)(inputs, dy));
  return {
    forward: {
      batchNorm: () => tf.batchNorm(x, zeros, ones, zeros, ones, EPSILON).dispose(),
      composed: () => tf.tidy(() => void composed(x, mean, variance, prior)),
      uan: () => fused(x, mean, variance, prior).dispose(),
    },
    training: {
      batchNorm: step(batchNormTraining as F, [x, ones, zeros]),
      composed: step(composed as F, mixture),
      uan: step(fused as F, mixture),
    },
    check: () =>
      tf.tidy(() => {
        const all = (f: F) => [f(...mixture), ...tf.grads(f)(mixture, dy)];
        const wanted = all(composed as F);
        const differences = all(fused as F).map((tensor, i) => {
          const reference = wanted[i] as tf.Tensor;
          const largest = (t: tf.Tensor) => tf.max(tf.abs(t)).dataSync()[0] as number;
          return largest(tf.sub(tensor, reference)) / largest(reference);
        });
        return Math.max(...differences);
      }),
    dispose: () => tf.dispose(tensors),
  };
}
