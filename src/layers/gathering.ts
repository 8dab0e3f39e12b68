import { add, div, keep, maximum, mul, ones, reshape, square, sub, type Tensor, zeros } from "@tensorflow/tfjs-core";
import { mixtureMoments } from "../ops/mixtureMoments.js";
import { type ChannelMoments, countedMoments } from "./masks.js";

/** Activations per channel that are gathered. */
const ENOUGH = 256;

/** Moments [C] of every channel over the first batches of training. It keeps their tensors between batches. */
export class Gathering {
  private seen = 0;
  private moments?: Required<ChannelMoments> | undefined;

  /** Whether it has seen enough. Masked activations were seen, too: how many there are is known to the device alone. */
  get done(): boolean {
    return this.seen >= ENOUGH;
  }

  /**
   * Takes in a batch.
   *
   * @param counted as countedPlaces has it
   * @returns mean and variance of all that was taken in, and the count of the batch's own
   */
  add(x: Tensor, axis: number, counted?: Tensor): Required<ChannelMoments> {
    const channels = x.shape[axis] as number;
    const before = this.moments;
    const batch = counted ? countedMoments(x, counted, axis) : momentsOf(x, axis, before?.mean ?? zeros([channels]));
    const merged = before ? merge(before, batch) : batch;
    this.dispose();
    this.seen += x.size / channels;
    if (!this.done) this.moments = { mean: keep(merged.mean), variance: keep(merged.variance), count: keep(merged.count) };
    return { ...merged, count: batch.count };
  }

  dispose(): void {
    for (const tensor of Object.values(this.moments ?? {})) tensor.dispose();
    this.moments = undefined;
  }
}

/** @param about numbers near the means, which cost no digits then */
function momentsOf(x: Tensor, axis: number, about: Tensor): Required<ChannelMoments> {
  const channels = about.size;
  const { mass, mean, variance } = mixtureMoments(x, reshape(about, [1, channels]), ones([1, channels]), ones([1]), { axis });
  const row = (tensor: Tensor) => reshape(tensor, [channels]);
  return { mean: row(mean), variance: row(variance), count: row(mass) };
}

/** Moments of two parts together (Chan, Golub, LeVeque 1979). */
function merge(a: Required<ChannelMoments>, b: Required<ChannelMoments>): Required<ChannelMoments> {
  const count = add(a.count, b.count);
  const [partA, partB] = [a, b].map((part) => div(part.count, maximum(count, 1))) as [Tensor, Tensor];
  const shift = sub(b.mean, a.mean);
  const within = add(mul(a.variance, partA), mul(b.variance, partB));
  return {
    mean: add(a.mean, mul(shift, partB)),
    variance: add(within, mul(square(shift), mul(partA, partB))),
    count,
  };
}
