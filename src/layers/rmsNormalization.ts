import { type serialization, type Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkEpsilon, normalizeAxis } from "../arguments.js";
import { rmsNormalization as normalize } from "../ops/rmsNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { type LayerArgs, type Shape, singleShape, singleTensor, withoutPolicy } from "./channelNormalization.js";
import type { CallArgs } from "./masks.js";
import { nextName } from "./names.js";

/** Arguments of {@link rmsNormalization}. */
export interface RMSNormalizationArgs extends LayerArgs {
  /** The axis, or axes, that the mean square is taken over. Default −1, the last. */
  axis?: number | number[];
  /** Added to every mean square. Default 1e-6. */
  epsilon?: number;
}

/**
 * Divides every sample by its root mean square (Zhang, Sennrich, "Root Mean Square Layer Normalization", arXiv 1910.07467), as Keras's
 * RMSNormalization. The same in training and inference.
 *
 * Weight: scale, of the shape of the axes. Input and output: any rank from 2 to 6, of the same shape.
 */
export class RMSNormalization extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "RMSNormalization";

  readonly axis: number | number[];
  readonly epsilon: number;
  private scale!: tfl.LayerVariable;

  constructor(args: RMSNormalizationArgs = {}) {
    super({ ...args, name: args.name ?? nextName("RmsNormalization") });
    const axis = args.axis ?? -1;
    const epsilon = args.epsilon ?? 1e-6;
    checkEpsilon(RMSNormalization.className, epsilon);
    this.axis = axis;
    this.epsilon = epsilon;
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    const sizes = [this.axis].flat().map((axis) => shape[normalizeAxis(this.name, axis, shape.length)]);
    if (sizes.some((size) => typeof size !== "number")) {
      throw argumentError(this.name, "axis", "be an axis of known size, or several", `${this.axis} of [${shape}]`);
    }
    this.scale = this.addWeight("scale", sizes as number[], "float32", tfl.initializers.ones());
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArgs | null): Tensor {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs ?? {});
      const { axis, epsilon } = this;
      return normalize(singleTensor(this.name, inputs), { axis, epsilon, gamma: this.scale.read() });
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return singleShape(inputShape);
  }

  override getConfig(): serialization.ConfigDict {
    const { axis, epsilon } = this;
    return { ...super.getConfig(), axis, epsilon };
  }

  /**
   * A layer of a saved configuration, also of one from Python.
   *
   * @nocollapse
   */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    return new cls(withoutPolicy(config));
  }
}

registerLayer(RMSNormalization);

/** A layer that divides by the root mean square: see {@link RMSNormalization}. */
export function rmsNormalization(args?: RMSNormalizationArgs): RMSNormalization {
  return new RMSNormalization(args);
}
