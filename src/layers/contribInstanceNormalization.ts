import { add, div, maximum, mean, mul, reshape, type serialization, sqrt, square, sub, type Tensor } from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, checkEpsilon, normalizeAxis } from "../arguments.js";
import { type Affine, type AffineArgs, affineOf } from "./affine.js";
import { ofEmptyBatch } from "./emptyBatch.js";
import { nextName } from "./names.js";
import { type LayerArgs, SameShapeLayer, type Shape, singleShape } from "./sameShapeLayer.js";

/** Arguments of {@link ContribInstanceNormalization}. */
export interface ContribInstanceNormalizationArgs extends LayerArgs, AffineArgs {
  /** The channel axis; null: all of a sample shares a mean and a deviation, and gamma and beta are single numbers. Default null. */
  axis?: number | null;
  /** Added to every deviation, not to the variance. Default 1e-3. */
  epsilon?: number;
  /** Whether a trained beta is added. Default true. */
  center?: boolean;
  /** Whether a trained gamma is multiplied with. Default true. */
  scale?: boolean;
}

/** A variance whose root has a gradient. It is far below any epsilon's square. */
const MIN_VARIANCE = 1e-30;

/**
 * keras_contrib's InstanceNormalization: gamma·(x − E)/(√Var + epsilon) + beta, for each channel of each sample, or each sample. It is
 * for models that were trained with it, and saved under the name `Contrib>InstanceNormalization`.
 *
 * Weights: gamma and beta, [C], or [1] where axis is null. Input and output: any rank from 2 to 6, of the same shape.
 */
export class ContribInstanceNormalization extends SameShapeLayer {
  /** @nocollapse */
  static readonly className = "Contrib>InstanceNormalization";

  readonly axis: number | null;
  readonly epsilon: number;
  readonly center: boolean;
  readonly scale: boolean;
  private readonly affine: Affine;
  private readonly affineConfig: serialization.ConfigDict;
  private gamma?: tfl.LayerVariable;
  private beta?: tfl.LayerVariable;

  constructor(args: ContribInstanceNormalizationArgs = {}) {
    super({ ...args, name: args.name || nextName("InstanceNormalization") });
    this.axis = args.axis ?? null;
    this.epsilon = args.epsilon ?? 1e-3;
    this.center = args.center ?? true;
    this.scale = args.scale ?? true;
    checkEpsilon(this.name, this.epsilon);
    const { objects, config } = affineOf(args);
    this.affine = objects;
    this.affineConfig = config;
  }

  private axisOf(rank: number): number | null {
    return this.axis === null ? null : normalizeAxis(this.name, this.axis, rank);
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    const axis = this.axisOf(shape.length);
    const size = axis === null ? 1 : shape[axis];
    if (axis === 0 || typeof size !== "number" || (axis !== null && shape.length < 3)) {
      const wanted = "be null, or an axis of known size, not the batch's, of a rank of 3 or more";
      throw argumentError(this.name, "axis", wanted, `${this.axis} of [${shape}]`);
    }
    if (this.scale) this.gamma = this.addGamma([size], this.affine);
    if (this.center) this.beta = this.addBeta([size], this.affine);
    this.built = true;
  }

  protected override callOn(x: Tensor): Tensor {
    if (x.size === 0) return ofEmptyBatch(x, [this.gamma, this.beta]);
    const axis = this.axisOf(x.rank);
    const axes = [...x.shape.keys()].filter((one) => one !== 0 && one !== axis);
    const deviation = sub(x, mean(x, axes, true));
    const variance = mean(square(deviation), axes, true);
    let y: Tensor = div(deviation, add(sqrt(maximum(variance, MIN_VARIANCE)), this.epsilon));
    const perChannel = (weight: tfl.LayerVariable) =>
      reshape(
        weight.read(),
        x.shape.map((size, one) => (one === axis ? size : 1)),
      );
    if (this.gamma) y = mul(y, perChannel(this.gamma));
    if (this.beta) y = add(y, perChannel(this.beta));
    return y;
  }

  override getConfig(): serialization.ConfigDict {
    const { axis, epsilon, center, scale } = this;
    return { ...super.getConfig(), axis, epsilon, center, scale, ...this.affineConfig };
  }
}
