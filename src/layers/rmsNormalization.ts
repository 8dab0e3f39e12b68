import type { serialization, Tensor } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkEpsilon, normalizeAxis } from "../arguments.js";
import { rmsNormalization as normalize } from "../ops/rmsNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { nextName } from "./names.js";
import { type LayerArgs, SameShapeLayer, type Shape, singleShape } from "./sameShapeLayer.js";

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
export class RMSNormalization extends SameShapeLayer {
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

  protected override callOn(x: Tensor): Tensor {
    const { axis, epsilon } = this;
    return normalize(x, { axis, epsilon, gamma: this.scale.read() });
  }

  override getConfig(): serialization.ConfigDict {
    const { axis, epsilon } = this;
    return { ...super.getConfig(), axis, epsilon };
  }
}

registerLayer(RMSNormalization);

/** A layer that divides by the root mean square: see {@link RMSNormalization}. */
export function rmsNormalization(args?: RMSNormalizationArgs): RMSNormalization {
  return new RMSNormalization(args);
}
