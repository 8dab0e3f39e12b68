import { type serialization, Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkEpsilon, normalizeAxis } from "../arguments.js";
import { describeStranger } from "../tensorflow/strangers.js";
import { isFrozen } from "../tensorflow/weights.js";
import { type Affine, type AffineArgs, affineOf } from "./affine.js";
import { type CallArgs, countedPlaces } from "./masks.js";
import type { MovingStatistics } from "./movingStatistics.js";
import { nextName } from "./names.js";

/** Arguments of every layer. */
export type LayerArgs = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]>;
export type Shape = (number | null)[];

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
export abstract class ChannelNormalization extends tfl.layers.Layer {
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
    this.supportsMasking = true;
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
    const { betaInitializer, gammaInitializer, betaRegularizer, gammaRegularizer, betaConstraint, gammaConstraint } = this.affine;
    if (this.scale) {
      this.gamma = this.addWeight("gamma", [channels], "float32", gammaInitializer, gammaRegularizer, true, gammaConstraint);
    }
    if (this.center) {
      this.beta = this.addWeight("beta", [channels], "float32", betaInitializer, betaRegularizer, true, betaConstraint);
    }
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArgs | null): Tensor {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs ?? {});
      const x = singleTensor(this.name, inputs);
      const training = kwargs?.training === true && x.size > 0 && !isFrozen(this);
      const counted = training ? countedPlaces(x, kwargs) : undefined;
      return this.normalize(x, normalizeAxis(this.name, this.axis, x.rank), training, counted);
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return singleShape(inputShape);
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
    return new cls({ ...withoutPolicy(config), axis: only });
  }
}

/** A configuration without the dtype where that is an object, a policy of Python's. */
export function withoutPolicy(config: serialization.ConfigDict): serialization.ConfigDict {
  const { dtype } = config;
  return { ...config, dtype: typeof dtype === "string" ? dtype : undefined } as serialization.ConfigDict;
}

/** The tensor that a layer of one input is called with. */
export function singleTensor(layer: string, inputs: Tensor | Tensor[]): Tensor {
  const [x] = [inputs].flat();
  if (x instanceof Tensor) return x;
  const wanted = `be a tensor, or a symbolic one of @tensorflow/tfjs-layers ${tfl.version_layers}, which tfjs-uan imports`;
  throw argumentError(layer, "inputs", wanted, describeStranger(x));
}

/** The shape of a layer's one input. */
export function singleShape(shape: Shape | Shape[]): Shape {
  const [first] = shape;
  return Array.isArray(first) ? first : (shape as Shape);
}
