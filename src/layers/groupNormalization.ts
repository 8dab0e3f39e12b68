import type { serialization, Tensor } from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import { groupNormalization as normalize } from "../ops/groupNormalization.js";
import { registerLayer } from "../tensorflow/layerClasses.js";
import { ChannelNormalization, type ChannelNormalizationArgs } from "./channelNormalization.js";

/** Arguments of {@link groupNormalization}. */
export interface GroupNormalizationArgs extends ChannelNormalizationArgs {
  /** Groups that the channels are split into, in order. It divides their number; −1 is one group per channel. Default 32. */
  groups?: number;
}

/**
 * Normalizes each group of channels of each sample by its own mean and variance (Wu, He, "Group Normalization", arXiv
 * 1803.08494), as Keras's GroupNormalization. The same in training and inference. Masked places count, as in Keras.
 *
 * Weights: gamma and beta [C], where asked for. Input and output: any rank from 2 to 6, of the same shape.
 */
export class GroupNormalization extends ChannelNormalization {
  /** @nocollapse */
  static readonly className = "GroupNormalization";

  readonly groups: number;

  constructor(args: GroupNormalizationArgs = {}) {
    super(args);
    this.groups = args.groups ?? 32;
    if (!Number.isInteger(this.groups) || (this.groups < 1 && this.groups !== -1)) {
      const { className } = GroupNormalization;
      throw argumentError(className, "groups", "be a positive integer, or -1 for one per channel", String(this.groups));
    }
  }

  protected override buildFor(channels: number): void {
    if (channels % this.groups !== 0) {
      throw argumentError(this.name, "groups", `divide the ${channels} channels`, String(this.groups));
    }
  }

  protected override normalize(x: Tensor, axis: number): Tensor {
    const groups = this.groups === -1 ? (x.shape[axis] as number) : this.groups;
    return normalize(x, { ...this.opConfig(axis), groups });
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), groups: this.groups };
  }
}

registerLayer(GroupNormalization, "Addons>GroupNormalization");

/** A layer that normalizes groups of channels: see {@link GroupNormalization}. */
export function groupNormalization(args?: GroupNormalizationArgs): GroupNormalization {
  return new GroupNormalization(args);
}
