import type { io } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import type { FoundWeights } from "./foundWeights.js";
import { type Entry, isEntry, isModel, type KerasVersion, nameOf } from "./topologyTypes.js";

// Weights of .keras files: layers/dense_1/vars/0 is the first weight of the second Dense, whatever its name. Keras names the objects
// that layers hold by attribute, and those in a list by class.

type Spec = io.WeightsManifestEntry;

const OLD_LAYERS = "_layer_checkpoint_dependencies/";
const LAYERS = ["layers/", OLD_LAYERS];

/** What Keras makes of a class's name: conv2d_transpose of Conv2DTranspose. */
const snakeCase = (className: string) =>
  className
    .replace(/^.*>/, "")
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();

const camelCase = (attribute: string) =>
  attribute.replace(/^_+/, "").replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The folders of objects in a list: dense, dense_1, … @param isTwice whether an object counts for two */
function folders(classNames: string[], isTwice: (index: number) => boolean = () => false): string[] {
  const counts = new Map<string, number>();
  return classNames.map((className, i) => {
    const name = snakeCase(className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + (isTwice(i) ? 2 : 1));
    return count === 0 ? name : `${name}_${count}`;
  });
}

/** Before Keras 2.14 models had their layers with weights in the list twice, and counted them so. */
function countsTwice({ version, isKeras3 }: KerasVersion): boolean {
  return !isKeras3 && Number(version.split(".")[1]) < 14;
}

/** A SpectralNormalization's own weights in the file begin with the kernel of the layer that it holds. */
const repeatsKernel = (className: string) => /SpectralNormalization$/.test(className);

/** Finds the weights of a model, and of all layers in it, by their place in the file. */
export function weightsByPath(entry: Entry, model: tfl.layers.Layer, specs: Spec[], keras: KerasVersion): FoundWeights {
  const isTwice = countsTwice(keras);
  const found = new Map<tfl.LayerVariable, Spec>();
  const repeated: Spec[] = [];

  /** @returns all weights of the layer */
  function take(layer: tfl.layers.Layer, described: Entry | undefined, path: string): tfl.LayerVariable[] {
    const className = described?.class_name ?? layer.getClassName();
    const below = specs.filter(({ name }) => name.startsWith(path));
    const children: tfl.LayerVariable[] = [];
    const attributes = new Set(below.map(({ name }) => name.slice(path.length).split("/")[0] as string));
    attributes.delete("vars");
    const { layers } = layer as { layers?: tfl.layers.Layer[] };
    if (layers) {
      const entries = described && isModel(described) ? described.config.layers : undefined;
      const folder = LAYERS.find((start) => below.some(({ name }) => name.startsWith(path + start))) ?? "layers/";
      const named = entries?.map((entry) => layers.find((one) => one.name === nameOf(entry))) ?? layers;
      const hasWeights = (i: number) => (named[i]?.weights.length ?? 0) > 0;
      const classNames = entries?.map(({ class_name }) => class_name) ?? layers.map((inner) => inner.getClassName());
      folders(classNames, (i) => isTwice && folder === OLD_LAYERS && hasWeights(i)).forEach((name, i) => {
        const inner = named[i];
        if (inner) children.push(...take(inner, entries?.[i], `${path}${folder}${name}/`));
      });
    } else {
      for (const attribute of attributes) {
        const held = (layer as unknown as Record<string, unknown>)[camelCase(attribute)];
        const config = described?.config[attribute];
        if (held instanceof tfl.layers.Layer) {
          children.push(...take(held, isEntry(config) ? config : undefined, `${path}${attribute}/`));
        } else if (Array.isArray(held) && held.every((one) => one instanceof tfl.layers.Layer)) {
          const names = folders(held.map((one) => one.getClassName()));
          held.forEach((one, i) => {
            children.push(...take(one, undefined, `${path}${attribute}/${names[i]}/`));
          });
        }
      }
    }
    const own = layer.weights.filter((weight) => !children.includes(weight));
    const numbered = below
      .map((spec) => ({ spec, index: /^vars\/(\d+)$/.exec(spec.name.slice(path.length))?.[1] }))
      .filter(({ index }) => index !== undefined)
      .sort((a, b) => Number(a.index) - Number(b.index));
    const ordered = numbered.map(({ spec }) => spec);
    if (repeatsKernel(className)) repeated.push(...ordered.splice(0, Math.max(0, ordered.length - own.length)));
    own.forEach((weight, i) => {
      const spec = ordered[i];
      if (spec) found.set(weight, spec);
    });
    return layer.weights;
  }

  take(model, entry, "");
  return { found, repeated };
}
