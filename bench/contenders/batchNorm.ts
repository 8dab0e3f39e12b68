import * as tf from "@tensorflow/tfjs-core";
import { EPSILON } from "../problem.js";
import { type Contender, trainingStep } from "./contender.js";

/** Forward: tf.batchNorm, with moving moments. Training: with the batch's own. */
export const batchNorm: Contender = {
  name: "tf.batchNorm",
  calls({ shape, x, dy, movingMean, movingVariance, gamma, beta }) {
    const axes = shape.slice(0, -1).map((_, i) => i);
    const withMomentsOfBatch = (x: tf.Tensor, gamma: tf.Tensor1D, beta: tf.Tensor1D) => {
      const { mean, variance } = tf.moments(x, axes);
      return tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, beta, gamma, EPSILON);
    };
    return {
      forward: () => tf.batchNorm(x, movingMean, movingVariance, beta, gamma, EPSILON).dispose(),
      training: trainingStep(withMomentsOfBatch, [x, gamma, beta], dy),
    };
  },
};
