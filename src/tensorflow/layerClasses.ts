import { serialization, type Tensor } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

// tf.layers: its registry of class names, and classes that it does not export.

type Class = serialization.SerializableConstructor<serialization.Serializable>;

/** Lets models load a layer of this class, also under other names. It is saved under the class's own name. */
export function registerLayer(cls: Class, ...otherNames: string[]): void {
  serialization.registerClass(cls);
  const { classNameMap } = serialization.SerializationMap.getMap();
  for (const name of otherNames) classNameMap[name] = [cls, cls.fromConfig];
}

/** Arguments of batchNormalization: those of tf.layers.batchNormalization. */
export type BatchNormalizationArgs = NonNullable<Parameters<typeof tfl.layers.batchNormalization>[0]>;
/** Arguments of layerNormalization: those of tf.layers.layerNormalization. */
export type LayerNormalizationArgs = NonNullable<Parameters<typeof tfl.layers.layerNormalization>[0]>;

/** What TensorFlow.js's batch normalization has beside a layer's own properties. */
interface TheirBatchNormalizationLayer extends tfl.layers.Layer {
  /** Models from Python have a list of one. */
  readonly axis: number | [number];
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: tfl.LayerVariable;
  readonly beta?: tfl.LayerVariable;
  readonly movingMean: tfl.LayerVariable;
  readonly movingVariance: tfl.LayerVariable;
}

/** What TensorFlow.js's layer normalization has beside a layer's own properties. */
interface TheirLayerNormalizationLayer extends tfl.layers.Layer {
  readonly axis: number | number[];
  readonly epsilon: number;
  readonly gamma: tfl.LayerVariable | null;
  readonly beta: tfl.LayerVariable | null;
}

// The instances have a name, so that they take no number away from the user's own layers.
export const TheirBatchNormalization = tfl.layers.batchNormalization({ name: "tfjs_uan" }).constructor as new (
  args?: BatchNormalizationArgs,
) => TheirBatchNormalizationLayer;
export const TheirLayerNormalization = tfl.layers.layerNormalization({ name: "tfjs_uan" }).constructor as new (
  args?: LayerNormalizationArgs,
) => TheirLayerNormalizationLayer;

/**
 * Resolves what a user or a saved configuration names initializers, regularizers and constraints by, and serializes them again.
 * TensorFlow.js keeps the functions that do this to itself; its batch normalization, which has the same arguments, calls them.
 *
 * @param args of batch normalization
 * @returns of the layer that it makes, its properties and its configuration
 */
export function resolveWithBatchNormalization(args: BatchNormalizationArgs): {
  objects: object;
  config: serialization.ConfigDict;
} {
  const layer = tfl.layers.batchNormalization({ ...args, name: "tfjs_uan_affine" });
  return { objects: layer, config: layer.getConfig() };
}

/** An initializer that is a function: a layer calls nothing of it but `apply`. */
export function initializerOf(make: () => Tensor): ReturnType<typeof tfl.initializers.zeros> {
  return { apply: make } as unknown as ReturnType<typeof tfl.initializers.zeros>;
}
