import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import { normalizeAxis } from "../arguments.js";
import { batchNormalization as normalize } from "../ops/batchNormalization.js";
import {
  TheirBatchNormalization,
  type BatchNormalizationArgs as TheirBatchNormalizationArgs,
} from "../tensorflow/layerClasses.js";
import { isFrozen } from "../tensorflow/weights.js";
import { type CallArgs, countedPlaces } from "./masks.js";
import { MovingMoments, normalizeAndFollow } from "./moving.js";
import { singleTensor } from "./sameShapeLayer.js";

/** Arguments of batchNormalization: those of tf.layers.batchNormalization, and one more. */
export interface BatchNormalizationArgs extends TheirBatchNormalizationArgs {
  /**
   * Whether the layer does as Keras's, where tf.layers.batchNormalization does not: frozen (`trainable` is false) it normalizes by
   * its moving averages in training, too, and these stay; and masked places do not count in a batch's mean and variance. It is not
   * saved. Default false.
   */
  asKeras?: boolean;
}

/**
 * tf.layers.batchNormalization (Ioffe, Szegedy, arXiv 1502.03167), its arguments, weights and moving averages, on this package's
 * kernels, and of any rank from 2 to 6. It trains without beta or gamma, too. An empty batch changes nothing. It is saved as
 * tf.layers.batchNormalization, and loaded as that: see {@link useFusedNormalization}.
 */
export class BatchNormalization extends TheirBatchNormalization {
  /** As {@link BatchNormalizationArgs} has it. It may be set at any time. */
  asKeras?: boolean;

  constructor(args?: BatchNormalizationArgs) {
    super(args);
    this.asKeras = args?.asKeras === true;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArgs | null): Tensor {
    return tidy(() => {
      const x = singleTensor(this.name, inputs);
      const { epsilon, momentum, movingMean, movingVariance } = this;
      const axis = normalizeAxis(this.name, Number(this.axis), x.rank);
      const [gamma, beta] = [this.gamma?.read(), this.beta?.read()];
      const isTraining = kwargs?.training && x.size > 0 && !(this.asKeras && isFrozen(this));
      if (!isTraining)
        return normalize(x, { axis, epsilon, gamma, beta, mean: movingMean.read(), variance: movingVariance.read() });
      const counted = this.asKeras ? countedPlaces(x, kwargs) : undefined;
      const moving = new MovingMoments(movingMean, movingVariance, { momentum, priorMass: 0, memory: null });
      return normalizeAndFollow(x, { axis, epsilon, gamma, beta }, moving, counted);
    });
  }
}
