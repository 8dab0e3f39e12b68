import { type Tensor, type Tensor2D, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { MixtureMoments as kernel } from "../kernels/mixtureMoments.js";
import { run } from "../registry/run.js";
import { attrsOf, type MixtureConfig, mixtureTensors } from "./mixture.js";

/**
 * Mass n_k = Σ τ_k, mean m_k = Σ τ_k x / n_k and variance Σ τ_k (x − m_k)² / n_k of every component, over a channel's
 * activations: the M step of EM (Cappé, Moulines, arXiv 0712.4273). τ as {@link mixtureResponsibilities} has it, and is not
 * stored. A component without mass keeps the mean and variance it came with. It has no gradient.
 *
 * @param x activations, as {@link unsupervisedAdaptiveNormalization} takes them
 * @param mean [K, C]
 * @param variance [K, C]
 * @param prior [K] or [K, 1]
 * @returns float32, each [K, C]
 * @throws as unsupervisedAdaptiveNormalization does
 */
export function mixtureMoments(
  x: Tensor | TensorLike,
  mean: Tensor | TensorLike,
  variance: Tensor | TensorLike,
  prior: Tensor | TensorLike,
  config: MixtureConfig = {},
): { mass: Tensor2D; mean: Tensor2D; variance: Tensor2D } {
  return tidy(kernel.op, () => {
    const inputs = mixtureTensors(kernel.op, x, mean, variance, prior);
    const [mass, newMean, newVariance] = run(kernel, inputs, attrsOf(config)) as [Tensor2D, Tensor2D, Tensor2D];
    return { mass, mean: newMean, variance: newVariance };
  });
}
