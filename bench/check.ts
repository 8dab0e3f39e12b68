import * as tf from "@tensorflow/tfjs-core";
import type { Operation, Pass } from "./contenders/contender.js";

const TOLERANCE = 1e-4;

/** Throws unless both compute the same, and in training have the same gradients, to the largest entry of each. */
export function checkAgreement(
  what: string,
  pass: Pass,
  ours: Operation,
  theirs: Operation,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): void {
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
          `${what} of [${dy.shape}], ${pass}, result ${i}: may differ by ${TOLERANCE} of the largest entry, differs by ${difference}`,
        );
      }
    }
  });
}
