import { type serialization, type Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";
import { TheirWrapper, type WrapperArgs } from "../tensorflow/layerClasses.js";
import { describeStranger } from "../tensorflow/strangers.js";
import type { CallArgs } from "./masks.js";
import { nextName } from "./names.js";
import { type Shape, singleShape, withoutPolicy } from "./sameShapeLayer.js";

export type { WrapperArgs };

/** What layers share that hold a layer and normalize a weight of it. Their weights are their own and that layer's. */
export abstract class KernelWrapper extends TheirWrapper {
  /** The wrapper's own weights: those that train, which come before the layer's, and others, which come after them. */
  private readonly own: { trained: tfl.LayerVariable[]; others: tfl.LayerVariable[] };

  constructor(args: WrapperArgs) {
    const { className } = new.target as unknown as { className: string };
    const { layer } = args;
    if (!(layer instanceof tfl.layers.Layer)) {
      throw argumentError(className, "layer", "be a layer of tf.layers", describeStranger(layer));
    }
    super({ ...args, name: args.name || nextName(className.replace(/^.*>/, "")) });
    this.own = { trained: [], others: [] };
    this.supportsMasking = layer.supportsMasking;
  }

  /** Adds the wrapper's own weights, once those of the layer are there. */
  protected abstract buildFor(inputShape: Shape): void;

  /** Adds a weight of the wrapper's own, of float32 unless another dtype is given. */
  protected addOwnWeight(
    name: string,
    shape: number[],
    initializer: ReturnType<typeof tfl.initializers.zeros>,
    { isTrained = false, dtype = "float32" as "float32" | "bool" } = {},
  ): tfl.LayerVariable {
    const weight = this.addWeight(name, shape, dtype, initializer, undefined, isTrained);
    (isTrained ? this.own.trained : this.own.others).push(weight);
    return weight;
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    if (!this.layer.built) {
      this.layer.build(shape);
      this.layer.built = true;
    }
    this.buildFor(shape);
    this.built = true;
  }

  override get trainableWeights(): tfl.LayerVariable[] {
    return this.trainable ? [...this.own.trained, ...this.layer.trainableWeights] : [];
  }

  override get nonTrainableWeights(): tfl.LayerVariable[] {
    const { trained, others } = this.own;
    return [...(this.trainable ? [] : trained), ...this.layer.nonTrainableWeights, ...others];
  }

  override getWeights(trainableOnly = false): Tensor[] {
    return (trainableOnly ? this.trainableWeights : this.weights).map((weight) => weight.read());
  }

  override setWeights(weights: Tensor[]): void {
    tfl.layers.Layer.prototype.setWeights.call(this, weights);
  }

  /** What the layer gives, its weight normalized. @param training whether the wrapper may learn */
  protected abstract callLayer(inputs: Tensor | Tensor[], kwargs: CallArgs): Tensor | Tensor[];

  override call(inputs: Tensor | Tensor[], kwargs?: CallArgs | null): Tensor | Tensor[] {
    const given = (kwargs ?? {}) as CallArgs & Record<string, never>;
    this.invokeCallHook(inputs, given);
    return tidy(() => this.callLayer(inputs, given));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    return this.layer.computeOutputShape(inputShape);
  }

  /**
   * A layer of a saved configuration, also of one from Python, and the one that it holds.
   *
   * @nocollapse
   */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
    customObjects?: serialization.ConfigDict,
  ): T {
    return TheirWrapper.fromConfig(cls, withoutPolicy(config), customObjects) as T;
  }
}
