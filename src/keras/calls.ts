import { type Config, type Entry, isObject, type Json, type KerasVersion, nameOf, unreadable } from "./topologyTypes.js";

// Calls of layers, in a functional model: inbound_nodes. TensorFlow.js reads those of Keras 2: [[layer, node, tensor, kwargs] …].

/** A tensor of a functional model: the layer that makes it, which of its calls, which of its outputs. */
export type Source = [layer: string, node: number, tensor: number];

/** A call of a layer. */
export interface Call {
  inputs: Source[];
  /** Numbers and strings among the arguments, by position: those of operations. */
  constants: [position: number, value: Json][];
  /** In inference, too: undefined where the call does not say. */
  training: boolean | undefined;
  /** The masks that the call is given. */
  masks: Source[];
}

const isSource = (value: Json): value is Source =>
  Array.isArray(value) && value.length >= 3 && typeof value[0] === "string" && typeof value[1] === "number";

/** All tensors in what a configuration of Keras 3 gives as an argument: a tensor, or a structure of them. */
function sourcesIn(value: Json): Source[] {
  if (Array.isArray(value)) return value.flatMap(sourcesIn);
  if (!isObject(value)) return [];
  if (value.class_name === "__keras_tensor__") return [(value.config as Config).keras_history as Source];
  return Object.values(value).flatMap(sourcesIn);
}

const trainingOf = (value: Json | undefined) =>
  typeof value === "boolean" || typeof value === "number" ? Boolean(value) : undefined;

/** A call as Keras 3 describes it: args and kwargs. */
function keras3Call(layer: Entry, keras: KerasVersion, { args, kwargs }: Config): Call {
  const { training, mask, initial_state, inputs: named, ...others } = (kwargs ?? {}) as Config;
  const positional = (args ?? []) as Json[];
  const constants: Call["constants"] = [];
  positional.forEach((value, position) => {
    if (value !== null && sourcesIn(value).length === 0) constants.push([position, value]);
  });
  for (const [key, value] of Object.entries(others)) {
    if (sourcesIn(value).length > 0) throw unreadable(layer, keras, key, "be no tensor, as an argument of a call", "a tensor");
    if (value !== null && value !== false) constants.push([-1, value]);
  }
  const inputs = [...positional, named ?? null, initial_state ?? null].flatMap(sourcesIn);
  return { inputs, constants, training: trainingOf(training), masks: sourcesIn(mask ?? null) };
}

/** A call as Keras 2 describes it: its tensors, each with the keyword arguments, where operations have more tensors, and numbers. */
function keras2Call(node: Json[], isOperation: boolean): Call {
  // Of an operation, the call may be the tensor itself, without a list around it.
  const inputs = (isSource(node) ? [node] : node.filter(isSource)) as Source[];
  const kwargs = (inputs[0] as Json[] | undefined)?.[3];
  const [[name, , value] = []] = inputs;
  const isNumber = name === "_CONSTANT_VALUE";
  const constants: Call["constants"] = isNumber ? [[0, value as Json]] : [];
  const call: Call = { inputs: isNumber ? inputs.slice(1) : inputs, constants, training: undefined, masks: [] };
  if (!isObject(kwargs)) return call;
  if (!isOperation) return { ...call, training: trainingOf(kwargs.training) };
  for (const [key, value] of Object.entries(kwargs)) {
    if (key === "name" || value === null) continue;
    if (isSource(value)) call.inputs.push(value);
    else call.constants.push([key === "y" ? 1 : -1, value]);
  }
  return call;
}

/** The calls of a layer in a functional model. */
export function callsOf(layer: Entry, keras: KerasVersion): Call[] {
  const nodes = (layer.inbound_nodes ?? []) as Json[];
  return nodes.flatMap((node) => {
    if (isObject(node)) return "args" in node ? [keras3Call(layer, keras, node)] : [];
    return Array.isArray(node) ? [keras2Call(node, layer.class_name === "TFOpLambda")] : [];
  });
}

/** What the calls of a layer say of training. @throws Error where it is true in some calls and not in all */
export function trainingOfCalls(layer: Entry, keras: KerasVersion, calls: Call[]): boolean | undefined {
  const said = [...new Set(calls.map(({ training }) => training))];
  if (said.length === 1) return said[0];
  if (!said.includes(true)) return undefined;
  throw unreadable(layer, keras, "training", "be true in all calls of a layer, or in none", "true in some");
}

/** A model's inputs or outputs as a list of tensors: Keras 3 writes one, a list, or an object of them. */
export function listed(value: Json | undefined): Json {
  if (value === undefined || value === null) return [];
  if (isSource(value)) return [value];
  const values = Array.isArray(value) ? value : Object.values(value as Config);
  return values.flatMap((inner) => (isSource(inner) ? [inner] : (listed(inner) as Json[])));
}

export const callName = (entry: Entry) => String(entry.name ?? nameOf(entry));
