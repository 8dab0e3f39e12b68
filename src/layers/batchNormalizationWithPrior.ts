import type { serialization, Tensor } from "@tensorflow/tfjs-core";
import { normalizeAxis } from "../arguments.js";
import { batchNormalization as normalize } from "../ops/batchNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { type Moving, type MovingArgs, movingOf } from "./affine.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";
import { countedPlaces } from "./masks.js";
import { MovingMoments, type MovingRuleArgs, movingRuleOf, normalizeAndFollow } from "./moving.js";
import { channelMoments, type MovingStatistics, writePooled } from "./movingStatistics.js";
import { nextName } from "./names.js";

/** Arguments of {@link batchNormalization} with a prior mass or a memory. The default momentum is 0.99. */
export interface BatchNormalizationWithPriorArgs extends ChannelNormalizationArgs, MovingArgs, MovingRuleArgs {}

/**
 * Batch normalization whose batches' moments are shrunk toward the moving ones by a prior mass (docs/math.md, section 2.5), so that
 * it trains in small batches, too; and whose moving moments are pooled. Frozen it infers, and masked places do not count.
 *
 * It is a class of its own, which this package alone can load: TensorFlow.js's batch normalization has no prior mass.
 *
 * Weights: gamma and beta [C], where asked for; moving mean and moving variance [C]; with a prior mass `seen` [1], how many
 * activations of a channel training has shown. Input and output: any rank from 2 to 6, of the same shape.
 */
export class BatchNormalizationWithPrior extends ChannelNormalization {
  /** @nocollapse */
  static readonly className = "BatchNormalizationWithPrior";

  readonly momentum: number;
  readonly priorMass: number;
  readonly memory: number | null;
  private readonly movingInitializers: Moving;
  private readonly movingConfig: serialization.ConfigDict;
  private moving!: MovingMoments;

  constructor(args: BatchNormalizationWithPriorArgs) {
    super({ ...args, name: args.name || nextName("BatchNormalization") });
    const rule = movingRuleOf("batchNormalization", args, { momentum: 0.99, priorMass: 0 });
    this.momentum = rule.momentum;
    this.priorMass = rule.priorMass;
    this.memory = rule.memory;
    const { objects, config } = movingOf(args);
    this.movingInitializers = objects;
    this.movingConfig = config;
  }

  protected override buildFor(channels: number): void {
    this.moving = MovingMoments.build(this, [channels], this.movingInitializers, (...args) => this.addWeight(...args));
  }

  protected override normalize(x: Tensor, axis: number, training: boolean, counted: Tensor | undefined): Tensor {
    const config = this.opConfig(axis);
    if (training) return normalizeAndFollow(x, config, this.moving, counted);
    const { mean, variance } = this.moving;
    return normalize(x, { ...config, mean: mean.read(), variance: variance.read() });
  }

  /** @internal */
  override movingStatistics(): MovingStatistics {
    const { moving } = this;
    return {
      weights: moving.weights,
      measure: (x, kwargs) => channelMoments(x, normalizeAxis(this.name, this.axis, x.rank), countedPlaces(x, kwargs)),
      set: (pooled) => writePooled(moving, pooled),
    };
  }

  override getConfig(): serialization.ConfigDict {
    const { momentum, priorMass, memory } = this;
    return { ...super.getConfig(), momentum, priorMass, memory, ...this.movingConfig };
  }
}

registerLayer(BatchNormalizationWithPrior, "tfuan>BatchNormalizationWithPrior");
