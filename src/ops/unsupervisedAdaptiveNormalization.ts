import { type Tensor, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import type { NormAttrs } from "../arguments.js";
import { UnsupervisedAdaptiveNorm as kernel } from "../kernels/unsupervisedAdaptiveNorm.js";
import { run } from "../registry/run.js";
import { type MixtureConfig, mixtureTensors } from "./mixture.js";
import { toOptionalTensor } from "./tensors.js";

export interface UnsupervisedAdaptiveNormalizationConfig extends MixtureConfig {
  /** Multiplied with the normalized activations, [C]. Default: none. */
  gamma?: Tensor | TensorLike;
  /** Added to them, [C]. Default: none. */
  beta?: Tensor | TensorLike;
  /** "uan" (default), the paper's, or "ucb", that of the authors' published Keras layer. */
  formula?: NormAttrs["formula"];
}

/**
 * Normalizes activations with a univariate Gaussian mixture for each channel (Faye, Azzag, Lebbah, Feng, "UAN: Unsupervised
 * Adaptive Normalization", IJCNN 2024).
 *
 * With v_k = variance_k + epsilon and the responsibilities τ = softmax over k of (log prior_k − ½ log v_k − (x − mean_k)²/(2 v_k)):
 *
 *     y = gamma · Σ_k τ_k (x − mean_k)/√(prior_k v_k) + beta
 *
 * One component is batch normalization's inference. Gradients flow to x, mean, variance, prior, gamma and beta. They may be
 * differentiated again. A variance (with epsilon) below 2^-40 is raised to 2^-40, a prior below 2^-126 to 2^-126. A NaN or infinite
 * activation gives NaN or infinity at its own position only.
 *
 * The formula "ucb" is what the authors' published Keras layer, UCBNorm, computes in inference. It does not use the prior, whose
 * gradient is 0, and takes activations far from every component to beta:
 *
 *     p_k = exp(−(x − mean_k)²/(2 v_k))
 *     y = gamma · Σ_k p_k/(Σ_j p_j + epsilon) · (x − mean_k)/√((1 + epsilon) v_k) + beta
 *
 * An epsilon below 2^-96, such as 0, is left out of its denominator: an activation far from every component then follows the one that
 * is the fewest deviations away.
 *
 * @param x activations, rank 1 to 6, of C channels along `axis`; int32 and bool are cast to float32
 * @param mean [K, C]
 * @param variance [K, C], not negative
 * @param prior [K] or [K, 1], not negative; it should sum to 1
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function unsupervisedAdaptiveNormalization<T extends Tensor>(
  x: T | TensorLike,
  mean: Tensor | TensorLike,
  variance: Tensor | TensorLike,
  prior: Tensor | TensorLike,
  config: UnsupervisedAdaptiveNormalizationConfig = {},
): T {
  const { axis = -1, epsilon = 1e-3, formula } = config;
  return tidy(kernel.op, () => {
    const tensors = mixtureTensors(kernel.op, x, mean, variance, prior);
    const inputs = {
      x: tensors.x,
      mean: tensors.mean,
      variance: tensors.variance,
      prior: tensors.prior,
      gamma: toOptionalTensor(kernel.op, "gamma", config.gamma),
      beta: toOptionalTensor(kernel.op, "beta", config.beta),
    };
    return run(kernel, inputs, { axis, epsilon, formula }) as T;
  });
}
