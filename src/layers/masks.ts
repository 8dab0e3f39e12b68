import {
  broadcastTo,
  cast,
  div,
  greater,
  maximum,
  mul,
  reshape,
  square,
  sub,
  type Tensor,
  where,
  zerosLike,
} from "@tensorflow/tfjs-core";
import { viewOf } from "../arguments.js";
import { sumOver } from "../composed/sums.js";

// Masks of tf.layers: boolean, of the leading axes of a layer's input; false marks padding, which moments do not count.

/** What layers are called with beside their input. */
export interface CallArgs {
  training?: boolean;
  mask?: Tensor | (Tensor | null)[] | null;
}

/**
 * Where activations count: 1, and 0 where they are masked, like x. undefined: all count.
 *
 * TensorFlow.js 4.22 hands a layer that has no mask that of an earlier layer, which may be disposed. A mask that does not fit is
 * none.
 */
export function countedPlaces(x: Tensor, kwargs: CallArgs | null | undefined): Tensor | undefined {
  const [mask] = [kwargs?.mask].flat();
  if (!mask || mask.isDisposed || mask.rank >= x.rank) return undefined;
  if (mask.shape.some((size, i) => size !== x.shape[i])) return undefined;
  const further = Array<number>(x.rank - mask.rank).fill(1);
  return broadcastTo(reshape(cast(mask, "float32"), [...mask.shape, ...further]), x.shape);
}

/** x, 0 where it does not count, even where it is NaN. */
export const countedOf = (x: Tensor, counted: Tensor): Tensor => where(greater(counted, 0), x, zerosLike(x));

/** How many activations of each channel count, [C]. */
export function countOf(counted: Tensor, axis: number): Tensor {
  const { outer, channels, inner } = viewOf("countOf", counted, axis);
  return reshape(sumOver(reshape(counted, [outer, channels, inner]), [0, 2]), [channels]);
}

/** Moments of every channel. */
export interface ChannelMoments {
  mean: Tensor;
  variance: Tensor;
  /** Activations that count, a number for each channel, where some are masked. */
  count?: Tensor | undefined;
}

/** Mean and biased variance [C] of the activations that count, with gradients; 0 in a channel without any. */
export function countedMoments(x: Tensor, counted: Tensor, axis: number): Required<ChannelMoments> {
  const { outer, channels, inner } = viewOf("countedMoments", x, axis);
  const view = (tensor: Tensor) => reshape(tensor, [outer, channels, inner]);
  const weight = view(counted);
  const numbers = view(countedOf(x, counted));
  const total = (tensor: Tensor) => reshape(sumOver(tensor, [0, 2]), [channels]);
  const count = total(weight);
  const average = (tensor: Tensor) => div(total(tensor), maximum(count, 1));
  const mean = average(numbers);
  const deviation = mul(sub(numbers, reshape(mean, [1, channels, 1])), weight);
  return { mean, variance: average(square(deviation)), count };
}
