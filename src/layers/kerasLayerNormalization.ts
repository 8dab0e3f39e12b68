import { add, mean, mul, reshape, rsqrt, type serialization, square, sub, type Tensor, tidy } from "@tensorflow/tfjs-core";
import { axesOf } from "../arguments.js";
import { divertLayer, TheirLayerNormalization } from "../tensorflow/layerClasses.js";
import { becomeWhenBuilt, MAX_RANK_OF_THEIRS } from "./becoming.js";
import { ofEmptyBatch } from "./emptyBatch.js";
import { LayerNormalization, type LayerNormalizationArgs } from "./layerNormalization.js";
import { singleTensor, withoutPolicy } from "./sameShapeLayer.js";

/** Arguments of layerNormalization: those of tf.layers.layerNormalization, and one that Keras 3's alone has. */
export interface KerasLayerNormalizationArgs extends LayerNormalizationArgs {
  /**
   * Whether x is multiplied by gamma/√(Var + epsilon), and neither a mean is subtracted nor beta added. Keras 3 has it for models of
   * the past; RMS normalization it is not. Default false.
   */
  rmsScaling?: boolean;
}

/**
 * Layer normalization with Keras's `rms_scaling`, or of a rank that tf.layers.layerNormalization refuses. It is saved as
 * LayerNormalization, with Keras's configuration.
 */
export class KerasLayerNormalization extends LayerNormalization {
  // A layer of TensorFlow.js's that becomes one of these has none of the properties.
  readonly rmsScaling?: boolean;
  /** What gamma and beta were asked for: with rmsScaling there is gamma alone, whatever that was. */
  private readonly asked?: { scale: boolean; center: boolean };

  constructor(args: KerasLayerNormalizationArgs = {}) {
    super(args.rmsScaling ? { ...args, scale: true, center: false } : args);
    this.rmsScaling = args.rmsScaling === true;
    this.asked = { scale: args.scale ?? true, center: args.center ?? true };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    if (!this.rmsScaling) return super.call(inputs);
    return tidy(() => {
      const x = singleTensor(this.name, inputs);
      if (x.size === 0) return ofEmptyBatch(x, [this.gamma]);
      const axes = axesOf(this.name, this.axis, x.rank);
      const deviation = sub(x, mean(x, axes, true));
      const scale = rsqrt(add(mean(square(deviation), axes, true), this.epsilon));
      const gamma = this.gamma?.read() as Tensor;
      const shape = x.shape.map((size, axis) => (axes.includes(axis) ? size : 1));
      return mul(mul(x, scale), reshape(gamma, shape));
    });
  }

  override getConfig(): serialization.ConfigDict {
    const { rmsScaling } = this;
    return { ...super.getConfig(), ...(rmsScaling && { ...this.asked, rmsScaling }) };
  }
}

divertLayer("LayerNormalization", TheirLayerNormalization as never, (_, config) => {
  const args = withoutPolicy(config) as KerasLayerNormalizationArgs;
  if (args.rmsScaling) return new KerasLayerNormalization(args);
  const layer = new TheirLayerNormalization(args);
  return becomeWhenBuilt(layer, KerasLayerNormalization.prototype, ({ length }) => length > MAX_RANK_OF_THEIRS);
});
