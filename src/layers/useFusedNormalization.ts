import * as tfl from "@tensorflow/tfjs-layers";
import { TheirBatchNormalization, TheirLayerNormalization } from "../tensorflow/layerClasses.js";
import { BatchNormalization } from "./batchNormalization.js";
import { LayerNormalization } from "./layerNormalization.js";

/** Options of {@link useFusedNormalization}. */
export interface FusedNormalization {
  /** Whether tf.layers.batchNormalization is to be this package's. Default true. */
  batchNormalization?: boolean;
  /** Whether tf.layers.layerNormalization is to be this package's. Default true. */
  layerNormalization?: boolean;
}

/**
 * Has the batch and layer normalizations of a model computed by this package's kernels: in place, weights, moving averages, the
 * compiled optimizer and what the model is saved as staying as they are. Models inside the model, layers inside wrappers
 * (tf.layers.timeDistributed) and layers that other layers hold are reached. A kind that is declined becomes TensorFlow.js's own
 * again. Subclasses of TensorFlow.js's classes are left alone.
 *
 * Values stay the same, but those of a batch normalization whose axis is not the last, which TensorFlow.js 4.22 gets wrong on
 * 'cpu' and 'wasm'.
 *
 * @returns how many layers changed
 */
export function useFusedNormalization(
  model: tfl.layers.Layer,
  { batchNormalization = true, layerNormalization = true }: FusedNormalization = {},
): number {
  const kinds = [
    { fused: batchNormalization, theirs: TheirBatchNormalization.prototype, ours: BatchNormalization.prototype },
    { fused: layerNormalization, theirs: TheirLayerNormalization.prototype, ours: LayerNormalization.prototype },
  ];
  let changed = 0;
  for (const layer of layersOf(model)) {
    for (const { fused, theirs, ours } of kinds) {
      if (Object.getPrototypeOf(layer) !== (fused ? theirs : ours)) continue;
      Object.setPrototypeOf(layer, fused ? ours : theirs);
      changed += 1;
    }
  }
  return changed;
}

/** A layer and every layer that one of them holds. */
function layersOf(layer: tfl.layers.Layer, found = new Set<tfl.layers.Layer>()): Set<tfl.layers.Layer> {
  if (found.has(layer)) return found;
  found.add(layer);
  for (const value of Object.values(layer).flat()) {
    if (value instanceof tfl.layers.Layer) layersOf(value, found);
  }
  return found;
}
