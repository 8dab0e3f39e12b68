import { ones, reshape, type Tensor, type Tensor2D, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { argumentError, viewOf } from "../arguments.js";
import { checkNormalization, Normalization, type NormalizationAttrs } from "../kernels/normalization.js";
import { isRecording } from "../registry/gradients.js";
import { run } from "../registry/run.js";
import { toOptionalTensor, toTensor } from "./tensors.js";

/** What the family of classical normalizations has in common. */
export interface NormalizationConfig {
  /** Multiplied with what is normalized. Default: none. */
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

/** x normalized, and the mean and variance that it was normalized by, without gradients. A type: tf.tidy wants an index signature. */
export type Normalized<T extends Tensor, S extends Tensor> = { y: T; mean: S; variance: S };

/**
 * Normalizes by the mean and variance [slabs, sets] of x itself.
 *
 * @param sets what they are taken over
 */
export function normalize<T extends Tensor>(
  op: string,
  x: T | TensorLike,
  { gamma, beta, epsilon = 1e-3 }: NormalizationConfig,
  sets: (x: Tensor) => Omit<NormalizationAttrs, "epsilon">,
): Normalized<T, Tensor2D> {
  const [y, mean, variance] = tidy(() => {
    const numbers = toTensor(op, "x", x);
    const attrs = { ...sets(numbers), epsilon };
    const row = (argument: string, value: Tensor | TensorLike | undefined) => {
      const tensor = toOptionalTensor(op, argument, value);
      return tensor?.size === attrs.channels ? reshape(tensor, [attrs.channels]) : tensor;
    };
    const inputs = { x: numbers, gamma: row("gamma", gamma), beta: row("beta", beta) };
    checkNormalization(op, inputs, attrs);
    // The gradient's saved inputs must all be there.
    if (isRecording()) inputs.gamma ??= ones([attrs.channels]);
    return run(Normalization, inputs, attrs) as [T, Tensor2D, Tensor2D];
  });
  return { y, mean, variance };
}

/** Sets of the channels of each sample. @param groups how many; −1: one for each channel */
export function groupsOfSamples(op: string, x: Tensor, axis: number, groups: number): Omit<NormalizationAttrs, "epsilon"> {
  const { outer, channels, inner } = viewOf(op, x, axis);
  const slabs = x.shape[0] as number;
  if (axis === 0 || axis === -x.rank) throw argumentError(op, "axis", "not be the samples', 0", String(axis));
  const sets = groups === -1 ? channels : groups;
  if (!(Number.isInteger(sets) && sets > 0 && channels % sets === 0)) {
    throw argumentError(op, "groups", `divide the ${channels} channels, or be -1`, String(groups));
  }
  return { slabs, outer: slabs > 0 ? outer / slabs : 0, channels, inner, sets };
}
