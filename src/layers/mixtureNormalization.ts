import {
  all,
  any,
  broadcastTo,
  cast,
  equal,
  expandDims,
  fill,
  greater,
  logicalAnd,
  logicalOr,
  matMul,
  min,
  mul,
  reshape,
  scalar,
  type serialization,
  sum,
  type Tensor,
  type Tensor2D,
  tensor1d,
  tensor2d,
  where,
} from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { checkCount, checkNonNegativeInteger, normalizeAxis } from "../arguments.js";
import { fitMixtureNormalization, mixtureNormalization as normalize } from "../ops/mixtureNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";
import { countedPlaces } from "./masks.js";
import { nearestRows } from "./matching.js";
import { checkMomentum, moved } from "./moving.js";
import { type MovingStatistics, writePooled } from "./movingStatistics.js";
import { withFloor } from "./parameters.js";

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
 * Weights: gamma and beta [C], where asked for; moving prior [K], moving mean and moving variance [K, C], not trained. The moving
 * prior is 0 until a batch sets the estimates; inference takes equal priors then.
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
    const { zeros, ones } = tfl.initializers;
    const shape = [numComponents, channels];
    this.prior = this.addWeight("moving_prior", [numComponents], "float32", zeros(), undefined, false);
    this.mean = this.addWeight("moving_mean", shape, "float32", zeros(), undefined, false);
    this.variance = this.addWeight("moving_variance", shape, "float32", ones(), undefined, false);
  }

  protected override normalize(x: Tensor, axis: number, training: boolean, counted: Tensor | undefined): Tensor {
    const { numComponents, emSteps, seed } = this;
    const config = { ...this.opConfig(axis), numComponents, emSteps, seed };
    if (!training) {
      const equalPriors = fill([numComponents], 1 / numComponents);
      const prior = where(this.isUntouched(), equalPriors, this.prior.read());
      return normalize(x, { ...config, mixture: { prior, mean: this.mean.read(), variance: this.variance.read() } });
    }
    const { y, ...mixture } = fitMixtureNormalization(x, { ...config, counted });
    this.move(mixture, counted ? any(greater(min(counted, axis), 0)) : scalar(true));
    return y;
  }

  /** Whether no batch has set the estimates yet, a boolean tensor. */
  private isUntouched(): Tensor {
    return all(equal(this.prior.read(), 0));
  }

  /**
   * Moves the estimates toward a batch's mixture, whose components come in whatever order. One that has no rows in the batch has no
   * mean and variance to move to.
   *
   * @param isKnown whether any row counts, a boolean tensor
   */
  private move(batch: Record<"prior" | "mean" | "variance", Tensor>, isKnown: Tensor): void {
    const { prior, mean, variance } = this;
    const order = nearestRows(mean.read() as Tensor2D, batch.mean as Tensor2D);
    const ordered = (value: Tensor) => reshape(matMul(order, reshape(value, [this.numComponents, -1])), value.shape);
    const untouched = this.isUntouched();
    const share = ordered(batch.prior);
    const hasRows = expandDims(logicalOr(untouched, greater(share, 0)), 1);
    const next = (estimate: tfl.LayerVariable, value: Tensor) =>
      where(untouched, value, moved(estimate.read(), value, 1 - this.momentum));
    const write = (estimate: tfl.LayerVariable, value: Tensor, condition: Tensor) =>
      estimate.write(where(logicalAnd(isKnown, condition), value, estimate.read()));
    write(mean, next(mean, ordered(batch.mean)), hasRows);
    write(variance, next(variance, ordered(batch.variance)), hasRows);
    write(prior, withFloor(next(prior, share)), isKnown);
  }

  /** @internal */
  override movingStatistics(): MovingStatistics {
    const { numComponents, emSteps, seed, epsilon } = this;
    const [weights, shape] = [[this.prior, this.mean, this.variance], this.mean.shape as [number, number]];
    return {
      weights,
      measure: (x, kwargs, before) => {
        const axis = normalizeAxis(this.name, this.axis, x.rank);
        const counted = countedPlaces(x, kwargs);
        const batch = fitMixtureNormalization(x, { axis, epsilon, numComponents, emSteps, seed, counted });
        const to = before ? tensor2d(Float32Array.from(before.mean), shape) : (this.mean.read() as Tensor2D);
        const order = nearestRows(to, batch.mean);
        const rows = counted ? sum(cast(greater(min(counted, axis), 0), "float32")) : scalar(x.size / shape[1]);
        const mass = mul(matMul(order, reshape(batch.prior, [-1, 1])), rows);
        return { mass: broadcastTo(mass, shape), mean: matMul(order, batch.mean), variance: matMul(order, batch.variance) };
      },
      set: (pooled) => {
        const rows = pooled.mass.filter((_, i) => i % shape[1] === 0);
        const total = rows.reduce((a, b) => a + b);
        writePooled({ mean: this.mean, variance: this.variance }, pooled);
        this.prior.write(withFloor(tensor1d(Array.from(rows, (row) => row / total))));
      },
    };
  }

  override getConfig(): serialization.ConfigDict {
    const { numComponents, emSteps, momentum, seed } = this;
    return { ...super.getConfig(), numComponents, emSteps, momentum, ...(seed !== undefined && { seed }) };
  }
}

registerLayer(MixtureNormalization, "tfuan>MixtureNormalization");

/** A layer that normalizes by a mixture of the batch's: see {@link MixtureNormalization}. */
export function mixtureNormalization(args?: MixtureNormalizationArgs): MixtureNormalization {
  return new MixtureNormalization(args);
}
