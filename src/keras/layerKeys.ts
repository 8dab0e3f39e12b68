import { hasClass } from "../tensorflow/layerClasses.js";
import { KeptDimensionsPooling } from "./keptDimensions.js";
import { type Config, type Entry, isEntry, type Json, type KerasVersion, unreadable } from "./topologyTypes.js";

// Keys of layers that TensorFlow.js reads under another name, or passes over although they change what a layer computes.

/** A layer's configuration, with a way to refuse one of its keys. */
interface Layer {
  config: Config;
  entry: Entry;
  refuse(key: string, wanted: string): Error;
}

type Change = (layer: Layer) => Partial<Entry> | undefined;

/** Refuses a key with another value than one that TensorFlow.js takes for granted. */
function only(key: string, ...values: Json[]): Change {
  return ({ config, refuse }) => {
    const value = config[key];
    if (value === undefined || value === null || values.includes(value)) return undefined;
    throw refuse(key, `be ${values.join(" or ")}, as it always is in TensorFlow.js`);
  };
}

/** Refuses dilations of what TensorFlow.js never dilates. */
const undilated: Change = ({ config, refuse }) => {
  if ([config.dilation_rate ?? 1].flat().every((rate) => rate === 1)) return undefined;
  throw refuse("dilation_rate", "be 1, as it always is in TensorFlow.js");
};

/** Keras's ReLU has three numbers, TensorFlow.js's has the first: with one of the others it is another layer. */
const relu: Change = ({ entry, config, refuse }) => {
  const { max_value = null, negative_slope = 0, threshold = 0, ...others } = config;
  if (!negative_slope && !threshold) return undefined;
  if (max_value === null && !threshold) {
    return { ...entry, class_name: "LeakyReLU", config: { ...others, alpha: negative_slope } };
  }
  if (max_value === null && !negative_slope) {
    return { ...entry, class_name: "ThresholdedReLU", config: { ...others, theta: threshold } };
  }
  throw refuse(threshold ? "threshold" : "negative_slope", "be 0 where ReLU has another key, too");
};

const leakyRelu: Change = ({ config: { negative_slope, ...config } }) =>
  negative_slope === undefined ? undefined : { config: { ...config, alpha: negative_slope } };

/** TensorFlow.js's softmax is along one axis. */
const softmax: Change = ({ config, refuse }) => {
  const { axis } = config;
  if (!Array.isArray(axis)) return undefined;
  if (axis.length !== 1) throw refuse("axis", "be one axis");
  return { config: { ...config, axis: axis[0] as Json } };
};

/** TensorFlow.js makes the layer backward from the layer forward. */
const bidirectional: Change = ({ config, refuse }) => {
  const { layer, backward_layer } = config;
  if (!isEntry(backward_layer) || !isEntry(layer)) return undefined;
  const compared = ({ class_name, config }: Entry, go_backwards: Json) => {
    const unimportant = Object.keys(config).filter((key) => key === "name" || key.endsWith("_initializer"));
    return JSON.stringify([
      class_name,
      { ...config, ...Object.fromEntries(unimportant.map((key) => [key, null])), go_backwards },
    ]);
  };
  const isBackwards = ({ config: { go_backwards } }: Entry) => go_backwards === true;
  if (compared(layer, !isBackwards(layer)) !== compared(backward_layer, isBackwards(backward_layer))) {
    throw refuse("backward_layer", "be as 'layer', but backwards");
  }
  return undefined;
};

/** TensorFlow.js's global pools leave their axes out. */
const globalPool: Change = ({ entry: { class_name }, config: { keepdims, data_format, ...config } }) => {
  if (keepdims !== true) return undefined;
  const first = data_format === "channels_first" ? 2 : 1;
  const axes = class_name.endsWith("1D") ? [first] : [first, first + 1];
  const pooling = class_name.startsWith("GlobalMax") ? "max" : "average";
  return { class_name: KeptDimensionsPooling.className, config: { ...config, pooling, axes } };
};

/** Keras 2 writes keys of a convolution that separable ones do not use, and TensorFlow.js does not take. */
const separable: Change = ({ config }) => {
  const { kernel_initializer, kernel_regularizer, kernel_constraint, ...others } = config;
  return kernel_initializer || kernel_regularizer || kernel_constraint ? { config: others } : undefined;
};

const CONTRIB = "Contrib>InstanceNormalization";

/** keras_contrib's class divides by √variance + ε. Addons' has groups. */
const contrib: Change = ({ config: { axis, groups } }) =>
  typeof axis === "number" && groups === undefined && hasClass(CONTRIB) ? { class_name: CONTRIB } : undefined;

/** The authors' own class has no axis. One with an axis is another implementation; the converter leaves out that it is registered. */
const authors: Change = ({ entry, config }) =>
  "axis" in config && !("formula" in config) ? { class_name: `Custom>${entry.class_name}` } : undefined;

const recurrent = [only("time_major", false)];
const CHANGES: Record<string, Change[]> = {
  ReLU: [relu],
  LeakyReLU: [leakyRelu],
  Softmax: [softmax],
  Conv1D: [only("groups", 1)],
  Conv2D: [only("groups", 1)],
  Conv3D: [only("groups", 1)],
  Conv2DTranspose: [only("groups", 1), only("output_padding"), undilated],
  Conv3DTranspose: [only("groups", 1), only("output_padding"), undilated],
  GlobalAveragePooling1D: [globalPool],
  GlobalAveragePooling2D: [globalPool],
  GlobalMaxPooling1D: [globalPool],
  GlobalMaxPooling2D: [globalPool],
  SeparableConv2D: [separable],
  UpSampling2D: [only("interpolation", "nearest")],
  ELU: [only("alpha", 1)],
  InstanceNormalization: [contrib],
  UnsupervisedAdaptiveNormalization: [authors],
  GRU: [only("reset_after", false), ...recurrent],
  GRUCell: [only("reset_after", false)],
  LSTM: recurrent,
  SimpleRNN: recurrent,
  RNN: recurrent,
  Bidirectional: [bidirectional],
  Dense: [only("quantization_config")],
};

/** A layer as TensorFlow.js reads it: its own keys, not what they hold. @throws Error that names a key that it cannot read */
export function withReadableKeys(entry: Entry, keras: KerasVersion): Entry {
  let changed = entry;
  for (const change of CHANGES[entry.class_name] ?? []) {
    const { config } = changed;
    const refuse = (key: string, wanted: string) => unreadable(entry, keras, key, wanted, config[key]);
    changed = { ...changed, ...change({ entry: changed, config, refuse }) } as Entry;
  }
  return changed;
}
