import { fill, greater, type Tensor, tensor, where } from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { normalizeBatch } from "../ops/batchNormalization.js";
import { type CallArgs, countedMoments } from "./masks.js";

/** Mass (a number of activations), mean and biased variance, each of the same shape. */
export type Moments = Record<"mass" | "mean" | "variance", Tensor>;

/** What `recalibrate` needs of a layer with moving moments. */
export interface MovingStatistics {
  /** The weights that `set` writes to. */
  readonly weights: LayerVariable[];
  /**
   * The moments of what the layer is called with.
   *
   * @param before those of earlier batches together
   */
  measure(x: Tensor, kwargs: CallArgs | null | undefined, before: PooledMoments | undefined): Moments;
  /** Makes the pooled moments of all batches the moving ones. */
  set(pooled: PooledMoments): void;
}

/** Moments of several sets of activations together (Chan, Golub, LeVeque 1979), in float64. */
export class PooledMoments {
  readonly mass: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;

  /** @param size how many moments there are: C, or K·C */
  constructor(readonly size: number) {
    this.mass = new Float64Array(size);
    this.mean = new Float64Array(size);
    this.variance = new Float64Array(size);
  }

  /** Takes in moments of the same size, one after the other: all masses, all means, all variances. */
  add(moments: ArrayLike<number>): void {
    const { size, mass, mean, variance } = this;
    for (let i = 0; i < size; i++) {
      const [added, itsMean, itsVariance] = [moments[i], moments[size + i], moments[2 * size + i]] as [number, number, number];
      if (added === 0) continue;
      const before = mass[i] as number;
      const part = added / (before + added);
      const shift = itsMean - (mean[i] as number);
      mass[i] = before + added;
      mean[i] = (mean[i] as number) + part * shift;
      variance[i] = (1 - part) * ((variance[i] as number) + part * shift * shift) + part * itsVariance;
    }
  }

  /** Activations of a channel that were taken in. */
  perChannel(channels: number): number {
    return this.mass.reduce((sum, mass) => sum + mass, 0) / channels;
  }
}

/** Makes pooled moments the moving ones, where there were activations; and their mass what these have seen. */
export function writePooled(
  { mean, variance, seen }: { mean: LayerVariable; variance: LayerVariable; seen?: LayerVariable | undefined },
  pooled: PooledMoments,
): void {
  const shape = mean.shape as number[];
  const numbers = (values: Float64Array) => tensor(Float32Array.from(values), shape);
  const isKnown = greater(numbers(pooled.mass), 0);
  mean.write(where(isKnown, numbers(pooled.mean), mean.read()));
  variance.write(where(isKnown, numbers(pooled.variance), variance.read()));
  seen?.write(fill([1], pooled.perChannel(shape.at(-1) as number)));
}

/** Moments [C] of every channel. @param counted as countedPlaces has it */
export function channelMoments(x: Tensor, axis: number, counted: Tensor | undefined): Moments {
  if (counted) {
    const { count, mean, variance } = countedMoments(x, counted, axis);
    return { mass: count, mean, variance };
  }
  const { mean, variance } = normalizeBatch(x, { axis });
  return { mass: fill(mean.shape, x.size / mean.size), mean, variance };
}
