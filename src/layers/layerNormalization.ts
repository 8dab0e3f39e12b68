import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import { layerNormalization as normalize } from "../ops/layerNormalization.js";
import { type LayerNormalizationArgs, TheirLayerNormalization } from "../tensorflow/layerClasses.js";
import { singleTensor } from "./sameShapeLayer.js";

export type { LayerNormalizationArgs };

/**
 * tf.layers.layerNormalization (Ba, Kiros, Hinton, arXiv 1607.06450), its arguments and weights, on this package's kernels, and
 * of any rank from 2 to 6. It is saved as tf.layers.layerNormalization, and loaded as that: see {@link useFusedNormalization}.
 */
export class LayerNormalization extends TheirLayerNormalization {
  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const { axis, epsilon, gamma, beta } = this;
      return normalize(singleTensor(this.name, inputs), { axis, epsilon, gamma: gamma?.read(), beta: beta?.read() });
    });
  }
}

/** A layer that normalizes along axes of each sample: see {@link LayerNormalization}. */
export function layerNormalization(args?: LayerNormalizationArgs): LayerNormalization {
  return new LayerNormalization(args);
}
