import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";

interface Reason {
  why: string;
  error: RegExp;
}

/** A layer of tf.layers in a small model that needs its gradient with respect to its weights and to its input. */
export interface Entry {
  /** The name of the factory in tf.layers. */
  layer: string;
  /** What differs from other entries for the same layer. */
  variant: string;
  model(): tfl.LayersModel;
  /** Why no backend can train the model, and what the error says. */
  untrainable?: Reason;
  /** Why 'cpu' alone cannot train it or, without an error, trains it wrongly. */
  notOnCpu?: { why: string; error?: RegExp };
}

/** Factories that are other names of the same layer. */
export const ALIASES: Record<string, string> = {
  avgPool1d: "averagePooling1d",
  avgPool2d: "averagePooling2d",
  avgPool3d: "averagePooling3d",
  avgPooling1d: "averagePooling1d",
  avgPooling2d: "averagePooling2d",
  avgPooling3d: "averagePooling3d",
  globalMaxPool1d: "globalMaxPooling1d",
  globalMaxPool2d: "globalMaxPooling2d",
  maxPool1d: "maxPooling1d",
  maxPool2d: "maxPooling2d",
};

/** Exports of tf.layers that cannot be trained: abstract classes, and inputs. */
export const NOT_LAYERS = ["Layer", "RNN", "RNNCell", "input", "inputLayer"];

type Layer = tfl.layers.Layer;
type Shape = number[];

const SEQUENCE = [5, 4];
const IMAGE = [7, 6, 3];
const SQUARE = [5, 5, 3];
const VOLUME = [5, 4, 5, 2];
const MOVIE = [3, 5, 4, 2];
const VOCABULARY = 6;

const { dense, flatten, reshape } = tfl.layers;

/** A trainable layer whose output has the shape, made only of matMul. It has no bias, which a normalization would remove. */
function source(shape: Shape): Layer[] {
  return [dense({ units: tf.util.sizeFromShape(shape), useBias: false }), reshape({ targetShape: shape })];
}

/** An output of two numbers, from any shape. */
function output(x: tfl.SymbolicTensor): tfl.SymbolicTensor {
  const flat = x.shape.length > 2 ? flatten().apply(x) : x;
  return dense({ units: 2 }).apply(flat as tfl.SymbolicTensor) as tfl.SymbolicTensor;
}

function chain(input: tfl.SymbolicTensor, layers: Layer[]): tfl.SymbolicTensor {
  return layers.reduce((x, layer) => layer.apply(x) as tfl.SymbolicTensor, input);
}

/** The layers at the input, whose gradient with respect to the input is not needed. */
function first(shape: Shape, ...layers: Layer[]): tfl.LayersModel {
  const inputs = tfl.input({ shape });
  return tfl.model({ inputs, outputs: output(chain(inputs, layers)) });
}

/** A trainable layer, the layers, and an output. */
function after(shape: Shape, ...layers: Layer[]): tfl.LayersModel {
  return first([3], ...source(shape), ...layers);
}

/** A layer with several inputs, each from a trainable layer. */
function merging(layer: Layer, ...shapes: Shape[]): tfl.LayersModel {
  const inputs = tfl.input({ shape: [3] });
  const merged = layer.apply(shapes.map((shape) => chain(inputs, source(shape))));
  return tfl.model({ inputs, outputs: output((Array.isArray(merged) ? merged[0] : merged) as tfl.SymbolicTensor) });
}

/** Integers below VOCABULARY at the input. */
function tokens(...layers: Layer[]): tfl.LayersModel {
  const inputs = tfl.input({ shape: [5], dtype: "int32" });
  return tfl.model({ inputs, outputs: output(chain(inputs, layers)) });
}

/** A sequence with some steps that are zero and masked. It is at the input, because masking has no gradient. */
function masked(layer: Layer): tfl.LayersModel {
  return first([5, 1], tfl.layers.masking(), layer);
}

/** Calls a layer with a tensor. A model calls it with a list of one tensor, which some layers do not take. */
class Calling extends tfl.layers.Layer {
  static readonly className = "Calling";

  constructor(
    private readonly inner: Layer,
    private readonly shapeAfter: (number | null)[],
  ) {
    super({});
  }

  override computeOutputShape(): (number | null)[] {
    return [null, ...this.shapeAfter];
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor {
    return this.inner.call(Array.isArray(inputs) ? (inputs[0] as tf.Tensor) : inputs, kwargs) as tf.Tensor;
  }
}

/** A cell of convLstm2d by itself, called with the input and the two states, which have the same shape. */
function convolvingCell(): Layer {
  const cell = tfl.layers.convLstm2dCell({ ...convolving, padding: "same" });
  cell.build([null, 5, 4, 2]);
  (cell as unknown as { built: boolean }).built = true;
  return cell;
}

type Models = Record<string, () => tfl.LayersModel>;
const l = tfl.layers;

const conv = { filters: 4, kernelSize: 3 };
const padding = "same" as const;
const depthwise = { kernelSize: 3, depthMultiplier: 2 };
// The default initializer of recurrent weights, "orthogonal", needs the chained operations of the complete package of TensorFlow.js.
const vector = { units: 3, recurrentInitializer: "glorotUniform" as const };
const recurrent = { ...vector, returnSequences: true };
const convolving = { filters: 2, kernelSize: 3, recurrentInitializer: "glorotUniform" as const };
const channelsFirst = { dataFormat: "channelsFirst" as const };

const cells = {
  simpleRNNCell: () => l.simpleRNNCell(vector),
  gruCell: () => l.gruCell(vector),
  lstmCell: () => l.lstmCell(vector),
};

interface RecurrentArgs {
  units: number;
  recurrentInitializer: "glorotUniform";
  returnSequences?: boolean;
  dropout?: number;
  recurrentDropout?: number;
  unroll?: boolean;
  goBackwards?: boolean;
}

const resizing = (interpolation: "bilinear" | "nearest"): Layer =>
  new Calling(l.resizing({ height: 5, width: 9, interpolation }), [5, 9, 3]);
const widening = (interpolation: "bilinear" | "nearest"): Layer =>
  new Calling(l.randomWidth({ factor: [0.3, 0.5], seed: 1, interpolation }), [5, null, 3]);

function recurrentModels(layer: (args: RecurrentArgs) => Layer): Models {
  return {
    "last step": () => after(SEQUENCE, layer(vector)),
    "every step": () => after(SEQUENCE, layer(recurrent)),
    dropout: () => after(SEQUENCE, layer({ ...vector, dropout: 0.3, recurrentDropout: 0.3 })),
    unrolled: () => after(SEQUENCE, layer({ ...vector, unroll: true })),
    backwards: () => after(SEQUENCE, layer({ ...vector, goBackwards: true })),
    masked: () => masked(layer(vector)),
  };
}
function poolingModels(shape: Shape, layer: (args: { padding?: "same"; strides?: number; poolSize?: number }) => Layer): Models {
  return {
    valid: () => after(shape, layer({})),
    same: () => after(shape, layer({ padding, poolSize: 3 })),
    overlapping: () => after(shape, layer({ poolSize: 3, strides: 1 })),
  };
}

const activations = [
  ...(["elu", "hardSigmoid", "linear", "relu", "relu6", "selu", "sigmoid", "softmax", "softplus", "softsign", "tanh"] as const),
  ...(["swish", "mish", "gelu", "gelu_new"] as const),
];

const MODELS: Record<string, Models> = {
  // Dense and elementwise
  activation: {
    ...Object.fromEntries(activations.map((activation) => [activation, () => after(SEQUENCE, l.activation({ activation }))])),
    // Registered, but missing from the type of names.
    logSoftmax: () => after(SEQUENCE, l.activation({ activation: "logSoftmax" as "softmax" })),
  },
  dense: {
    plain: () => after([5], l.dense({ units: 4 })),
    relu: () => after([5], l.dense({ units: 4, activation: "relu" })),
    "rank 3": () => after(SEQUENCE, l.dense({ units: 4, activation: "tanh" })),
  },
  elu: { "": () => after(SEQUENCE, l.elu()) },
  leakyReLU: { "": () => after(SEQUENCE, l.leakyReLU()) },
  prelu: {
    plain: () => after(SEQUENCE, l.prelu({ alphaInitializer: "ones" })),
    "shared axes": () => after(IMAGE, l.prelu({ sharedAxes: [1, 2] })),
  },
  reLU: {
    plain: () => after(SEQUENCE, l.reLU()),
    "with a maximum": () => after(SEQUENCE, l.reLU({ maxValue: 1 })),
  },
  softmax: { plain: () => after([5], l.softmax()), "rank 3": () => after(SEQUENCE, l.softmax({ axis: -1 })) },
  thresholdedReLU: {
    "first layer": () => first(SEQUENCE, l.thresholdedReLU({ theta: 0.1 })),
    differentiated: () => after(SEQUENCE, l.thresholdedReLU({ theta: 0.1 })),
  },

  // Convolutions
  conv1d: {
    valid: () => after(SEQUENCE, l.conv1d(conv)),
    same: () => after(SEQUENCE, l.conv1d({ ...conv, padding })),
    causal: () => after(SEQUENCE, l.conv1d({ ...conv, padding: "causal" })),
    "strides 2": () => after(SEQUENCE, l.conv1d({ ...conv, strides: 2 })),
    "dilation 2": () => after(SEQUENCE, l.conv1d({ ...conv, dilationRate: 2 })),
  },
  conv2d: {
    valid: () => after(IMAGE, l.conv2d(conv)),
    same: () => after(IMAGE, l.conv2d({ ...conv, padding })),
    "strides 2": () => after(IMAGE, l.conv2d({ ...conv, strides: 2 })),
    "same, strides 2": () => after(IMAGE, l.conv2d({ ...conv, strides: 2, padding })),
    "1×1": () => after(IMAGE, l.conv2d({ ...conv, kernelSize: 1 })),
    "dilation 2": () => after(IMAGE, l.conv2d({ ...conv, dilationRate: 2 })),
    relu: () => after(IMAGE, l.conv2d({ ...conv, activation: "relu" })),
    "channels first": () => after(IMAGE, l.conv2d({ ...conv, ...channelsFirst, kernelSize: 2 })),
    "first layer": () => first(IMAGE, l.conv2d(conv)),
  },
  conv2dTranspose: {
    valid: () => after(IMAGE, l.conv2dTranspose(conv)),
    "same, strides 2": () => after(IMAGE, l.conv2dTranspose({ ...conv, strides: 2, padding })),
  },
  conv3d: {
    valid: () => after(VOLUME, l.conv3d(conv)),
    "strides 2": () => after(VOLUME, l.conv3d({ ...conv, strides: 2 })),
    "same, strides 2": () => after(VOLUME, l.conv3d({ ...conv, strides: 2, padding })),
  },
  conv3dTranspose: {
    valid: () => after(VOLUME, l.conv3dTranspose({ ...conv, kernelSize: 2 })),
    "same, strides 2": () => after(VOLUME, l.conv3dTranspose({ ...conv, strides: 2, padding })),
  },
  depthwiseConv2d: {
    valid: () => after(IMAGE, l.depthwiseConv2d(depthwise)),
    same: () => after(IMAGE, l.depthwiseConv2d({ ...depthwise, padding })),
    "strides 2": () => after(IMAGE, l.depthwiseConv2d({ ...depthwise, strides: 2 })),
    "same, strides 2": () => after(IMAGE, l.depthwiseConv2d({ ...depthwise, strides: 2, padding })),
    "dilation 2": () => after(IMAGE, l.depthwiseConv2d({ ...depthwise, dilationRate: [2, 2] })),
  },
  separableConv2d: {
    valid: () => after(IMAGE, l.separableConv2d(conv)),
    "same, multiplier 2": () => after(IMAGE, l.separableConv2d({ ...conv, padding, depthMultiplier: 2 })),
    "strides 2": () => after(IMAGE, l.separableConv2d({ ...conv, strides: 2 })),
  },
  cropping2D: {
    "": () =>
      after(
        IMAGE,
        l.cropping2D({
          cropping: [
            [1, 2],
            [0, 1],
          ] as [[number, number], [number, number]],
        }),
      ),
  },
  upSampling2d: {
    nearest: () => after(IMAGE, l.upSampling2d({})),
    bilinear: () => after(SQUARE, l.upSampling2d({ interpolation: "bilinear" })),
    "bilinear, not a square": () => after(IMAGE, l.upSampling2d({ interpolation: "bilinear" })),
    "channels first": () => after(IMAGE, l.upSampling2d({ ...channelsFirst })),
  },
  zeroPadding2d: {
    "": () =>
      after(
        IMAGE,
        l.zeroPadding2d({
          padding: [
            [1, 2],
            [0, 1],
          ] as [[number, number], [number, number]],
        }),
      ),
  },

  // Pooling
  averagePooling1d: poolingModels(SEQUENCE, (args) => l.averagePooling1d(args)),
  averagePooling2d: poolingModels(IMAGE, (args) => l.averagePooling2d(args)),
  averagePooling3d: poolingModels(VOLUME, (args) => l.averagePooling3d(args)),
  maxPooling1d: poolingModels(SEQUENCE, (args) => l.maxPooling1d(args)),
  maxPooling2d: poolingModels(IMAGE, (args) => l.maxPooling2d(args)),
  maxPooling3d: {
    ...poolingModels(VOLUME, (args) => l.maxPooling3d(args)),
    // Windows without a positive number.
    "two at a time": () => after(VOLUME, l.maxPooling3d({ poolSize: [2, 1, 1] })),
  },
  globalAveragePooling1d: { "": () => after(SEQUENCE, l.globalAveragePooling1d()) },
  globalAveragePooling2d: { "": () => after(IMAGE, l.globalAveragePooling2d({})) },
  globalMaxPooling1d: { "": () => after(SEQUENCE, l.globalMaxPooling1d()) },
  globalMaxPooling2d: { "": () => after(IMAGE, l.globalMaxPooling2d({})) },

  // Shapes and masks
  embedding: {
    plain: () => tokens(l.embedding({ inputDim: VOCABULARY, outputDim: 3 })),
    "with a mask": () =>
      tokens(l.embedding({ inputDim: VOCABULARY, outputDim: 3, maskZero: true }), l.lstm(vector), dense({ units: 2 })),
  },
  flatten: { "": () => after(IMAGE, l.flatten()), "channels first": () => after(IMAGE, l.flatten({ ...channelsFirst })) },
  masking: {
    "first layer": () => masked(l.simpleRNN(vector)),
    differentiated: () => after([5, 1], l.masking(), l.simpleRNN(vector)),
  },
  permute: { "": () => after(IMAGE, l.permute({ dims: [3, 1, 2] })) },
  repeatVector: { "": () => after([5], l.repeatVector({ n: 3 })) },
  reshape: { "": () => after(IMAGE, l.reshape({ targetShape: [14, 9] })) },

  // Merging
  add: { plain: () => merging(l.add(), SEQUENCE, SEQUENCE), broadcasting: () => merging(l.add(), SEQUENCE, [5, 1]) },
  average: { "": () => merging(l.average(), SEQUENCE, SEQUENCE) },
  concatenate: {
    "last axis": () => merging(l.concatenate(), SEQUENCE, SEQUENCE),
    "axis 1": () => merging(l.concatenate({ axis: 1 }), SEQUENCE, SEQUENCE),
  },
  dot: {
    "rank 2": () => merging(l.dot({ axes: -1 }), [5], [5]),
    "rank 3": () => merging(l.dot({ axes: [2, 1] }), SEQUENCE, [4, 3]),
    normalized: () => merging(l.dot({ axes: -1, normalize: true }), [5], [5]),
  },
  maximum: { "": () => merging(l.maximum(), SEQUENCE, SEQUENCE) },
  minimum: { "": () => merging(l.minimum(), SEQUENCE, SEQUENCE) },
  multiply: {
    plain: () => merging(l.multiply(), SEQUENCE, SEQUENCE),
    broadcasting: () => merging(l.multiply(), SEQUENCE, [5, 1]),
  },

  // Normalization and noise
  batchNormalization: {
    "rank 2": () => after([5], l.batchNormalization()),
    "rank 3": () => after(SEQUENCE, l.batchNormalization()),
    "rank 4": () => after(IMAGE, l.batchNormalization()),
    "axis 1": () => after(IMAGE, l.batchNormalization({ axis: 1 })),
  },
  layerNormalization: {
    "rank 3": () => after(SEQUENCE, l.layerNormalization()),
    "axes 2, 3": () => after(IMAGE, l.layerNormalization({ axis: [2, 3] })),
  },
  alphaDropout: { "": () => after(SEQUENCE, l.alphaDropout({ rate: 0.3 })) },
  dropout: {
    plain: () => after(SEQUENCE, l.dropout({ rate: 0.3 })),
  },
  gaussianDropout: { "": () => after(SEQUENCE, l.gaussianDropout({ rate: 0.3 })) },
  gaussianNoise: { "": () => after(SEQUENCE, l.gaussianNoise({ stddev: 0.3 })) },
  spatialDropout1d: { "": () => after(SEQUENCE, l.spatialDropout1d({ rate: 0.3 })) },

  // Recurrent
  simpleRNN: recurrentModels((args) => l.simpleRNN(args)),
  gru: recurrentModels((args) => l.gru(args)),
  lstm: recurrentModels((args) => l.lstm(args)),
  ...Object.fromEntries(
    Object.entries(cells).map(([name, cell]) => [name, { "": () => after(SEQUENCE, l.rnn({ cell: cell() })) }]),
  ),
  rnn: {
    "one cell": () => after(SEQUENCE, l.rnn({ cell: cells.gruCell(), returnSequences: true })),
    "several cells": () => after(SEQUENCE, l.rnn({ cell: [cells.lstmCell(), cells.gruCell()] })),
  },
  stackedRNNCells: {
    "": () => after(SEQUENCE, l.rnn({ cell: l.stackedRNNCells({ cells: [cells.simpleRNNCell(), cells.lstmCell()] }) })),
  },
  convLstm2d: {
    valid: () => after(MOVIE, l.convLstm2d(convolving)),
    "same, every step": () => after(MOVIE, l.convLstm2d({ ...convolving, padding, returnSequences: true })),
    "strides 2": () => after(MOVIE, l.convLstm2d({ ...convolving, strides: 2, padding })),
  },
  convLstm2dCell: {
    "on its own": () => merging(convolvingCell(), [5, 4, 2], [5, 4, 2], [5, 4, 2]),
    "in rnn": () => after(MOVIE, l.rnn({ cell: l.convLstm2dCell(convolving) })),
  },
  bidirectional: {
    concat: () => after(SEQUENCE, l.bidirectional({ layer: l.lstm(vector) as tfl.RNN, mergeMode: "concat" })),
    "sum, every step": () => after(SEQUENCE, l.bidirectional({ layer: l.gru(recurrent) as tfl.RNN, mergeMode: "sum" })),
  },
  timeDistributed: {
    dense: () => after(SEQUENCE, l.timeDistributed({ layer: l.dense({ units: 3 }) })),
    conv2d: () => after(MOVIE, l.timeDistributed({ layer: l.conv2d(conv) })),
  },

  // Preprocessing
  categoryEncoding: {
    "first layer": () => tokens(l.categoryEncoding({ numTokens: VOCABULARY, outputMode: "multiHot" })),
    differentiated: () => after([1], l.categoryEncoding({ numTokens: VOCABULARY, outputMode: "oneHot" })),
  },
  // Overwrites the shape of its argument, and so is not called with an input.
  centerCrop: {
    "first layer": () => first([126], reshape({ targetShape: IMAGE }), l.centerCrop({ height: 3, width: 4 })),
    differentiated: () => after(IMAGE, l.centerCrop({ height: 3, width: 4 })),
    enlarging: () => first([126], reshape({ targetShape: IMAGE }), l.centerCrop({ height: 9, width: 9 })),
    "enlarging, called": () => after(SQUARE, new Calling(l.centerCrop({ height: 9, width: 9 }), [9, 9, 3])),
  },
  randomWidth: {
    "in a model": () => first(IMAGE, l.randomWidth({ factor: [0.3, 0.5], seed: 1 })),
    "bilinear, called": () => after(SQUARE, widening("bilinear"), l.globalAveragePooling2d({})),
    "nearest, called": () => after(SQUARE, widening("nearest"), l.globalAveragePooling2d({})),
  },
  rescaling: {
    "first layer": () => first(IMAGE, l.rescaling({ scale: 0.5, offset: 1 })),
    differentiated: () => after(IMAGE, l.rescaling({ scale: 0.5, offset: 1 })),
  },
  resizing: {
    "in a model": () => first(IMAGE, l.resizing({ height: 5, width: 9 })),
    "first layer, called": () => first(IMAGE, resizing("bilinear")),
    "bilinear, called": () => after(SQUARE, resizing("bilinear")),
    "nearest, called": () => after(SQUARE, resizing("nearest")),
  },
};

const noGradientOf = (kernel: string) => ({
  why: `TensorFlow.js has no gradient of ${kernel}`,
  error: new RegExp(`gradient function not found for ${kernel}`),
});
const listed = {
  why: "the layer does not take the list that a model calls it with",
  error: /x must be rank 3 or 4, but got rank 1/,
};

const UNTRAINABLE: Record<string, Reason> = {
  "masking, differentiated": noGradientOf("Any"),
  "thresholdedReLU, differentiated": noGradientOf("Greater"),
  "conv1d, causal": { why: "not implemented by the layer", error: /CAUSAL padding mode/ },
  "convLstm2dCell, in rnn": { why: "rnn takes sequences of vectors only", error: /expected ndim=3, found ndim=5/ },
  "categoryEncoding, differentiated": noGradientOf("DenseBincount"),
  "centerCrop, differentiated": noGradientOf("CropAndResize"),
  "centerCrop, enlarging": listed,
  "randomWidth, in a model": {
    why: "the layer takes height for batch when it says its output's shape",
    error: /positive integers/,
  },
  "resizing, in a model": listed,
};

const padded = { why: "the gradient of average pools on 'cpu' counts in the padding, which the pool leaves out" };
const nearest = { why: "the gradient of ResizeNearestNeighbor on 'cpu' misses some pixels" };

const dilated = { why: "TensorFlow.js has no gradient of dilated convolutions", error: /dilation rates greater than 1/ };

const NOT_ON_CPU: Record<string, Entry["notOnCpu"]> = {
  "averagePooling1d, same": padded,
  "averagePooling2d, same": padded,
  "averagePooling3d, same": padded,
  "conv1d, dilation 2": dilated,
  "conv2d, dilation 2": dilated,
  "randomWidth, nearest, called": nearest,
  "resizing, nearest, called": nearest,
  "upSampling2d, channels first": nearest,
  "upSampling2d, nearest": nearest,
  "upSampling2d, bilinear, not a square": {
    why: "the gradient of ResizeBilinear on 'cpu' has height and width the wrong way round",
    error: /has shape '4,6,7,3', which does not match the shape of the input '4,7,6,3'/,
  },
};

/** Every layer of tf.layers, with variants that need different kernels. */
export const EVERY_LAYER: Entry[] = Object.entries(MODELS).flatMap(([layer, models]) =>
  Object.entries(models).map(([variant, model]) => {
    const key = `${layer}, ${variant}`;
    return { layer, variant, model, untrainable: UNTRAINABLE[key], notOnCpu: NOT_ON_CPU[key] };
  }),
);

/** Numbers in [0, 1), the same in every run. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const BATCH = 4;

export interface Trained {
  loss: number;
  /** The change of every weight by training. For trainable weights it is minus the gradient. */
  changes: { name: string; trainable: boolean; values: Float32Array }[];
}

/** Trains a step of gradient descent on the current backend. Data, initial weights and noise are the same on every backend. */
export async function trainOneStep({ model: makeModel }: Entry): Promise<Trained> {
  const { random } = Math;
  // Initializers and noise without a seed use this.
  Math.random = sequence(1);
  tf.engine().startScope();
  try {
    const model = makeModel();
    const values = sequence(2);
    const [inputShape, outputShape] = [model.inputs, model.outputs].map((symbols) => [
      BATCH,
      ...((symbols[0] as tfl.SymbolicTensor).shape.slice(1) as number[]),
    ]) as [number[], number[]];
    const integers = model.inputs[0]?.dtype === "int32";
    // Some zeros, for masking.
    const draw = (): number => {
      if (integers) return Math.floor(values() * VOCABULARY);
      return values() < 0.2 ? 0 : values() * 2 - 1;
    };
    const size = tf.util.sizeFromShape;
    const x = tf.tensor(Array.from({ length: size(inputShape) }, draw), inputShape, integers ? "int32" : "float32");
    const y = tf.tensor(
      Array.from({ length: size(outputShape) }, () => values() * 2 - 1),
      outputShape,
    );
    // Weights that start at zero would hide gradients.
    for (const weight of model.trainableWeights) {
      const noise = Array.from({ length: size(weight.shape as number[]) }, () => values() * 0.4 - 0.2);
      weight.write(tf.add(weight.read(), tf.tensor(noise, weight.shape as number[])));
    }
    const read = () => model.weights.map((weight) => weight.read().dataSync() as Float32Array);
    const before = read().map((data) => data.slice());
    model.compile({ optimizer: tf.train.sgd(1), loss: "meanSquaredError" });
    const loss = (await model.trainOnBatch(x, y)) as number;
    const afterwards = read();
    const changes = model.weights.map((weight, i) => ({
      name: weight.originalName,
      trainable: model.trainableWeights.includes(weight),
      values: (afterwards[i] as Float32Array).map((v, j) => v - (before[i]?.[j] as number)),
    }));
    return { loss, changes };
  } finally {
    tf.engine().endScope();
    Math.random = random;
  }
}

const largest = (values: Float32Array): number => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** The largest difference of loss and changes of weights from those of a correct step, relative to the largest value of each. */
export function disagreement(step: Trained, right: Trained): number {
  const ofWeights = right.changes.map(({ values }, i) => {
    const difference = values.map((v, j) => v - (step.changes[i]?.values[j] ?? Number.NaN));
    return largest(difference) / (largest(values) + 1e-3);
  });
  return Math.max(Math.abs(step.loss - right.loss) / right.loss, ...ofWeights);
}

/** Whether a weight got a gradient. NaN counts as a change; other checks find it. */
export function hasChanged({ values }: Trained["changes"][number]): boolean {
  return !(largest(values) < 1e-6);
}
