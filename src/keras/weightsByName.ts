import type { io } from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import type { FoundWeights } from "./foundWeights.js";
import { type Entry, isModel, isObject, type Json, nameOf } from "./topologyTypes.js";

// Weights of .h5 files: sequential/dense/kernel. A name has those of models, layers and cells that the weight is in, but not of all, and
// not in all versions. The weights of a layer follow each other in Keras's order; layers of the top are in the order of their names.

type Spec = io.WeightsManifestEntry;

/** A layer that is no model, and what may name its weights. */
interface Leaf {
  layer: tfl.layers.Layer;
  /** The layer of the outermost model that it is in, or is. */
  top: string;
  name: string;
  /** Of the models that it is in. */
  outer: string[];
  /** Of layers and cells in it. */
  inner: string[];
}

function namesIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (!isObject(value)) return [];
  const { name } = value;
  return [...(typeof name === "string" ? [name] : []), ...Object.values(value).flatMap(namesIn)];
}

function leavesOf(entry: Entry, layer: tfl.layers.Layer, outer: string[]): Leaf[] {
  const { layers } = layer as { layers?: tfl.layers.Layer[] };
  if (layers && isModel(entry)) {
    return entry.config.layers.flatMap((described) => {
      const inner = layers.find(({ name }) => name === nameOf(described));
      return inner ? leavesOf(described, inner, [...outer, layer.name]) : [];
    });
  }
  const inner = namesIn(Object.values(entry.config)).filter((name) => name !== layer.name);
  return [{ layer, top: outer[1] ?? layer.name, name: layer.name, outer, inner }];
}

/** How well a name fits a layer: 0 where it is another's. Names of layers may have slashes: the longest that fits is meant. */
function fitOf(path: string, { name, outer, inner }: Leaf): number {
  const has = (part: string) => path.includes(`/${part}/`);
  const lengthOf = (part: string) => (has(part) ? part.split("/").length : 0);
  const isOwn = has(name);
  if (!isOwn && !inner.some(has)) return 0;
  const others = [...outer, ...inner].reduce((sum, part) => sum + lengthOf(part), 0);
  return others + lengthOf(name) + (isOwn ? 0.5 : 0);
}

const lastOf = (name: string) => name.slice(name.lastIndexOf("/") + 1);

/** Pairs a layer's weights with those of the file: by name where each has a name of its own, or else by order. */
function pair(weights: tfl.LayerVariable[], specs: Spec[]): [tfl.LayerVariable, Spec][] {
  const names = specs.map(({ name }) => lastOf(name));
  const wanted = weights.map(({ originalName }) => lastOf(originalName));
  const isUnique = new Set(names).size === names.length && new Set(wanted).size === wanted.length;
  if (weights.length === specs.length && !(isUnique && wanted.every((name) => names.includes(name)))) {
    return weights.map((weight, i) => [weight, specs[i] as Spec]);
  }
  // A weight that is missing must not move the others.
  const left = [...specs];
  return weights.flatMap((weight, i): [tfl.LayerVariable, Spec][] => {
    const at = left.findIndex(({ name }) => lastOf(name) === wanted[i]);
    return at < 0 ? [] : [[weight, ...(left.splice(at, 1) as [Spec])]];
  });
}

/** Finds the weights of a model, and of all layers in it, by their names in the file. */
export function weightsByName(entry: Entry, model: tfl.layers.Layer, specs: Spec[]): FoundWeights {
  const leaves = leavesOf(entry, model, []).sort((a, b) => (a.top < b.top ? -1 : a.top > b.top ? 1 : 0));
  const assigned = new Map<Leaf, Spec[]>(leaves.map((leaf) => [leaf, []]));
  const isOpen = (leaf: Leaf) => (assigned.get(leaf)?.length ?? 0) < leaf.layer.weights.length;
  const nameless: Spec[] = [];
  for (const spec of specs) {
    const path = `/${spec.name}`;
    const fits = leaves.map((leaf) => fitOf(path, leaf));
    const best = Math.max(...fits);
    const candidates = leaves.filter((_, i) => best > 0 && fits[i] === best);
    const leaf = candidates.find(isOpen) ?? candidates[0];
    if (leaf) assigned.get(leaf)?.push(spec);
    else if (!spec.name.includes("/")) nameless.push(spec);
  }
  // Keras 2's Normalization has weights without the layer's name.
  for (const spec of nameless) {
    const wants = ({ layer: { weights } }: Leaf) =>
      weights.some(({ originalName }) => lastOf(originalName) === lastOf(spec.name));
    assigned.get(leaves.find((leaf) => isOpen(leaf) && wants(leaf)) as Leaf)?.push(spec);
  }
  return { found: new Map(leaves.flatMap((leaf) => pair(leaf.layer.weights, assigned.get(leaf) as Spec[]))), repeated: [] };
}
