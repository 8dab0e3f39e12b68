import type { Tensor, TensorLike } from "@tensorflow/tfjs-core";
import { toTensor } from "./tensors.js";

/** How a mixture lies along a tensor. */
export interface MixtureConfig {
  /** The channel axis of x. Default −1, the last. */
  axis?: number;
  /** Added to every variance. Default 1e-3. */
  epsilon?: number;
}

export const attrsOf = ({ axis = -1, epsilon = 1e-3 }: MixtureConfig) => ({ axis, epsilon });

/** The arguments that every op of a mixture has, as tensors. */
export function mixtureTensors(
  op: string,
  x: Tensor | TensorLike,
  mean: Tensor | TensorLike,
  variance: Tensor | TensorLike,
  prior: Tensor | TensorLike,
) {
  return {
    x: toTensor(op, "x", x),
    mean: toTensor(op, "mean", mean),
    variance: toTensor(op, "variance", variance, { nonNegative: true }),
    prior: toTensor(op, "prior", prior, { nonNegative: true }),
  };
}
