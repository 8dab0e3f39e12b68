import type { serialization, Tensor } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkEpsilon, normalizeAxis } from "../arguments.js";
import { isFrozen } from "../tensorflow/weights.js";
import { type Affine, type AffineArgs, affineOf } from "./affine.js";
import { type CallArgs, countedPlaces } from "./masks.js";
import type { MovingStatistics } from "./movingStatistics.js";
import { nextName } from "./names.js";
import { type LayerArgs, SameShapeLayer, type Shape, singleShape } from "./sameShapeLayer.js";

/** Arguments that all layers over channels have, beside those of tf.layers. */
export interface ChannelNormalizationArgs extends LayerArgs, AffineArgs {
  /** The channel axis. Default −1, the last. */
  axis?: number;
  /** Added to every variance. Default 1e-3. */
  epsilon?: number;
  /** Whether a trained beta [C] is added. Default true. */
  center?: boolean;
  /** Whether a trained gamma [C] is multiplied with. Default true. */
  scale?: boolean;
}

/**
 * What layers share that normalize activations of C channels: the axis, epsilon, gamma and beta, their configuration, and that
 * the output has the input's shape. Masks are passed on.
 *
 * As in Keras, a frozen layer (`trainable` is false) normalizes in training as it does in inference, and nothing in it changes; and
 * masked places do not count in what is learned of a batch. An empty batch changes nothing either.
 *
 * A model's own `trainable = false` freezes the layers that it holds directly and that have weights to train. Layers of models
 * inside of it need to be frozen by themselves.
 */
export abstract class ChannelNormalization extends SameShapeLayer {
  readonly axis: number;
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  private readonly affine: Affine;
  private readonly affineConfig: serialization.ConfigDict;
  private gamma?: tfl.LayerVariable;
  private beta?: tfl.LayerVariable;

  constructor(args: ChannelNormalizationArgs) {
    const { className } = new.target as unknown as { className: string };
    super({ ...args, name: args.name || nextName(className) });
    const op = className;
    const axis = args.axis ?? -1;
    const epsilon = args.epsilon ?? 1e-3;
    if (!Number.isInteger(axis)) throw argumentError(op, "axis", "be an integer", String(axis));
    checkEpsilon(op, epsilon);
    this.axis = axis;
    this.epsilon = epsilon;
    this.center = args.center ?? true;
    this.scale = args.scale ?? true;
    const { objects, config } = affineOf(args);
    this.affine = objects;
    this.affineConfig = config;
  }

  /** Adds the weights that come before gamma and beta. */
  protected buildFor(_channels: number): void {}

  /**
   * @param axis the channel axis, counted from 0
   * @param training whether it may learn: the batch is not empty, and the layer is not frozen
   * @param counted like x, 1 where activations count and 0 where they are masked; undefined: all count
   */
  protected abstract normalize(x: Tensor, axis: number, training: boolean, counted: Tensor | undefined): Tensor;

  /**
   * The moving moments of the layer, for `recalibrate`; undefined where it has none.
   *
   * @internal
   */
  movingStatistics(): MovingStatistics | undefined {
    return undefined;
  }

  /** What the ops of normalization take. */
  protected opConfig(axis: number) {
    return { axis, epsilon: this.epsilon, gamma: this.gamma?.read(), beta: this.beta?.read() };
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    const axis = normalizeAxis(this.name, this.axis, shape.length);
    const channels = shape[axis];
    if (axis === 0 || typeof channels !== "number") {
      throw argumentError(this.name, "axis", "be an axis of known size that is not the batch's", `${this.axis} of [${shape}]`);
    }
    this.inputSpec = [new tfl.InputSpec({ ndim: shape.length, axes: { [axis]: channels } })];
    this.buildFor(channels);
    if (this.scale) this.gamma = this.addGamma([channels], this.affine);
    if (this.center) this.beta = this.addBeta([channels], this.affine);
    this.built = true;
  }

  protected override callOn(x: Tensor, kwargs: CallArgs | null | undefined): Tensor {
    const training = kwargs?.training === true && x.size > 0 && !isFrozen(this);
    const counted = training ? countedPlaces(x, kwargs) : undefined;
    return this.normalize(x, normalizeAxis(this.name, this.axis, x.rank), training, counted);
  }

  override getConfig(): serialization.ConfigDict {
    const { axis, epsilon, center, scale } = this;
    return { ...super.getConfig(), axis, epsilon, center, scale, ...this.affineConfig };
  }

  /**
   * A layer of a saved configuration, also of one from Python: its axis may be a list of one, its dtype an object, a policy.
   *
   * @nocollapse
   */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    const { axis } = config;
    const [only] = Array.isArray(axis) && axis.length === 1 ? axis : [axis];
    return SameShapeLayer.fromConfig(cls, { ...config, axis: only } as serialization.ConfigDict);
  }
}
