import type { Call } from "./calls.js";
import { type Config, type Entry, type Json, type KerasVersion, unreadable } from "./topologyTypes.js";

// Keras has operations among the layers of a functional model: what `x + y`, `x * 0.5`, keras.ops and tf.math make of its
// tensors.

/** Operations of two tensors that are layers, too. */
const OF_TENSORS = new Set(["Add", "Multiply", "Maximum", "Minimum"]);
const ACTIVATIONS: Record<string, string> = {
  Relu: "relu",
  Relu6: "relu6",
  Sigmoid: "sigmoid",
  Tanh: "tanh",
  Softplus: "softplus",
  Softsign: "softsign",
  Silu: "silu",
  HardSigmoid: "hard_sigmoid",
  HardSilu: "hard_silu",
  Selu: "selu",
  Exp: "exponential",
};

/** Of an operation of a tensor and a number: the scale and the offset of a Rescaling. */
const OF_NUMBERS: Record<string, (number: number, isFirst: boolean) => { scale: number; offset: number } | undefined> = {
  Add: (number) => ({ scale: 1, offset: number }),
  Multiply: (number) => ({ scale: number, offset: 0 }),
  Subtract: (number, isFirst) => (isFirst ? { scale: -1, offset: number } : { scale: 1, offset: -number }),
  TrueDivide: (number, isFirst) => (isFirst ? undefined : { scale: 1 / number, offset: 0 }),
  Divide: (number, isFirst) => (isFirst ? undefined : { scale: 1 / number, offset: 0 }),
};

/** What Keras 2 calls these operations: the function of a TFOpLambda. */
const OF_KERAS_2: Record<string, string> = {
  "__operators__.add": "Add",
  "math.add": "Add",
  "math.multiply": "Multiply",
  "math.subtract": "Subtract",
  "math.truediv": "TrueDivide",
  "math.divide": "TrueDivide",
  "math.maximum": "Maximum",
  "math.minimum": "Minimum",
  "nn.relu": "Relu",
  "nn.relu6": "Relu6",
  "nn.silu": "Silu",
  "math.sigmoid": "Sigmoid",
  "math.tanh": "Tanh",
  "math.exp": "Exp",
};

const operationOf = ({ class_name, config }: Entry) =>
  class_name === "TFOpLambda" ? (OF_KERAS_2[String(config.function)] ?? String(config.function)) : class_name;

/** Whether an entry of a model's layers is an operation. The converter leaves out modules of .keras files. */
export function isOperation({ class_name, config, module }: Entry, { isKeras3 }: KerasVersion): boolean {
  if (class_name === "TFOpLambda") return true;
  if (typeof module === "string") return /^keras(\.src)?\.ops\b/.test(module);
  return isKeras3 && !("trainable" in config) && class_name !== "InputLayer" && !Array.isArray(config.layers);
}

/** The layer that computes what an operation does. @throws Error where TensorFlow.js has none */
export function layerOfOperation(entry: Entry, keras: KerasVersion, name: string, calls: Call[]): Entry {
  const class_name = operationOf(entry);
  const [call, ...more] = calls;
  const make = (layer: string, config: Config): Entry => ({
    ...entry,
    class_name: layer,
    config: { name, trainable: true, dtype: "float32", ...config },
  });
  if (call && more.length === 0) {
    const { inputs, constants } = call;
    const [constant] = constants;
    if (OF_TENSORS.has(class_name) && inputs.length === 2 && !constant) return make(class_name, {});
    if (class_name === "Concatenate" && !constant) return make(class_name, { axis: entry.config.axis ?? -1 });
    const activation = ACTIVATIONS[class_name];
    if (activation && inputs.length === 1 && !constant) return make("Activation", { activation });
    if (inputs.length === 1 && constants.length === 1 && typeof constant?.[1] === "number" && constant[0] >= 0) {
      const found = OF_NUMBERS[class_name]?.(constant[1], constant[0] === 0);
      if (found) return make("Rescaling", found);
    }
  }
  const operation = { ...entry, config: { ...entry.config, name } };
  const got: Json = { operation: class_name, constants: call?.constants.map(([, value]) => value) ?? [] };
  throw unreadable(operation, keras, "class_name", "be a layer, or an operation that is one in TensorFlow.js", got);
}
