import type * as tf from "@tensorflow/tfjs-core";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan";
import { EPSILON } from "../problem.js";
import { type Contender, trainingStep } from "./contender.js";

export function fused(x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor): tf.Tensor {
  return unsupervisedAdaptiveNormalization(x, mean, variance, prior, { epsilon: EPSILON });
}

export const uan: Contender = {
  name: "tfjs-uan",
  calls: ({ x, dy, mean, variance, prior }) => ({
    forward: () => fused(x, mean, variance, prior).dispose(),
    training: trainingStep(fused, [x, mean, variance, prior], dy),
  }),
};
