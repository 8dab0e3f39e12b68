import * as tfl from "@tensorflow/tfjs-layers";

/** A layer and every layer that one of them holds: layers of models, wrapped ones, and those that other layers have as properties. */
export function layersOf(layer: tfl.layers.Layer, found = new Set<tfl.layers.Layer>()): Set<tfl.layers.Layer> {
  if (found.has(layer)) return found;
  found.add(layer);
  for (const value of Object.values(layer).flat()) {
    if (value instanceof tfl.layers.Layer) layersOf(value, found);
  }
  return found;
}
