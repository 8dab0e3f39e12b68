import { type Tensor, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { argumentError, normalizeAxis, viewOf } from "../arguments.js";
import { sizeOf } from "../launch/plan.js";
import { type NormalizationConfig, normalize } from "./normalization.js";
import { toTensor, withAxesLast } from "./tensors.js";

export interface LayerNormalizationConfig extends NormalizationConfig {
  /**
   * The axis, or axes, that mean and variance are taken over. Default −1, the last. gamma and beta have their shape. Without axes,
   * [], every number is its own mean, and y is beta.
   */
  axis?: number | number[];
}

/** Axes in ascending order, counted from 0. */
function axesOf(op: string, axis: number | number[], rank: number): number[] {
  const axes = [axis].flat().map((one) => normalizeAxis(op, one, rank));
  if (new Set(axes).size < axes.length) throw argumentError(op, "axis", "be an axis or a list of different ones", `[${axis}]`);
  return axes.sort((a, b) => a - b);
}

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
  const op = "layerNormalization";
  return tidy(() => {
    const numbers = toTensor(op, "x", x);
    viewOf(op, numbers, -1);
    const axes = axesOf(op, config.axis ?? -1, numbers.rank);
    const { moved, restore } = withAxesLast(numbers, axes);
    const { y } = normalize(op, moved, config, ({ shape, size }) => {
      const channels = sizeOf(shape.slice(shape.length - axes.length));
      return { slices: channels > 0 ? size / channels : 0, outer: 1, channels, inner: 1, groups: 1 };
    });
    return restore(y) as T;
  });
}
