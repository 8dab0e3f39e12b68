import * as tf from "@tensorflow/tfjs-core";
import type { Case } from "./problems.js";

/** A case's tensors on the current backend. */
export function tensorsOf({ shape, x, mean, variance, prior, components, channels }: Case) {
  return {
    x: tf.tensor(x, shape),
    mean: tf.tensor(mean, [components, channels]),
    variance: tf.tensor(variance, [components, channels]),
    prior: tf.tensor(prior, [components]),
  };
}

/** The values of the tensor that `run` makes. No tensor is left. */
export function read(run: () => tf.Tensor): Float32Array {
  return tf.tidy(() => run().dataSync<"float32">());
}

/** The same for several tensors. */
export function readAll(run: () => tf.Tensor[]): Float32Array[] {
  return tf.tidy(() => run().map((tensor) => tensor.dataSync<"float32">()));
}
