import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { CLASSES, PIXELS, SIDE } from "../../learning/data/digits.js";
import { layerSeed } from "./random.js";

/** The number of a layer's channels is rounded to a multiple of this, and is never less. */
export const CHANNEL_STEP = 4;

/** Of the convolutions of the paper's shallow CNN. */
export const CNN_CHANNELS = [64, 128, 128, 256];

/** Of the moving moments: TensorFlow.js's default of 0.99 has forgotten its start only after more steps than the networks take here. */
const BATCH_NORM_MOMENTUM = 0.9;

/** Of the perceptron's hidden layers. */
export const PERCEPTRON_UNITS = [128, 64];

/** A way to normalize, to compare with the others. */
export interface Contender {
  name: string;
  /** A new normalization layer, where there is one. */
  normalization?: () => tfl.layers.Layer;
}

const batchNorm = () => tfl.layers.batchNormalization({ momentum: BATCH_NORM_MOMENTUM });

export function contenders(components: number): Contender[] {
  return [
    { name: "none" },
    { name: "batch norm", normalization: batchNorm },
    { name: "UAN", normalization: () => unsupervisedAdaptiveNormalization({ numComponents: components }) },
  ];
}

/** The layers that stand where contenders differ: none, or the normalization and what observes it. */
export type Normalize = () => tfl.layers.Layer[];
type NormalizeChannels = (channels: number) => tfl.layers.Layer[];

/** What a network is made with. */
export interface Parts {
  /** Initial weights for the next layer. */
  weights(): ReturnType<typeof tfl.initializers.glorotUniform>;
  /** A number of channels times the network's width. */
  scaled(channels: number): number;
}

/** Parts whose initial weights depend on the seed alone. */
export function networkParts(width: number, seed: number): Parts {
  let layer = 0;
  return {
    weights: () => tfl.initializers.glorotUniform({ seed: layerSeed(seed, layer++) }),
    scaled: (channels) => CHANNEL_STEP * Math.max(1, Math.round((channels * width) / CHANNEL_STEP)),
  };
}

/** What trains in minutes on two cores. */
interface Defaults {
  digits: number;
  epochs: number;
  batchSize: number;
  width: number;
}

interface Model {
  description: string;
  defaults: Defaults;
  /** All layers between the input, a row of pixels for each digit, and the output. */
  hidden(parts: Parts, normalize: Normalize): tfl.layers.Layer[];
}

/** The paper's shallow CNN, from an image to its features: a convolution for each of the normalizations, four of them. */
export function shallowCnn({ weights, scaled }: Parts, normalizations: NormalizeChannels[]): tfl.layers.Layer[] {
  const stage = (normalize: NormalizeChannels, filters: number) => [
    tfl.layers.conv2d({ filters, kernelSize: 5, padding: "same", kernelInitializer: weights() }),
    ...normalize(filters),
    tfl.layers.reLU(),
    tfl.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
  ];
  return [...normalizations.flatMap((normalize, i) => stage(normalize, scaled(CNN_CHANNELS[i] as number))), tfl.layers.flatten()];
}

function convolutional(parts: Parts, normalize: Normalize): tfl.layers.Layer[] {
  const batch = () => [batchNorm()];
  return [tfl.layers.reshape({ targetShape: [SIDE, SIDE, 1] }), ...shallowCnn(parts, [batch, normalize, batch, batch])];
}

/** A perceptron's hidden layers, from a row of pixels. */
export function perceptron({ weights, scaled }: Parts, normalize: NormalizeChannels): tfl.layers.Layer[] {
  const layer = (units: number) => [
    tfl.layers.dense({ units, kernelInitializer: weights() }),
    ...normalize(units),
    tfl.layers.reLU(),
  ];
  return PERCEPTRON_UNITS.flatMap((units) => layer(scaled(units)));
}

/** The networks to choose from. */
export const MODELS = {
  cnn: {
    description: "5x5 convolutions of 64, 128, 128, 256 channels; what is compared follows the second, batch norm the others",
    defaults: { digits: 6400, epochs: 4, batchSize: 32, width: 0.25 },
    hidden: convolutional,
  },
  mlp: {
    description: "perceptron with hidden layers of 128, 64 units; what is compared follows both",
    defaults: { digits: 20000, epochs: 10, batchSize: 128, width: 1 },
    hidden: perceptron,
  },
} satisfies Record<string, Model>;

export type ModelName = keyof typeof MODELS;

/** A network whose initial weights, but for those that `normalize` brings, depend on the seed alone. */
export function buildModel(name: ModelName, width: number, normalize: Normalize, seed: number): tfl.Sequential {
  const parts = networkParts(width, seed);
  const hidden = MODELS[name].hidden(parts, normalize);
  const output = tfl.layers.dense({ units: CLASSES, kernelInitializer: parts.weights(), activation: "softmax" });
  return tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [PIXELS] }), ...hidden, output] });
}
