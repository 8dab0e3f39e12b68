import { version_layers } from "@tensorflow/tfjs-layers";

// What a user may hand over that is not of this copy of tf.layers. A class of another copy is another class, whatever its name.

type Unknown = Record<string, unknown>;

const has = (value: object, ...methods: string[]) => methods.every((name) => typeof (value as Unknown)[name] === "function");

/** The version that a model of tf.layers says it is of. */
function versionOf(model: object): string {
  try {
    const { keras_version } = (model as { toJSON(unused: null, returnString: false): Unknown }).toJSON(null, false);
    return ` ${String(keras_version).replace("tfjs-layers ", "")}`;
  } catch {
    return "";
  }
}

/** What something is that is neither a layer, a model nor a tensor of this copy of tf.layers, in words. */
export function describeStranger(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (has(value, "then")) return "a promise: await it";
  if (has(value, "executeAsync", "predict")) return "a graph model, which has no layers";
  const of = "of another copy of @tensorflow/tfjs-layers";
  const copies = `tfjs-uan imports ${version_layers}; two copies of TensorFlow.js are loaded, where there should be one`;
  if (has(value, "getClassName", "predict")) return `a model ${of}${versionOf(value)} (${copies})`;
  if (has(value, "getClassName", "getWeights")) return `a layer ${of} (${copies})`;
  if ("sourceLayer" in value) return `a symbolic tensor ${of} (${copies})`;
  const { name } = (value as object).constructor ?? {};
  return name && name !== "Object" ? `an object of class ${name}` : "an object that is none";
}
