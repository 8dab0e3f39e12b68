import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import { batchNormalization as normalize, normalizeBatch } from "../ops/batchNormalization.js";
import { type BatchNormalizationArgs, TheirBatchNormalization } from "../tensorflow/layerClasses.js";
import { singleTensor } from "./channelNormalization.js";
import { follow } from "./moving.js";

export type { BatchNormalizationArgs };

/**
 * tf.layers.batchNormalization (Ioffe, Szegedy, arXiv 1502.03167), its arguments, weights and moving averages, on this package's
 * kernels, and of any rank from 2 to 6. It trains without beta or gamma, too. It is saved as tf.layers.batchNormalization, and
 * loaded as that: see {@link useFusedNormalization}.
 */
export class BatchNormalization extends TheirBatchNormalization {
  override call(inputs: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor {
    return tidy(() => {
      const x = singleTensor(inputs);
      const { epsilon, movingMean, movingVariance } = this;
      const config = { axis: Number(this.axis), epsilon, gamma: this.gamma?.read(), beta: this.beta?.read() };
      if (!kwargs.training) return normalize(x, { ...config, mean: movingMean.read(), variance: movingVariance.read() });
      const { y, mean, variance } = normalizeBatch(x, config);
      follow(movingMean, mean, this.momentum);
      follow(movingVariance, variance, this.momentum);
      return y;
    });
  }
}

/** A layer that normalizes by the batch's moments: see {@link BatchNormalization}. */
export function batchNormalization(args?: BatchNormalizationArgs): BatchNormalization {
  return new BatchNormalization(args);
}
