import { serialization, type Tensor, version_core } from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

// tf.layers: its registry of class names, and classes that it does not export.

type Class = serialization.SerializableConstructor<serialization.Serializable>;
type FromConfig = serialization.FromConfigMethod<serialization.Serializable>;

/** Marks the classes that a copy of this library registered, be it this one or another. */
const OF_THIS_LIBRARY = Symbol.for("tfjs-uan.layer");

/**
 * Lets models load a layer of this class, also under other names. It is saved under the class's own name. A name that another class
 * has stays with that class, with a warning: it is a class of the user's. A class of another copy of this library gives way.
 *
 * @param otherNames each alone, or with a function that makes the layer from a configuration saved under that name
 */
export function registerLayer(cls: Class, ...otherNames: (string | [name: string, fromConfig: FromConfig])[]): void {
  Object.defineProperty(cls, OF_THIS_LIBRARY, { value: true });
  const { classNameMap } = serialization.SerializationMap.getMap();
  const isTaken = (name: string) => {
    const [holder] = classNameMap[name] ?? [];
    return holder !== undefined && !Object.hasOwn(holder, OF_THIS_LIBRARY);
  };
  const others = otherNames.map((other): [string, FromConfig] => (typeof other === "string" ? [other, cls.fromConfig] : other));
  const entries = [[cls.className, cls.fromConfig] as [string, FromConfig], ...others];
  const taken = entries.map(([name]) => name).filter(isTaken);
  if (!taken.includes(cls.className)) serialization.registerClass(cls);
  for (const [name, fromConfig] of entries) if (!taken.includes(name)) classNameMap[name] = [cls, fromConfig];
  if (taken.length > 0) {
    const subject = `the class name '${taken.join("', '")}'`;
    console.warn(`tfjs-uan: ${subject} was registered before; saved models that name it load the class registered first.`);
  }
}

/**
 * Has models load a class of tf.layers', also under other names, by a function that may make a layer of another class instead. A name
 * that the user's class has stays with that class.
 *
 * @param theirs the class that TensorFlow.js registered under `name`
 */
export function divertLayer(name: string, theirs: Class, fromConfig: FromConfig, ...otherNames: string[]): void {
  const { classNameMap } = serialization.SerializationMap.getMap();
  for (const one of [name, ...otherNames]) {
    const holder = classNameMap[one]?.[0];
    if (holder === theirs || (one !== name && holder === undefined)) classNameMap[one] = [theirs, fromConfig];
  }
}

// tf.layers registered its own classes when it was imported.
if (!serialization.SerializationMap.getMap().classNameMap.BatchNormalization) {
  const copies = `${version_core}, which tfjs-uan imports, and that of @tensorflow/tfjs-layers ${tfl.version_layers}`;
  const effect = "saved models that hold layers of tfjs-uan cannot be loaded";
  console.warn(`tfjs-uan: two copies of @tensorflow/tfjs-core are loaded, ${copies}; ${effect}. Install one of them alone.`);
}

/** Arguments of batchNormalization: those of tf.layers.batchNormalization. */
export type BatchNormalizationArgs = NonNullable<Parameters<typeof tfl.layers.batchNormalization>[0]>;
/** Arguments of layerNormalization: those of tf.layers.layerNormalization. */
export type LayerNormalizationArgs = NonNullable<Parameters<typeof tfl.layers.layerNormalization>[0]>;

type Initializer = ReturnType<typeof tfl.initializers.zeros>;
type Regularizer = ReturnType<typeof tfl.regularizers.l2>;
type Constraint = ReturnType<typeof tfl.constraints.nonNeg>;

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
  readonly movingMeanInitializer: Initializer;
  readonly movingVarianceInitializer: Initializer;
  readonly betaInitializer: Initializer;
  readonly gammaInitializer: Initializer;
  readonly betaRegularizer?: Regularizer;
  readonly gammaRegularizer?: Regularizer;
  readonly betaConstraint?: Constraint;
  readonly gammaConstraint?: Constraint;
  readonly center: boolean;
  readonly scale: boolean;
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

/** What TensorFlow.js's wrappers have beside a layer's own properties. */
interface TheirWrapperLayer extends tfl.layers.Layer {
  readonly layer: tfl.layers.Layer;
}

const SomeWrapper = tfl.layers.timeDistributed({
  layer: tfl.layers.activation({ activation: "linear", name: "tfjs_uan" }),
  name: "tfjs_uan",
});
/** The class of layers that hold another one. Its fromConfig makes that one, too. */
export const TheirWrapper = Object.getPrototypeOf(SomeWrapper.constructor) as (new (
  args: WrapperArgs,
) => TheirWrapperLayer) & {
  fromConfig(cls: object, config: serialization.ConfigDict, customObjects?: serialization.ConfigDict): object;
};

/** Arguments of layers that hold another one. */
export interface WrapperArgs extends NonNullable<ConstructorParameters<typeof tfl.layers.Layer>[0]> {
  /** The layer that is held. */
  layer: tfl.layers.Layer;
}

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

/** Whether models can hold a class of this name: a layer, an initializer, a regularizer, a constraint or an activation. */
export const hasClass = (name: string): boolean => Object.hasOwn(serialization.SerializationMap.getMap().classNameMap, name);

/** Lets layers name an activation: tf.layers calls nothing of it but `apply` and `getClassName`. */
export function registerActivation(name: string, compute: (x: Tensor) => Tensor): void {
  class Activation extends serialization.Serializable {
    static readonly className = name;
    readonly apply = compute;
    override getConfig(): serialization.ConfigDict {
      return {};
    }
  }
  serialization.registerClass(Activation);
}
