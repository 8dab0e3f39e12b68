import * as tfl from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";
import { TheirBatchNormalization, TheirLayerNormalization } from "../tensorflow/layerClasses.js";
import { describeStranger } from "../tensorflow/strangers.js";
import { BatchNormalization } from "./batchNormalization.js";
import { LayerNormalization } from "./layerNormalization.js";
import { layersOf } from "./layersOf.js";

/** Options of {@link useFusedNormalization}. */
export interface FusedNormalization {
  /** Whether tf.layers.batchNormalization is to be this package's. Default true. */
  batchNormalization?: boolean;
  /** Whether tf.layers.layerNormalization is to be this package's. Default true. */
  layerNormalization?: boolean;
  /**
   * Whether its batch normalizations do as Keras's: frozen they normalize by their moving averages, which stay, and masked places do
   * not count (see {@link BatchNormalizationArgs}). Default: as they are, which is false where they were TensorFlow.js's.
   */
  asKeras?: boolean;
}

/**
 * Has the batch and layer normalizations of a model computed by this package's kernels: in place, weights, moving averages, the
 * compiled optimizer and what the model is saved as staying as they are. Models inside the model, layers inside wrappers
 * (tf.layers.timeDistributed) and layers that other layers hold are reached. A kind that is declined becomes TensorFlow.js's own
 * again. Subclasses of TensorFlow.js's classes are left alone.
 *
 * Values stay the same, unless `asKeras` asks for others; but an empty batch leaves moving averages alone, which there become NaN. A
 * layer that came from a file as one of this library's, because TensorFlow.js's class cannot do what it says, stays one.
 *
 * @returns how many layers changed
 * @throws Error where the model is no model or layer of the @tensorflow/tfjs-layers that this package imports: a graph model, or one
 * of another copy of TensorFlow.js
 */
export function useFusedNormalization(model: tfl.layers.Layer, options?: FusedNormalization): number {
  if (!(model instanceof tfl.layers.Layer)) {
    throw argumentError("useFusedNormalization", "model", "be a layers model or a layer", describeStranger(model));
  }
  const { batchNormalization = true, layerNormalization = true, asKeras } = options ?? {};
  const kinds: [boolean, object, object][] = [
    [batchNormalization, TheirBatchNormalization.prototype, BatchNormalization.prototype],
    [layerNormalization, TheirLayerNormalization.prototype, LayerNormalization.prototype],
  ];
  const changed = [...layersOf(model)].filter((layer) => {
    const isOther = kinds.some(([fused, theirs, ours]) =>
      become(layer, ...((fused ? [theirs, ours] : [ours, theirs]) as [object, object])),
    );
    return setWays(layer, asKeras) || isOther;
  });
  return changed.length;
}

/** @returns whether the layer was of the one class, and so became one of the other */
function become(layer: object, from: object, to: object): boolean {
  if (Object.getPrototypeOf(layer) !== from) return false;
  Object.setPrototypeOf(layer, to);
  return true;
}

/** @returns whether the layer took other ways */
function setWays(layer: tfl.layers.Layer, asKeras: boolean | undefined): boolean {
  if (!(layer instanceof BatchNormalization)) {
    Reflect.deleteProperty(layer, "asKeras");
    return false;
  }
  const before = layer.asKeras === true;
  layer.asKeras = asKeras ?? before;
  return layer.asKeras !== before;
}
