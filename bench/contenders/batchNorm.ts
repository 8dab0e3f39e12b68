import * as tf from "@tensorflow/tfjs-core";
import { setKernelReplacement } from "tfjs-uan";
import { checkAgreement } from "../check.js";
import { LAYERS, NORMALIZATIONS } from "../names.js";
import { EPSILON, type Problem } from "../problem.js";
import { replaced } from "../rounds.js";
import { type Contender, type Operation, trainingStep } from "./contender.js";

type Row = tf.Tensor1D;

export const inferenceInputs = ({ x, movingMean, movingVariance, gamma, beta }: Problem) =>
  [x, movingMean, movingVariance, gamma, beta] as const;

export const inference = (x: tf.Tensor, mean: Row, variance: Row, gamma: Row, beta: Row) =>
  tf.batchNorm(x, mean, variance, beta, gamma, EPSILON);

function withMomentsOfBatch(x: tf.Tensor, gamma: Row, beta: Row): tf.Tensor {
  const { mean, variance } = tf.moments(x, [...x.shape.keys()].slice(0, -1));
  return inference(x, mean as Row, variance as Row, gamma, beta);
}

/** tf.batchNorm: in the forward pass with moving averages, in training with the batch's own moments. */
export const batchNorm: Contender = {
  name: NORMALIZATIONS.batchNorm,
  calls: (problem) => ({
    forward: () => inference(...inferenceInputs(problem)).dispose(),
    training: trainingStep(withMomentsOfBatch, [problem.x, problem.gamma, problem.beta], problem.dy),
  }),
};

const onOurKernel: Operation = (...inputs: Parameters<typeof inference>) => {
  setKernelReplacement(true);
  try {
    return inference(...inputs);
  } finally {
    setKernelReplacement(false);
  }
};

/** tf.batchNorm on the library's kernel. */
export const replacedBatchNorm: Contender = {
  name: LAYERS.replaced,
  note: "The backend's kernel of tf.batchNorm is replaced only in rows that say so.",
  isFor: () => tf.getBackend() === "wasm",
  check: (pass, problem) =>
    checkAgreement(LAYERS.replaced, pass, onOurKernel, inference, [...inferenceInputs(problem)], problem.dy),
  calls: (problem) => ({ forward: replaced(() => inference(...inferenceInputs(problem)).dispose()) }),
};
