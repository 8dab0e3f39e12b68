import { maximum, mul, rsqrt, type serialization, square, sum, type Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, normalizeAxis } from "../arguments.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { type LayerArgs, type Shape, singleShape, singleTensor, withoutPolicy } from "./channelNormalization.js";
import type { CallArgs } from "./masks.js";
import { nextName } from "./names.js";

/** Arguments of {@link unitNormalization}. */
export interface UnitNormalizationArgs extends LayerArgs {
  /** The axis, or axes, that the length is taken over. Default −1, the last. */
  axis?: number | number[];
}

/** The least square of a length that x is divided by, as in Keras. */
const MIN_SQUARE = 1e-12;

/**
 * Divides x by its Euclidean length over some axes, as Keras's UnitNormalization: x/√max(Σ x², 1e-12). The same in training and
 * inference. It has no weights. Input and output: any rank from 1 to 6, of the same shape.
 */
export class UnitNormalization extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "UnitNormalization";

  readonly axis: number | number[];

  constructor(args: UnitNormalizationArgs = {}) {
    super({ ...args, name: args.name || nextName(UnitNormalization.className) });
    this.axis = args.axis ?? -1;
    this.supportsMasking = true;
  }

  private axesOf(rank: number): number[] {
    const axes = [this.axis].flat().map((axis) => normalizeAxis(this.name, axis, rank));
    if (axes.length > 0 && new Set(axes).size === axes.length) return axes;
    throw argumentError(this.name, "axis", "be an axis or a list of different ones", `[${this.axis}]`);
  }

  override build(inputShape: Shape | Shape[]): void {
    this.axesOf(singleShape(inputShape).length);
    this.built = true;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArgs | null): Tensor {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs ?? {});
      const x = singleTensor(this.name, inputs);
      return mul(x, rsqrt(maximum(sum(square(x), this.axesOf(x.rank), true), MIN_SQUARE)));
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return singleShape(inputShape);
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), axis: this.axis };
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

registerLayer(UnitNormalization);

/** A layer that divides by the Euclidean length: see {@link UnitNormalization}. */
export function unitNormalization(args?: UnitNormalizationArgs): UnitNormalization {
  return new UnitNormalization(args);
}
