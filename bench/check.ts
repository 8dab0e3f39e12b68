import * as tf from "@tensorflow/tfjs-core";
import { composed } from "./contenders/composedUan.js";
import type { Operation, Pass } from "./contenders/contender.js";
import { fused } from "./contenders/uan.js";
import { EPSILON, type Problem } from "./problem.js";

const TOLERANCE = 1e-4;
/** Activations times components above which the composed form would take too long, or too much memory. */
const LARGEST_COMPOSED = 2 ** 23;

/** Throws unless both compute the same, and in training have the same gradients, to the largest entry of each. */
function agree(what: string, pass: Pass, ours: Operation, theirs: Operation, inputs: tf.Tensor[], dy: tf.Tensor): void {
  tf.tidy(() => {
    const all = (f: Operation) => {
      if (pass === "forward") return [f(...inputs)];
      const { value, grads } = tf.valueAndGrads(f)(inputs, dy);
      return [value, ...grads];
    };
    const wanted = all(theirs);
    const largest = (tensor: tf.Tensor) => tf.max(tf.abs(tensor)).dataSync()[0] as number;
    for (const [i, tensor] of all(ours).entries()) {
      const reference = wanted[i] as tf.Tensor;
      const difference = largest(tf.sub(tensor, reference)) / largest(reference);
      if (!(difference <= TOLERANCE)) {
        throw new Error(
          `${what}, ${pass}, result ${i}: may differ by ${TOLERANCE} of the largest entry, differs by ${difference}`,
        );
      }
    }
  });
}

/** Throws unless UAN of the problem computes what it should: with one component tf.batchNorm, with all the composed form. */
export function checkValues(pass: Pass, problem: Problem): void {
  const { shape, size, components, x, dy, mean, variance, prior, movingMean, movingVariance, gamma, beta } = problem;
  const oneComponent = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) =>
    fused(x, tf.expandDims(mean), tf.expandDims(variance), tf.ones([1]));
  const batchNorm = (x: tf.Tensor, mean: tf.Tensor1D, variance: tf.Tensor1D) =>
    tf.batchNorm(x, mean, variance, beta, gamma, EPSILON);
  agree(
    `UAN of one component and tf.batchNorm of [${shape}]`,
    pass,
    oneComponent,
    batchNorm,
    [x, movingMean, movingVariance],
    dy,
  );
  if (size * components <= LARGEST_COMPOSED) {
    agree(`fused and composed UAN of [${shape}]`, pass, fused, composed, [x, mean, variance, prior], dy);
  }
}
