import type { Tensor, TensorLike } from "@tensorflow/tfjs-core";
import { type ChannelNormalizationConfig, groupsOfSamples, normalize } from "./normalization.js";

export interface GroupNormalizationConfig extends ChannelNormalizationConfig {
  /** How many groups the channels make: a divisor of their number, or −1 for a group of each channel. Default 32, also for null. */
  groups?: number | null;
}

/**
 * Normalizes groups of channels by their mean and variance, sample by sample (Wu, He, "Group Normalization", arXiv 1803.08494):
 *
 *     y = gamma · (x − E)/√(Var + epsilon) + beta
 *
 * E and the biased Var are taken over a group's channels and all other axes but the first. Gradients flow to x, gamma and beta.
 * They may be differentiated again.
 *
 * @param x activations [samples, …], rank 2 to 6, of C channels along `axis`; int32 and bool are cast to float32
 * @returns float32, of x's shape
 * @throws Error naming the argument that has a wrong rank, shape, dtype or value, or is disposed
 */
export function groupNormalization<T extends Tensor>(x: T | TensorLike, config: GroupNormalizationConfig = {}): T {
  const op = "groupNormalization";
  const { axis = -1, groups } = config;
  return normalize<T>(op, x, config, (numbers) => groupsOfSamples(op, numbers, axis, groups ?? 32)).y;
}
