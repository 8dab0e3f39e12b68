import { reshape, type Tensor, type Tensor2D, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { argumentError, viewOf } from "../arguments.js";
import { checkNormalization, Normalization, type NormalizationAttrs } from "../kernels/normalization.js";
import { run } from "../registry/run.js";
import { toOptionalTensor, toTensor } from "./tensors.js";

/** The options that all normalizations by a mean and a variance share. */
export interface NormalizationConfig {
  /** Multiplied with the normalized activations. Default: none. */
  gamma?: Tensor | TensorLike;
  /** Added to it. Default: none. */
  beta?: Tensor | TensorLike;
  /** Added to every variance. Default 1e-3. */
  epsilon?: number;
}

export interface ChannelNormalizationConfig extends NormalizationConfig {
  /** The channel axis of x. Default −1, the last. */
  axis?: number;
}

/** x normalized, and its mean and variance, without gradients. A type, as tf.tidy wants an index signature. */
export type Normalized<T extends Tensor, S extends Tensor> = { y: T; mean: S; variance: S };

/**
 * Normalizes by the mean and variance [slices, groups] of x itself.
 *
 * @param slicesOf the numbers that share a mean and a variance
 */
export function normalize<T extends Tensor>(
  op: string,
  x: T | TensorLike,
  { gamma, beta, epsilon = 1e-3 }: NormalizationConfig,
  slicesOf: (x: Tensor) => Omit<NormalizationAttrs, "epsilon">,
): Normalized<T, Tensor2D> {
  const [y, mean, variance] = tidy(() => {
    const numbers = toTensor(op, "x", x);
    const { slices, outer, channels, inner, groups, rms } = slicesOf(numbers);
    const attrs = { slices, outer, channels, inner, groups, rms, epsilon };
    const row = (argument: string, value: Tensor | TensorLike | undefined) => {
      const tensor = toOptionalTensor(op, argument, value);
      return tensor && tensor.rank !== 1 && tensor.size === channels ? reshape(tensor, [channels]) : tensor;
    };
    const inputs = { x: numbers, gamma: row("gamma", gamma), beta: row("beta", beta) };
    checkNormalization(op, inputs, attrs);
    return run(Normalization, inputs, attrs) as [T, Tensor2D, Tensor2D];
  });
  return { y, mean, variance };
}

/** A slice for each sample. @param groups how many the channels make; −1: one for each channel */
export function groupsOfSamples(op: string, x: Tensor, axis: number, groups: number): Omit<NormalizationAttrs, "epsilon"> {
  const { outer, channels, inner } = viewOf(op, x, axis);
  const slices = x.shape[0] as number;
  if (axis === 0 || axis === -x.rank) throw argumentError(op, "axis", "not be the samples', 0", String(axis));
  const count = groups === -1 ? channels : groups;
  if (!(Number.isInteger(count) && count > 0 && channels % count === 0)) {
    throw argumentError(op, "groups", `divide the ${channels} channels, or be -1`, String(groups));
  }
  return { slices, outer: slices > 0 ? outer / slices : 0, channels, inner, groups: count };
}
