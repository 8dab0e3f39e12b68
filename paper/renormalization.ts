import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { batchNormalization } from "tfjs-uan";
import { BatchNormalization } from "tfjs-uan/layers";

// Batch renormalization is not part of the library.

/** The largest r and d, at the end of their schedules. */
const MAX_R = 3;
const MAX_D = 5;

// The paper starts with 5,000 steps of batch normalization, and widens the limits of d until step 25,000, those of r until step
// 40,000. Here these are shares of a run of 120,000 steps.

const START = 1 / 24;
const D_DONE = 5 / 24;
const R_DONE = 8 / 24;

interface Limits {
  r: number;
  d: number;
}

interface Moments {
  mean: tf.Tensor;
  variance: tf.Tensor;
}

/** The limits of r and d when this share of the run is done. */
export function limitsAt(done: number): Limits {
  const share = (end: number) => Math.min(1, Math.max(0, (done - START) / (end - START)));
  return { r: 1 + (MAX_R - 1) * share(R_DONE), d: MAX_D * share(D_DONE) };
}

interface RenormalizationArgs {
  /** Of moving averages. */
  momentum: number;
  /** How many steps the run has. */
  steps: number;
}

/**
 * Batch renormalization (Ioffe, "Batch Renormalization: Towards Reducing Minibatch Dependence in Batch-Normalized Models", arXiv
 * 1702.03275, algorithm 1): γ·((x − μ_B)/σ_B · r + d) + β with r = σ_B/σ and d = (μ_B − μ)/σ, clipped, and constants to the gradient.
 * The moving σ is the root of the moving variance. Moving averages begin as plain averages of the steps so far, because runs here are
 * too short to forget a start from 0 and 1. The last axis has the channels.
 */
export class BatchRenormalization extends BatchNormalization {
  private readonly steps: number;
  private done!: tfl.LayerVariable;

  constructor({ momentum, steps }: RenormalizationArgs) {
    super({ momentum });
    this.steps = steps;
  }

  override build(inputShape: Parameters<BatchNormalization["build"]>[0]): void {
    super.build(inputShape);
    this.done = this.addWeight("done", [1], "float32", tfl.initializers.zeros(), undefined, false);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs?: Parameters<BatchNormalization["call"]>[1]): tf.Tensor {
    if (!kwargs?.training) return super.call(inputs, kwargs);
    return tf.tidy(() => {
      const [x] = [inputs].flat() as [tf.Tensor];
      const axes = Array.from({ length: x.rank - 1 }, (_, i) => i);
      const moments = tf.moments(constant(x), axes);
      const [done = 0] = this.done.read().dataSync();
      const { r, d } = this.corrections(moments, limitsAt(done / this.steps));
      this.follow(moments, Math.max(1 - this.momentum, 1 / (done + 1)));
      const [gamma, beta] = [this.gamma, this.beta].map((weight) => (weight as tfl.LayerVariable).read()) as [
        tf.Tensor,
        tf.Tensor,
      ];
      // With constants r and d it is batch normalization by γ·r and γ·d + β.
      return batchNormalization(x, { epsilon: this.epsilon, gamma: tf.mul(gamma, r), beta: tf.add(tf.mul(gamma, d), beta) });
    });
  }

  private corrections({ mean, variance }: Moments, limits: Limits): { r: tf.Tensor; d: tf.Tensor } {
    const deviationOf = (variance: tf.Tensor) => tf.sqrt(tf.add(variance, this.epsilon));
    const moving = deviationOf(this.movingVariance.read());
    return {
      r: tf.clipByValue(tf.div(deviationOf(variance), moving), 1 / limits.r, limits.r),
      d: tf.clipByValue(tf.div(tf.sub(mean, this.movingMean.read()), moving), -limits.d, limits.d),
    };
  }

  private follow({ mean, variance }: Moments, rate: number): void {
    const moved = (old: tf.Tensor, to: tf.Tensor) => tf.add(old, tf.mul(tf.sub(to, old), rate));
    this.movingMean.write(moved(this.movingMean.read(), mean));
    this.movingVariance.write(moved(this.movingVariance.read(), variance));
    this.done.write(tf.add(this.done.read(), 1));
  }
}

/** The same numbers, to which no gradient flows. */
const constant = (x: tf.Tensor): tf.Tensor =>
  tf.customGrad((x) => ({ value: (x as tf.Tensor).clone(), gradFunc: (dy) => tf.zerosLike(dy) }))(x);

/** A layer of batch renormalization. */
export const batchRenormalization = (args: RenormalizationArgs): BatchRenormalization => new BatchRenormalization(args);
