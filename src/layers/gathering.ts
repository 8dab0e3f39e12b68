import { add, keep, mul, ones, reshape, square, sub, type Tensor, zeros } from "@tensorflow/tfjs-core";
import { mixtureMoments } from "../ops/mixtureMoments.js";

/** Activations per channel that are gathered. */
const ENOUGH = 256;

/** Mean and variance of every channel over the first batches of training. It keeps two tensors between them. */
export class Gathering {
  private seen = 0;
  private mean?: Tensor;
  private variance?: Tensor;

  /** Whether it has seen enough. */
  get done(): boolean {
    return this.seen >= ENOUGH;
  }

  /** Takes in a batch. @returns moments, each [C], of all that were taken in. */
  add(x: Tensor, axis: number): { mean: Tensor; variance: Tensor } {
    const channels = x.shape[axis] as number;
    const count = x.size / channels;
    const seen = this.seen + count;
    const about = reshape(this.mean ?? zeros([channels]), [1, channels]);
    const batch = mixtureMoments(x, about, ones([1, channels]), ones([1]), { axis });
    let mean: Tensor = reshape(batch.mean, [channels]);
    let variance: Tensor = reshape(batch.variance, [channels]);
    if (this.mean && this.variance) {
      // Moments of both parts together (Chan, Golub, LeVeque 1979).
      const shift = sub(mean, this.mean);
      mean = add(this.mean, mul(shift, count / seen));
      const within = add(mul(this.variance, this.seen / seen), mul(variance, count / seen));
      variance = add(within, mul(square(shift), (this.seen * count) / seen ** 2));
    }
    this.dispose();
    this.seen = seen;
    if (!this.done) {
      this.mean = keep(mean);
      this.variance = keep(variance);
    }
    return { mean, variance };
  }

  dispose(): void {
    this.mean?.dispose();
    this.variance?.dispose();
    this.mean = undefined;
    this.variance = undefined;
  }
}
