import type { serialization, Tensor } from "@tensorflow/tfjs-core";
import { instanceNormalization as normalize } from "../ops/instanceNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";
import { ContribInstanceNormalization } from "./contribInstanceNormalization.js";

/** Arguments of {@link instanceNormalization}. */
export type InstanceNormalizationArgs = ChannelNormalizationArgs;

/**
 * Normalizes each channel of each sample by its own mean and variance (Ulyanov, Vedaldi, Lempitsky, "Instance Normalization",
 * arXiv 1607.08022), as TensorFlow Addons' InstanceNormalization. The same in training and inference. Masked places count. It is saved
 * as what Keras has for it, and loaded as that: a GroupNormalization with a group for each channel.
 *
 * Weights: gamma and beta [C], where asked for. Input and output: any rank from 2 to 6, of the same shape.
 */
export class InstanceNormalization extends ChannelNormalization {
  /** @nocollapse */
  static readonly className = "InstanceNormalization";

  constructor(args: InstanceNormalizationArgs = {}) {
    super(args);
  }

  protected override normalize(x: Tensor, axis: number): Tensor {
    return normalize(x, this.opConfig(axis));
  }

  /** The name that it is saved under. */
  override getClassName(): string {
    return "GroupNormalization";
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), groups: -1 };
  }

  /**
   * A layer of a configuration that was saved under this name: from Addons, or by an earlier version of this library. keras_contrib's
   * is told by its axis, null, which neither has.
   *
   * @nocollapse
   */
  static override fromConfig<T extends serialization.Serializable>(
    cls: serialization.SerializableConstructor<T>,
    config: serialization.ConfigDict,
  ): T {
    if (config.axis !== null) return ChannelNormalization.fromConfig(cls, config);
    return ContribInstanceNormalization.fromConfig(ContribInstanceNormalization, config) as unknown as T;
  }
}

registerLayer(InstanceNormalization, "Addons>InstanceNormalization");
registerLayer(ContribInstanceNormalization);

/** A layer that normalizes each channel of each sample: see {@link InstanceNormalization}. */
export function instanceNormalization(args?: InstanceNormalizationArgs): InstanceNormalization {
  return new InstanceNormalization(args);
}
