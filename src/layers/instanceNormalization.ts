import type { Tensor } from "@tensorflow/tfjs-core";
import { instanceNormalization as normalize } from "../ops/instanceNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";

/** Arguments of {@link instanceNormalization}. */
export type InstanceNormalizationArgs = ChannelNormalizationArgs;

/**
 * Normalizes each channel of each sample by its own mean and variance (Ulyanov, Vedaldi, Lempitsky, "Instance Normalization",
 * arXiv 1607.08022), as TensorFlow Addons' InstanceNormalization. The same in training and inference. Masked places count.
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
}

registerLayer(InstanceNormalization, "Addons>InstanceNormalization");

/** A layer that normalizes each channel of each sample: see {@link InstanceNormalization}. */
export function instanceNormalization(args?: InstanceNormalizationArgs): InstanceNormalization {
  return new InstanceNormalization(args);
}
