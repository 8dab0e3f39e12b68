import type * as tfl from "@tensorflow/tfjs-layers";
import { type Config, type Entry, isModel, type Json, type KerasVersion, nameOf } from "./topologyTypes.js";

// TensorFlow.js knows weights by the name of their layer and their own. Layers of two models in a model may have the same name.

/** A layer, and the models that it is in, but for the outermost. */
interface Place {
  layer: string;
  models: string[];
}

/** Other names for layers in models. */
export interface UniqueNames {
  of(weight: tfl.LayerVariable): string;
  in(topology: Entry): Entry;
}

/** Layers whose weights have names that weights of other layers have, too, by their weights. */
function clashingLayers(model: tfl.LayersModel): Map<tfl.LayerVariable, Place> {
  const seen = new Set<string>();
  const clashing = new Map<tfl.LayerVariable, Place>();
  const visit = (container: tfl.LayersModel, models: string[]) => {
    for (const layer of container.layers) {
      if ("layers" in layer) {
        visit(layer as tfl.LayersModel, [...models, layer.name]);
        continue;
      }
      const clashes = layer.weights.some(({ originalName }) => seen.has(originalName));
      for (const weight of layer.weights) {
        if (clashes) clashing.set(weight, { layer: layer.name, models });
        seen.add(weight.originalName);
      }
    }
  };
  visit(model, []);
  return clashing;
}

const newName = ({ layer, models }: Place) => [...models, layer].join("_");

/** The topology with other names for some layers. @param renamed their old names, and those of the models that they are in */
function withNames(entry: Entry, renamed: Set<string>, models: string[] = []): Entry {
  if (!isModel(entry)) return entry;
  const name = (layer: string) => (renamed.has([...models, layer].join("/")) ? newName({ layer, models }) : layer);
  /** Of calls: lists of lists that begin with a layer's name. */
  const rename = (value: Json): Json => {
    if (!Array.isArray(value)) return value;
    const [first, ...rest] = value;
    return typeof first === "string" ? [name(first), ...rest] : value.map(rename);
  };
  const layers = entry.config.layers.map((layer): Entry => {
    const inner = withNames(layer, renamed, [...models, nameOf(layer)]);
    const own = name(nameOf(layer));
    const named = { ...inner, config: { ...inner.config, name: own } };
    return inner.inbound_nodes ? { ...named, name: own, inbound_nodes: rename(inner.inbound_nodes) } : named;
  });
  const config: Config = { ...entry.config, layers };
  for (const key of ["input_layers", "output_layers"]) if (config[key]) config[key] = rename(config[key]);
  return { ...entry, config };
}

/** Names that are no two layers'. @throws Error where TensorFlow.js gives a layer's weights names without that of the layer */
export function uniqueNames(model: tfl.LayersModel, { version }: KerasVersion): UniqueNames {
  const clashing = clashingLayers(model);
  const renamed = new Set([...clashing.values()].map(({ layer, models }) => [...models, layer].join("/")));
  return {
    of(weight) {
      const { originalName } = weight;
      const place = clashing.get(weight);
      if (!place) return originalName;
      if (originalName.startsWith(`${place.layer}/`)) return newName(place) + originalName.slice(place.layer.length);
      throw new Error(
        `fromKeras: layer '${place.layer}' (Keras ${version}): its weights must have names of their own, got ${originalName}`,
      );
    },
    in: (topology) => (renamed.size > 0 ? withNames(topology, renamed) : topology),
  };
}
