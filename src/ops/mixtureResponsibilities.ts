import { type Tensor, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { MixtureResponsibilities as kernel } from "../kernels/mixtureResponsibilities.js";
import { run } from "../registry/run.js";
import { attrsOf, type MixtureConfig, mixtureTensors } from "./mixture.js";

/**
 * How much each component of a channel's mixture is responsible for each activation: τ_k of
 * {@link unsupervisedAdaptiveNormalization}, which sums to 1 over k. It has no gradient.
 *
 * @param x activations, as {@link unsupervisedAdaptiveNormalization} takes them
 * @param mean [K, C]
 * @param variance [K, C]
 * @param prior [K] or [K, 1]
 * @returns float32, of shape x.shape + [K]
 * @throws as unsupervisedAdaptiveNormalization does
 */
export function mixtureResponsibilities(
  x: Tensor | TensorLike,
  mean: Tensor | TensorLike,
  variance: Tensor | TensorLike,
  prior: Tensor | TensorLike,
  config: MixtureConfig = {},
): Tensor {
  return tidy(kernel.op, () => run(kernel, mixtureTensors(kernel.op, x, mean, variance, prior), attrsOf(config)) as Tensor);
}
