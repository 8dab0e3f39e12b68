import type { Tensor, TensorLike } from "@tensorflow/tfjs-core";
import { type AxesNormalizationConfig, normalizeAxes } from "./axesNormalization.js";

/**
 * Divides every sample by its root mean square (Zhang, Sennrich, "Root Mean Square Layer Normalization", arXiv 1910.07467):
 *
 *     y = gamma · x/√(mean of x² + epsilon) + beta
 *
 * The mean is taken over `axis`. Gradients flow to x, gamma and beta. They may be differentiated again.
 *
 * @param x activations, rank 1 to 6; int32 and bool are cast to float32
 * @param config as layerNormalization has it, but epsilon: default 1e-6, as in Keras
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function rmsNormalization<T extends Tensor>(x: T | TensorLike, config: AxesNormalizationConfig = {}): T {
  return normalizeAxes("rmsNormalization", x, { epsilon: 1e-6, ...config }, { rms: true });
}
