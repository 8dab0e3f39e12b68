import { add, relu, reshape, type serialization, sqrt, square, sub, type Tensor, tidy } from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, normalizeAxis } from "../arguments.js";
import { sizeOf } from "../launch/plan.js";
import { batchNormalization } from "../ops/batchNormalization.js";
import { withAxesLast } from "../ops/tensors.js";
import { divertLayer, initializerOf, TheirBatchNormalization } from "../tensorflow/layerClasses.js";
import { isFrozen } from "../tensorflow/weights.js";
import { BatchNormalization, type BatchNormalizationArgs } from "./batchNormalization.js";
import { checkClipping, normalizeByMoments, type RenormClipping, renormalize } from "./batchRenormalization.js";
import { becomeWhenBuilt, MAX_RANK_OF_THEIRS } from "./becoming.js";
import { type CallArgs, type ChannelMoments, countedPlaces } from "./masks.js";
import { checkMomentum, rateWhereCounted, stepTo } from "./moving.js";
import { channelMoments, type MovingStatistics, writePooled } from "./movingStatistics.js";
import { type Shape, singleShape, singleTensor, withoutPolicy } from "./sameShapeLayer.js";

export type { RenormClipping };

/** Arguments of batchNormalization: those of tf.layers.batchNormalization, and those that Keras's alone has. */
export interface KerasBatchNormalizationArgs extends Omit<BatchNormalizationArgs, "axis"> {
  /** The channel axis, or several. Default −1, the last. */
  axis?: number | number[];
  /**
   * Whether batches are normalized by averages of their moments in training, too: batch renormalization (Ioffe, arXiv 1702.03275;
   * docs/math.md, section 4.5). Default false.
   */
  renorm?: boolean;
  /** Bounds of its corrections. Default: none. */
  renormClipping?: RenormClipping | null;
  /** How much of these averages is kept at each update. Default 0.99. */
  renormMomentum?: number;
  /**
   * true: the batch's own moments normalize at inference, too; the moving averages follow in training alone. false: the moving ones
   * normalize in training, too. Keras has it as an argument of a call: `layer(x, training=True)`. Default null: as the model runs.
   */
  training?: boolean | null;
}

/** The option that TensorFlow.js's class has not, if there is one. */
export function kerasOptionOf(args: KerasBatchNormalizationArgs): "renorm" | "training" | "axis" | undefined {
  if (args.renorm) return "renorm";
  if ((args.training ?? null) !== null) return "training";
  return Array.isArray(args.axis) && args.axis.length !== 1 ? "axis" : undefined;
}

/**
 * Batch normalization with what Keras's has and tf.layers.batchNormalization has not: several axes, any rank, batch renormalization,
 * and the call argument `training`. With one of these options frozen layers infer, and masked places do not count, as in Keras.
 * It is saved as BatchNormalization, with Keras's configuration, and the key `training`, where it is set.
 *
 * Weights: gamma, beta, moving mean and moving variance [C], where asked for; of several axes they have x's rank, and 1 for other axes;
 * with renorm moving_stddev, renorm_mean and renorm_stddev, too.
 */
export class KerasBatchNormalization extends BatchNormalization {
  // A layer of TensorFlow.js's that becomes one of these has none of the properties.
  readonly renorm?: boolean;
  readonly renormClipping?: RenormClipping | null;
  readonly renormMomentum?: number;
  readonly training?: boolean | null;
  /** With renorm: those that training normalizes by, and the deviation that inference does. */
  private averages?: Record<"mean" | "stddev" | "movingStddev", tfl.LayerVariable>;

  constructor(args: KerasBatchNormalizationArgs = {}) {
    const { axis } = args;
    super({ ...args, axis: (Array.isArray(axis) && axis.length === 1 ? axis[0] : axis) as number });
    this.renorm = args.renorm === true;
    this.renormClipping = args.renormClipping ?? null;
    this.renormMomentum = args.renormMomentum ?? 0.99;
    this.training = args.training === undefined || args.training === null ? null : Boolean(args.training);
    this.asKeras = args.asKeras ?? kerasOptionOf(args) !== undefined;
    checkMomentum(this.name, this.renormMomentum, "renormMomentum");
    checkClipping(this.name, this.renormClipping);
  }

  /** The channel axes, ascending, counted from 0. */
  private axesOf(rank: number): number[] {
    const axes = [this.axis].flat().map((axis) => normalizeAxis(this.name, axis, rank));
    if (axes.length === 0 || new Set(axes).size < axes.length || axes.includes(0)) {
      throw argumentError(this.name, "axis", "be an axis that is not the batch's, or several different ones", `[${this.axis}]`);
    }
    return axes.sort((a, b) => a - b);
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    const axes = this.axesOf(shape.length);
    if (axes.length === 1) super.build(inputShape);
    else this.buildFor(shape, axes);
    if (!this.renorm) return;
    const of = this.movingMean.shape as number[];
    const weight = (name: string, initializer: typeof this.movingMeanInitializer) =>
      this.addWeight(name, of, "float32", initializer, undefined, false);
    const { movingMeanInitializer: mean, movingVarianceInitializer: variance } = this;
    const stddev = initializerOf(() => tidy(() => sqrt(variance.apply(of))));
    this.averages = {
      movingStddev: weight("moving_stddev", stddev),
      mean: weight("renorm_mean", mean),
      stddev: weight("renorm_stddev", stddev),
    };
  }

  /** Adds the weights of several axes. */
  private buildFor(shape: Shape, axes: number[]): void {
    const sizes = shape.map((size, axis) => (axes.includes(axis) ? size : 1));
    if (sizes.some((size) => typeof size !== "number")) {
      throw argumentError(this.name, "axis", "be axes of known size", `[${this.axis}] of [${shape}]`);
    }
    type Initializer = typeof this.movingMeanInitializer;
    type Rest = [typeof this.gammaRegularizer, boolean, typeof this.gammaConstraint?];
    const weight = (name: string, initializer: Initializer, ...rest: Rest) =>
      this.addWeight(name, sizes as number[], "float32", initializer, ...rest);
    const { gammaInitializer, gammaRegularizer, gammaConstraint, betaInitializer, betaRegularizer, betaConstraint } = this;
    Object.assign(this, {
      ...(this.scale && { gamma: weight("gamma", gammaInitializer, gammaRegularizer, true, gammaConstraint) }),
      ...(this.center && { beta: weight("beta", betaInitializer, betaRegularizer, true, betaConstraint) }),
      movingMean: weight("moving_mean", this.movingMeanInitializer, undefined, false),
      movingVariance: weight("moving_variance", this.movingVarianceInitializer, undefined, false),
      built: true,
    });
  }

  /** Tensors like x as [outer, channels, inner], whatever the channel axes are, and one of these as it was. */
  private viewOf(x: Tensor): { toView: (tensor: Tensor) => Tensor; toX: (view: Tensor) => Tensor } {
    const axes = this.axesOf(x.rank);
    const [only, ...others] = axes as [number, ...number[]];
    const isOne = others.length === 0;
    const last = (tensor: Tensor) => (isOne ? { moved: tensor, restore: (y: Tensor) => y } : withAxesLast(tensor, axes));
    const { moved, restore } = last(x);
    const { shape } = moved;
    const [at, end] = isOne ? [only, only + 1] : [shape.length - axes.length, shape.length];
    const view: [number, number, number] = [sizeOf(shape, 0, at), sizeOf(shape, at, end), sizeOf(shape, end)];
    return {
      toView: (tensor) => reshape(tensor === x ? moved : last(tensor).moved, view),
      toX: (tensor) => restore(reshape(tensor, shape)),
    };
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArgs | null): Tensor {
    return tidy(() => {
      const x = singleTensor(this.name, inputs);
      const { toView, toX } = this.viewOf(x);
      const counted = this.asKeras ? countedPlaces(x, kwargs) : undefined;
      return toX(this.normalizeView(toView(x), counted && toView(counted), kwargs?.training === true));
    });
  }

  /** @param x [outer, channels, inner] @param counted like x */
  private normalizeView(x: Tensor, counted: Tensor | undefined, isTraining: boolean): Tensor {
    const { epsilon, movingMean, movingVariance } = this;
    const row = (weight: tfl.LayerVariable | undefined) => weight && reshape(weight.read(), [-1]);
    const config = { axis: 1, epsilon, gamma: row(this.gamma), beta: row(this.beta) };
    const byBatch = (this.training ?? isTraining) && x.size > 0 && !(this.asKeras && isFrozen(this));
    if (!byBatch) return batchNormalization(x, { ...config, mean: row(movingMean), variance: row(movingVariance) });
    const averages = this.averages;
    const renorm = averages && {
      mean: reshape(averages.mean.read(), [-1]),
      stddev: reshape(averages.stddev.read(), [-1]),
      clipping: this.renormClipping ?? {},
    };
    const { y, ...moments } = renorm ? renormalize(x, counted, config, renorm) : normalizeByMoments(x, counted, config);
    if (isTraining) this.follow(moments);
    return y;
  }

  /** Moves all averages to the moments [C] of a batch. */
  private follow({ mean, variance, count }: ChannelMoments): void {
    const { momentum, epsilon, movingMean, movingVariance, averages } = this;
    const rate = (kept: number) => rateWhereCounted(1 - kept, count);
    stepTo(movingMean, mean, rate(momentum));
    if (!averages) {
      stepTo(movingVariance, variance, rate(momentum));
      return;
    }
    const stddev = sqrt(add(variance, epsilon));
    const kept = this.renormMomentum ?? 0.99;
    stepTo(averages.mean, mean, rate(kept));
    stepTo(averages.stddev, stddev, rate(kept));
    stepTo(averages.movingStddev, stddev, rate(momentum));
    movingVariance.write(relu(sub(square(averages.movingStddev.read()), epsilon)));
  }

  /** @internal */
  movingStatistics(): MovingStatistics {
    const { movingMean: mean, movingVariance: variance, averages } = this;
    return {
      weights: [mean, variance, ...(averages ? [averages.movingStddev] : [])],
      measure: (x, kwargs) => {
        const { toView } = this.viewOf(x);
        const counted = this.asKeras ? countedPlaces(x, kwargs) : undefined;
        return channelMoments(toView(x), 1, counted && toView(counted));
      },
      set: (pooled) => {
        writePooled({ mean, variance }, pooled);
        averages?.movingStddev.write(sqrt(add(variance.read(), this.epsilon)));
      },
    };
  }

  override getConfig(): serialization.ConfigDict {
    const { renorm, renormClipping = null, renormMomentum, training = null } = this;
    return {
      ...super.getConfig(),
      ...(renorm && { renorm, renormClipping: renormClipping as serialization.ConfigDict | null, renormMomentum }),
      ...(training !== null && { training }),
    } as serialization.ConfigDict;
  }
}

// A saved configuration that names batch normalization makes a layer of whichever class it needs.
divertLayer(
  "BatchNormalization",
  TheirBatchNormalization as never,
  (_, config) => {
    const args = withoutPolicy(config) as KerasBatchNormalizationArgs;
    if (kerasOptionOf(args)) return new KerasBatchNormalization(args);
    const [axis, ...others] = [args.axis ?? -1].flat();
    const layer = new TheirBatchNormalization({
      ...args,
      axis: (others.length === 0 && Number(axis) < 0 ? axis : args.axis) as number,
    });
    return becomeWhenBuilt(layer, KerasBatchNormalization.prototype, ({ length }) => {
      return length > MAX_RANK_OF_THEIRS || normalizeAxis(layer.name, Number(layer.axis), length) !== length - 1;
    });
  },
  "BatchNormalizationV1",
  "BatchNormalizationV2",
  "SyncBatchNormalization",
);
