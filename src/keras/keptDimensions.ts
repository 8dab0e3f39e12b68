import { max, mean, type serialization, type Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { registerLayer } from "../tensorflow/layerClasses.js";

type Shape = (number | null)[];
type Args = NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]> & { pooling: "average" | "max"; axes: number[] };

/**
 * Keras's global pools with keepdims, which those of tf.layers have not: the mean or the maximum over some axes, which stay, with 1 entry.
 */
export class KeptDimensionsPooling extends tfl.layers.Layer {
  /** @nocollapse */
  static readonly className = "KeptDimensionsPooling";

  readonly pooling: "average" | "max";
  readonly axes: number[];

  constructor(args: Args) {
    super(args);
    this.pooling = args.pooling;
    this.axes = args.axes;
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const x = [inputs].flat()[0] as Tensor;
      return this.pooling === "max" ? max(x, this.axes, true) : mean(x, this.axes, true);
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return (inputShape as Shape).map((size, axis) => (this.axes.includes(axis) ? 1 : size));
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), pooling: this.pooling, axes: this.axes };
  }
}

registerLayer(KeptDimensionsPooling as never);
