import { type Tensor, tidy } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { layerNormalization as normalize } from "../ops/layerNormalization.js";
import { singleTensor } from "./channelNormalization.js";

export type LayerNormalizationArgs = NonNullable<Parameters<typeof tfl.layers.layerNormalization>[0]>;

/** What TensorFlow.js's layer has, beside a layer's own. */
interface TheirLayer extends tfl.layers.Layer {
  readonly axis: number | number[];
  readonly epsilon: number;
  readonly gamma: tfl.LayerVariable | null;
  readonly beta: tfl.LayerVariable | null;
}

/** TensorFlow.js's class, which it does not export. Its instance has a name, to take no number away from the user's own layers. */
export const TheirLayerNormalization = tfl.layers.layerNormalization({ name: "tfjs_uan" }).constructor as new (
  args?: LayerNormalizationArgs,
) => TheirLayer;

/**
 * tf.layers.layerNormalization (Ba, Kiros, Hinton, arXiv 1607.06450), its arguments and weights, on this package's kernels, and
 * of any rank from 2 to 6. It is saved as tf.layers.layerNormalization, and loaded as that: see {@link useFusedNormalization}.
 */
export class LayerNormalization extends TheirLayerNormalization {
  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const { axis, epsilon, gamma, beta } = this;
      return normalize(singleTensor(inputs), { axis, epsilon, gamma: gamma?.read(), beta: beta?.read() });
    });
  }
}

/** A layer that normalizes along axes of each sample: see {@link LayerNormalization}. */
export function layerNormalization(args?: LayerNormalizationArgs): LayerNormalization {
  return new LayerNormalization(args);
}
