import { hasClass } from "../tensorflow/layerClasses.js";
import { activationNamed } from "./activations.js";
import { type Config, type Entry, isEntry, isObject, type Json, type KerasVersion, unreadable } from "./topologyTypes.js";

// What a layer's configuration holds beside numbers: types, initializers, regularizers, constraints, activations.

/** Classes that TensorFlow.js has under another name. */
const RENAMED: Record<string, string> = {
  LecunNormal: "LeCunNormal",
  LecunUniform: "LeCunUniform",
  OrthogonalInitializer: "Orthogonal",
  IdentityInitializer: "Identity",
};

/** The type that TensorFlow.js computes in for one that Keras names, alone or in a policy. */
export function dtypeOf(dtype: Json): Json {
  const name = isEntry(dtype) ? dtype.config.name : dtype;
  if (typeof name !== "string") return name ?? "float32";
  if (/float/.test(name)) return "float32";
  return /^u?int/.test(name) ? "int32" : name;
}

/** What Keras wraps in an object and TensorFlow.js does not: tuples, arrays, tensors. */
export function unwrapped(value: Json): Json {
  if (!isObject(value)) return value;
  if (value.class_name === "__tuple__") return value.items ?? [];
  const isArray = value.class_name === "__numpy__" || value.class_name === "__tensor__";
  return isArray && isObject(value.config) ? (value.config.value ?? null) : value;
}

function initializer(entry: Entry): Entry {
  const { seed, distribution } = entry.config;
  const config = {
    ...entry.config,
    ...(isObject(seed) && { seed: null }),
    ...(distribution === "untruncated_normal" && { distribution: "normal" }),
  };
  return { ...entry, class_name: RENAMED[entry.class_name] ?? entry.class_name, config };
}

function regularizer(entry: Entry): Entry {
  const { class_name, config } = entry;
  if (class_name !== "L1" && class_name !== "L2") return entry;
  return { ...entry, class_name: "L1L2", config: { ...config, l1: config.l1 ?? 0, l2: config.l2 ?? 0 } };
}

/** Classes that a key's object may be of: those of TensorFlow.js, and those that are registered. */
function known(layer: Entry, keras: KerasVersion, key: string, object: Entry): Entry {
  if (hasClass(object.class_name)) return object;
  throw unreadable(layer, keras, key, "be of a class that TensorFlow.js has, or that is registered", object.class_name);
}

/** Of a function's name, that of TensorFlow.js. Keras describes functions by name, or by an object that has it. */
function activation(layer: Entry, keras: KerasVersion, key: string, value: Json): Json {
  const name = isObject(value) && value.class_name === "function" ? value.config : value;
  const found = typeof name === "string" ? activationNamed(name, keras) : undefined;
  if (found === undefined) throw unreadable(layer, keras, key, "be an activation that TensorFlow.js has", value);
  return found;
}

/** The value of a layer's key as TensorFlow.js reads it. */
export function readableValue(layer: Entry, keras: KerasVersion, key: string, value: Json): Json {
  if (value === null) return null;
  if (key === "dtype") return dtypeOf(value);
  if (key === "activation" || key === "recurrent_activation") return activation(layer, keras, key, value);
  if (!isEntry(value)) return unwrapped(value);
  if (key.endsWith("initializer")) return known(layer, keras, key, initializer(value));
  if (key.endsWith("regularizer")) return known(layer, keras, key, regularizer(value));
  if (key.endsWith("constraint")) return known(layer, keras, key, value);
  return unwrapped(value);
}

/** A configuration with initializers that cost nothing, for a model whose weights nobody reads. */
export function withoutInitializers<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutInitializers) as T;
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    key.endsWith("_initializer") && inner !== null ? { class_name: "Zeros", config: {} } : withoutInitializers(inner),
  ]);
  return Object.fromEntries(entries) as T & Config;
}
