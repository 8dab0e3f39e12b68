import { hasClass } from "../tensorflow/layerClasses.js";
import { type Call, callName, callsOf, listed, type Source, trainingOfCalls } from "./calls.js";
import { withReadableKeys } from "./layerKeys.js";
import { checkMaskedInRow, withoutMasks } from "./masks.js";
import { readableValue, unwrapped } from "./objects.js";
import { isOperation, layerOfOperation } from "./operations.js";
import {
  type Config,
  type Entry,
  isEntry,
  isModel,
  type Json,
  type KerasVersion,
  type ModelEntry,
  nameOf,
  unreadable,
  warnOf,
} from "./topologyTypes.js";

/**
 * Whether calls of the class may say how it normalizes, by the batch's own statistics or by those of training. In Keras 3 they say so in
 * vain: model.predict and model.fit have a say of their own, which goes before.
 */
const readsTraining = (className: string) => /BatchNorm/.test(className);
const dropsAtRandom = (className: string) => /Dropout|Noise/.test(className);

/** How a layer is called, where that changes its configuration. */
interface Use {
  training?: boolean | undefined;
  /** Whether the batch's size stays: layers that keep a state need it. */
  keepsBatch: boolean;
}

/** Whether a layer in it keeps a state from batch to batch. */
const isStateful = (value: Json): boolean =>
  typeof value === "object" &&
  value !== null &&
  ((value as Config).stateful === true || Object.values(value).some((inner) => isStateful(inner as Json)));

/** The class of a layer, by a name that TensorFlow.js has: Keras 3 has two names for a class that users registered. */
function classOf(entry: Entry, keras: KerasVersion): string {
  const { class_name, registered_name } = entry;
  if (hasClass(class_name)) return class_name;
  if (typeof registered_name === "string" && hasClass(registered_name)) return registered_name;
  throw unreadable(
    entry,
    keras,
    "class_name",
    "be a layer that TensorFlow.js has, or that tf.serialization.registerClass got",
    class_name,
  );
}

/** Keras 3 takes batches of any size, whatever size the first one had. */
function inputLayer(entry: Entry, keras: KerasVersion, { keepsBatch }: Use): Entry {
  const { batch_shape, ...config } = entry.config;
  const shape = (batch_shape ?? config.batch_input_shape) as Json[] | undefined;
  const batch = keras.isKeras3 && !keepsBatch && shape ? [null, ...shape.slice(1)] : shape;
  return {
    ...entry,
    config: {
      ...config,
      ...(batch && { batch_input_shape: batch }),
      ...(config.dtype && { dtype: readableValue(entry, keras, "dtype", config.dtype) }),
    },
  };
}

function rewriteValue(entry: Entry, keras: KerasVersion, key: string, value: Json, use: Use): Json {
  const isOfLayers = key === "layer" || key === "backward_layer" || key === "cell" || key === "cells";
  if (isOfLayers && Array.isArray(value)) return value.map((inner) => rewriteValue(entry, keras, key, inner, use));
  if (isOfLayers && isEntry(value)) return rewriteEntry(value, keras, use);
  return readableValue(entry, keras, key, value);
}

/** A layer or a model as TensorFlow.js reads it. @throws Error that names layer, key and version where it cannot */
export function rewriteEntry(entry: Entry, keras: KerasVersion, use: Use = { keepsBatch: isStateful(entry) }): Entry {
  if (isModel(entry)) return "input_layers" in entry.config ? functional(entry, keras, use) : sequential(entry, keras, use);
  if (entry.class_name === "InputLayer") return inputLayer(entry, keras, use);
  const class_name = classOf(entry, keras);
  const values = Object.entries(entry.config).map(([key, value]) => [key, rewriteValue(entry, keras, key, value, use)]);
  const layer = withReadableKeys({ ...entry, class_name, config: Object.fromEntries(values) }, keras);
  const { training } = use;
  if (training !== undefined && readsTraining(class_name)) return { ...layer, config: { ...layer.config, training } };
  if (training && dropsAtRandom(class_name)) {
    warnOf(entry, keras, "is called with training=true: in TensorFlow.js it drops nothing in inference.");
  }
  if (layer.config.activity_regularizer) {
    warnOf(entry, keras, "has an 'activity_regularizer', which TensorFlow.js has not: it is left out.");
    return { ...layer, config: { ...layer.config, activity_regularizer: null } };
  }
  return layer;
}

function sequential(entry: ModelEntry, keras: KerasVersion, use: Use): Entry {
  const { build_input_shape } = entry.config;
  const built = (entry.build_config as Config | null | undefined)?.input_shape;
  const layers = entry.config.layers.map((layer) => rewriteEntry(layer, keras, use));
  checkMaskedInRow(entry.config.layers, keras);
  const [first] = layers;
  const hasInput = !first || first.class_name === "InputLayer" || first.config.batch_input_shape || isModel(first);
  if (!hasInput) {
    const shape = unwrapped(build_input_shape ?? built ?? null);
    if (!Array.isArray(shape)) throw unreadable(entry, keras, "build_input_shape", "be a shape where no Input is first", shape);
    const batch_input_shape = [use.keepsBatch ? (shape[0] as Json) : null, ...shape.slice(1)];
    const config = { name: `${nameOf(entry)}_input`, batch_input_shape, dtype: "float32", sparse: false };
    layers.unshift({ class_name: "InputLayer", config });
  }
  return { ...entry, config: { ...entry.config, layers } };
}

function functional(entry: ModelEntry, keras: KerasVersion, use: Use): Entry {
  const { config } = entry;
  const isKeras3 = config.layers.some((layer) => ((layer.inbound_nodes ?? []) as Json[]).some((node) => !Array.isArray(node)));
  const models = new Set<Json>(isKeras3 ? config.layers.filter(isModel).map(callName) : []);
  /** A model has a call more in TensorFlow.js and Keras 2: the one that made it. */
  const source = ([layer, node, tensor, ...rest]: Source): Source =>
    [layer, models.has(layer) ? node + 1 : node, tensor, ...rest] as Source;
  const outputs = listed(config.output_layers) as Source[];
  const all = config.layers.map((layer) => ({
    entry: layer,
    calls: callsOf(layer, keras),
    isOperation: isOperation(layer, keras),
  }));
  const layers = withoutMasks(all, outputs, keras).map(({ entry: layer, calls, isOperation: operates }) => {
    const called = operates ? layerOfOperation(layer, keras, callName(layer), calls) : withoutConstants(layer, keras, calls);
    const training = keras.isKeras3 ? undefined : (trainingOfCalls(layer, keras, calls) ?? use.training);
    const nodes = calls.map(({ inputs }) => inputs.map((input) => [...source(input), {}]));
    const inbound_nodes = isKeras3 || operates ? nodes : (layer.inbound_nodes ?? []);
    return { ...rewriteEntry(called, keras, { ...use, training }), name: callName(layer), inbound_nodes };
  });
  const input_layers = listed(config.input_layers);
  return { ...entry, config: { ...config, layers, input_layers, output_layers: outputs.map(source) } };
}

/** A layer that is called with tensors alone. @throws Error that names it where it is not */
function withoutConstants(layer: Entry, keras: KerasVersion, calls: Call[]): Entry {
  const constant = calls.flatMap(({ constants }) => constants)[0];
  if (constant) throw unreadable(layer, keras, "inbound_nodes", "have calls with tensors alone", constant[1]);
  return layer;
}
