import * as tf from "@tensorflow/tfjs-core";
import type { Operation, Pass } from "./contenders/contender.js";

const TOLERANCE = 1e-4;

/** Rejects unless both compute the same results and, in training, gradients. The tolerance is relative to a tensor's largest entry. */
export async function checkAgreement(
  what: string,
  pass: Pass,
  ours: Operation,
  theirs: Operation,
  inputs: tf.Tensor[],
  dy: tf.Tensor,
): Promise<void> {
  const differences = tf.tidy(() => {
    const all = (f: Operation) => {
      if (pass === "forward") return [f(...inputs)];
      const { value, grads } = tf.valueAndGrads(f)(inputs, dy);
      return [value, ...grads];
    };
    const largest = (tensor: tf.Tensor) => tf.max(tf.abs(tensor));
    const wanted = all(theirs);
    return all(ours).map((tensor, i) => {
      const reference = wanted[i] as tf.Tensor;
      return tf.div(largest(tf.sub(tensor, reference)), largest(reference));
    });
  });
  try {
    for (const [i, tensor] of differences.entries()) {
      const difference = (await tensor.data())[0] as number;
      if (difference <= TOLERANCE) continue;
      throw new Error(
        `${what} of [${dy.shape}], ${pass}, result ${i}: must agree within ${TOLERANCE} of the largest entry, got a difference of ${difference}`,
      );
    }
  } finally {
    tf.dispose(differences);
  }
}
