import { maximum, mul, rsqrt, type serialization, square, sum, type Tensor } from "@tensorflow/tfjs-core";
import { argumentError, axesOf } from "../arguments.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { nextName } from "./names.js";
import { type LayerArgs, SameShapeLayer, type Shape, singleShape } from "./sameShapeLayer.js";

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
export class UnitNormalization extends SameShapeLayer {
  /** @nocollapse */
  static readonly className = "UnitNormalization";

  readonly axis: number | number[];

  constructor(args: UnitNormalizationArgs = {}) {
    super({ ...args, name: args.name || nextName(UnitNormalization.className) });
    this.axis = args.axis ?? -1;
  }

  private axesOf(rank: number): number[] {
    const axes = axesOf(this.name, this.axis, rank);
    if (axes.length > 0) return axes;
    throw argumentError(this.name, "axis", "be an axis or a list of different ones", `[${this.axis}]`);
  }

  override build(inputShape: Shape | Shape[]): void {
    this.axesOf(singleShape(inputShape).length);
    this.built = true;
  }

  protected override callOn(x: Tensor): Tensor {
    return mul(x, rsqrt(maximum(sum(square(x), this.axesOf(x.rank), true), MIN_SQUARE)));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), axis: this.axis };
  }
}

registerLayer(UnitNormalization);

/** A layer that divides by the Euclidean length: see {@link UnitNormalization}. */
export function unitNormalization(args?: UnitNormalizationArgs): UnitNormalization {
  return new UnitNormalization(args);
}
