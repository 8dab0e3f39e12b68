import type { Tensor, TensorLike } from "@tensorflow/tfjs-core";
import { type AxesNormalizationConfig, normalizeAxes } from "./axesNormalization.js";

/** Options of {@link layerNormalization}. */
export type LayerNormalizationConfig = AxesNormalizationConfig;

/**
 * Normalizes every sample by its mean and variance (Ba, Kiros, Hinton, "Layer Normalization", arXiv 1607.06450):
 *
 *     y = gamma · (x − E)/√(Var + epsilon) + beta
 *
 * E and the biased Var are taken over `axis`. Gradients flow to x, gamma and beta. They may be differentiated again.
 *
 * @param x activations, rank 1 to 6; int32 and bool are cast to float32
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function layerNormalization<T extends Tensor>(x: T | TensorLike, config: LayerNormalizationConfig = {}): T {
  return normalizeAxes("layerNormalization", x, config);
}
