import {
  add,
  cast,
  div,
  maximum,
  mul,
  reshape,
  type serialization,
  sqrt,
  sub,
  type Tensor,
  tensor,
  tidy,
} from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError, axesOf } from "../arguments.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { castOnWrite } from "../tensorflow/weights.js";
import { nextName } from "./names.js";
import { type LayerArgs, SameShapeLayer, type Shape, singleShape } from "./sameShapeLayer.js";

/** Numbers, in nested lists. */
export type NestedNumbers = number | NestedNumbers[];

/** Arguments of {@link normalization}. */
export interface NormalizationArgs extends LayerArgs {
  /** The axis, or axes, along which every place has its own mean and variance; null or []: one of all. Default −1, the last. */
  axis?: number | number[] | null;
  /** The means, of the shape of the axes; or fewer, which are broadcast. Then `variance` is wanted, too. Default: weights. */
  mean?: NestedNumbers | null;
  /** The variances. */
  variance?: NestedNumbers | null;
  /** Whether the layer does the inverse: mean + x·√variance. Default false. */
  invert?: boolean;
}

/** The least deviation that x is divided by, as in Keras. */
const MIN_DEVIATION = 1e-7;

/**
 * Normalizes by a mean and a variance of the data that are known beforehand, as Keras's preprocessing layer Normalization:
 * (x − mean)/max(√variance, 1e-7). The same in training and inference. Keras finds them by its method adapt.
 *
 * Weights, which training does not move, where no mean is given: mean and variance, of the shape of the axes, and count [], how many
 * numbers they are of. Input and output: any rank, of the same shape; int32 is cast to float32.
 */
export class Normalization extends SameShapeLayer {
  /** @nocollapse */
  static readonly className = "Normalization";

  readonly axis: number | number[] | null;
  readonly mean: NestedNumbers | null;
  readonly variance: NestedNumbers | null;
  readonly invert: boolean;
  private weightsOf?: Record<"mean" | "variance", tfl.LayerVariable>;

  constructor(args: NormalizationArgs = {}) {
    super({ ...args, name: args.name || nextName(Normalization.className) });
    this.axis = args.axis === undefined ? -1 : args.axis;
    this.mean = args.mean ?? null;
    this.variance = args.variance ?? null;
    this.invert = args.invert ?? false;
    if ((this.mean === null) === (this.variance === null)) return;
    const [missing, given] = this.mean === null ? ["mean", "variance"] : ["variance", "mean"];
    throw argumentError(this.name, missing as string, `be given where ${given} is`, "none");
  }

  /** The axes that are kept, ascending, counted from 0. */
  private axesOf(rank: number): number[] {
    return axesOf(this.name, this.axis ?? [], rank);
  }

  override build(inputShape: Shape | Shape[]): void {
    const shape = singleShape(inputShape);
    const sizes = this.axesOf(shape.length).map((axis) => shape[axis]);
    if (sizes.some((size) => typeof size !== "number")) {
      throw argumentError(this.name, "axis", "be axes of known size", `${this.axis} of [${shape}]`);
    }
    this.built = true;
    if (this.mean !== null) {
      tidy(() => [
        this.alongAxes("mean", sizes as number[], shape.length),
        this.alongAxes("variance", sizes as number[], shape.length),
      ]);
      return;
    }
    const { zeros, ones } = tfl.initializers;
    const weight = (name: string, of: number[], dtype: "float32" | "int32", initializer = zeros()) =>
      this.addWeight(name, of, dtype, initializer, undefined, false);
    this.weightsOf = {
      mean: weight("mean", sizes as number[], "float32"),
      variance: weight("variance", sizes as number[], "float32", ones()),
    };
    // Python's is an int64, which files have as one or another dtype.
    castOnWrite(weight("count", [], "int32"));
  }

  /** Given numbers, in the shape of the axes or broadcast to it from the right, as a tensor of x's rank. */
  private alongAxes(name: "mean" | "variance", sizes: number[], rank: number): Tensor {
    const numbers = tensor(this[name] as number, undefined, "float32");
    const fits = numbers.shape.every((size, i) => size === 1 || size === sizes.at(i - numbers.rank));
    if (numbers.rank > sizes.length || !fits) {
      throw argumentError(this.name, name, `have the shape of the axes, [${sizes}], or be broadcast to it`, `[${numbers.shape}]`);
    }
    const axes = this.axesOf(rank);
    const shape = Array<number>(rank).fill(1);
    numbers.shape.forEach((size, i) => {
      shape[axes.at(i - numbers.rank) as number] = size;
    });
    return reshape(numbers, shape);
  }

  protected override callOn(given: Tensor): Tensor {
    const x = cast(given, "float32");
    const axes = this.axesOf(x.rank);
    const sizes = axes.map((axis) => x.shape[axis] as number);
    const shape = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
    const of = (name: "mean" | "variance") => {
      const weight = this.weightsOf?.[name];
      return weight ? reshape(weight.read(), shape) : this.alongAxes(name, sizes, x.rank);
    };
    const deviation = maximum(sqrt(of("variance")), MIN_DEVIATION);
    return this.invert ? add(of("mean"), mul(x, deviation)) : div(sub(x, of("mean")), deviation);
  }

  override getConfig(): serialization.ConfigDict {
    const { axis, mean, variance, invert } = this;
    return { ...super.getConfig(), axis, invert, mean, variance } as serialization.ConfigDict;
  }
}

registerLayer(Normalization);

/** A layer that normalizes by a mean and a variance that are known: see {@link Normalization}. */
export function normalization(args?: NormalizationArgs): Normalization {
  return new Normalization(args);
}
