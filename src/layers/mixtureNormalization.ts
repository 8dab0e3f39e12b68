import { all, equal, matMul, reshape, type serialization, type Tensor, type Tensor2D, where } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { checkCount, checkNonNegativeInteger } from "../arguments.js";
import { fitMixtureNormalization, mixtureNormalization as normalize } from "../ops/mixtureNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";
import { nearestRows } from "./matching.js";
import { checkMomentum, moved } from "./moving.js";

/** Arguments of {@link mixtureNormalization}. */
export interface MixtureNormalizationArgs extends ChannelNormalizationArgs {
  /** Components K of the mixture. Default 3. */
  numComponents?: number;
  /** Steps of EM that fit it to each batch of training, after the start. Default 2. */
  emSteps?: number;
  /** How much of the moving estimates is kept at each batch of training. Default 0.9. */
  momentum?: number;
  /** Seed of the starts of EM, an integer. Default: others for every batch. */
  seed?: number;
}

/**
 * Normalizes by a Gaussian mixture over the C-vectors of the batch, which EM fits to each batch of training (Kalayeh, Shah,
 * "Training Faster by Separating Modes of Variation in Batch-normalized Models", arXiv 1806.02892). Inference uses moving
 * estimates of the mixture: the first batch of training sets them, each further one moves them, component by component, each
 * to the batch's that is nearest.
 *
 * Weights: gamma and beta [C], where asked for; moving prior [K], moving mean and moving variance [K, C], not trained.
 * Input and output: any rank from 2 to 6, of the same shape.
 */
export class MixtureNormalization extends ChannelNormalization {
  /** @nocollapse */
  static readonly className = "MixtureNormalization";

  readonly numComponents: number;
  readonly emSteps: number;
  readonly momentum: number;
  readonly seed: number | undefined;

  private prior!: tfl.LayerVariable;
  private mean!: tfl.LayerVariable;
  private variance!: tfl.LayerVariable;

  constructor(args: MixtureNormalizationArgs = {}) {
    super(args);
    const op = MixtureNormalization.className;
    this.numComponents = args.numComponents ?? 3;
    this.emSteps = args.emSteps ?? 2;
    this.momentum = args.momentum ?? 0.9;
    this.seed = args.seed ?? undefined;
    checkCount(op, "numComponents", this.numComponents);
    checkNonNegativeInteger(op, "emSteps", this.emSteps);
    checkMomentum(op, this.momentum);
  }

  protected override buildFor(channels: number): void {
    const { numComponents } = this;
    const { zeros, ones, constant } = tfl.initializers;
    const shape = [numComponents, channels];
    const prior = constant({ value: 1 / numComponents });
    this.prior = this.addWeight("moving_prior", [numComponents], "float32", prior, undefined, false);
    this.mean = this.addWeight("moving_mean", shape, "float32", zeros(), undefined, false);
    this.variance = this.addWeight("moving_variance", shape, "float32", ones(), undefined, false);
  }

  protected override normalize(x: Tensor, axis: number, training: boolean): Tensor {
    const { numComponents, emSteps, seed } = this;
    const config = { ...this.opConfig(axis), numComponents, emSteps, seed };
    if (!training) {
      const mixture = { prior: this.prior.read(), mean: this.mean.read(), variance: this.variance.read() };
      return normalize(x, { ...config, mixture });
    }
    const { y, prior, mean, variance } = fitMixtureNormalization(x, config);
    if (this.trainable && x.size > 0) this.move(prior, mean, variance);
    return y;
  }

  /** Moves the estimates toward a batch's mixture, whose components come in whatever order. */
  private move(prior: Tensor, mean: Tensor, variance: Tensor): void {
    const order = nearestRows(this.mean.read() as Tensor2D, mean as Tensor2D);
    const untouched = all(equal(this.mean.read(), 0));
    const follow = (estimate: tfl.LayerVariable, value: Tensor) => {
      const ordered = reshape(matMul(order, reshape(value, [this.numComponents, -1])), value.shape);
      estimate.write(where(untouched, ordered, moved(estimate.read(), ordered, this.momentum)));
    };
    follow(this.prior, prior);
    follow(this.variance, variance);
    follow(this.mean, mean);
  }

  override getConfig(): serialization.ConfigDict {
    const { numComponents, emSteps, momentum, seed } = this;
    return { ...super.getConfig(), numComponents, emSteps, momentum, ...(seed !== undefined && { seed }) };
  }
}

registerLayer(MixtureNormalization);

/** A layer that normalizes by a mixture of the batch's: see {@link MixtureNormalization}. */
export function mixtureNormalization(args?: MixtureNormalizationArgs): MixtureNormalization {
  return new MixtureNormalization(args);
}
