import type { Tensor, TensorLike } from "@tensorflow/tfjs-core";
import { type ChannelNormalizationConfig, groupsOfSamples, normalize } from "./normalization.js";

/**
 * Normalizes every channel by its mean and variance, sample by sample (Ulyanov, Vedaldi, Lempitsky, "Instance Normalization", arXiv
 * 1607.08022): group normalization with a group for each channel.
 *
 * @param x activations [samples, …], rank 2 to 6, of C channels along `axis`; int32 and bool are cast to float32
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function instanceNormalization<T extends Tensor>(x: T | TensorLike, config: ChannelNormalizationConfig = {}): T {
  const op = "instanceNormalization";
  const { axis = -1 } = config;
  return normalize<T>(op, x, config, (numbers) => groupsOfSamples(op, numbers, axis, -1)).y;
}
