import { type Tensor, type TensorLike, tidy } from "@tensorflow/tfjs-core";
import { axesOf, viewOf } from "../arguments.js";
import { sizeOf } from "../launch/plan.js";
import { type NormalizationConfig, normalize } from "./normalization.js";
import { toTensor, withAxesLast } from "./tensors.js";

/** Options of normalizations of a sample over some of its axes. */
export interface AxesNormalizationConfig extends NormalizationConfig {
  /**
   * The axis, or axes, that a sample's statistics are taken over. Default −1, the last. gamma and beta have their shape. Without axes,
   * [], they are those of every single number.
   */
  axis?: number | number[];
}

/** @param rms whether by the root mean square, not by mean and variance */
export function normalizeAxes<T extends Tensor>(
  op: string,
  x: T | TensorLike,
  config: AxesNormalizationConfig,
  { rms = false } = {},
): T {
  return tidy(() => {
    const numbers = toTensor(op, "x", x);
    viewOf(op, numbers, -1);
    const axes = axesOf(op, config.axis ?? -1, numbers.rank);
    const { moved, restore } = withAxesLast(numbers, axes);
    const { y } = normalize(op, moved, config, ({ shape, size }) => {
      const channels = sizeOf(shape.slice(shape.length - axes.length));
      return { slices: channels > 0 ? size / channels : 0, outer: 1, channels, inner: 1, groups: 1, rms };
    });
    return restore(y) as T;
  });
}
