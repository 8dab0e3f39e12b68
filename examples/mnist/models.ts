import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { CLASSES, PIXELS, SIDE } from "../../learning/data/digits.js";
import { networkParts, type Parts, perceptron, shallowCnn } from "../../learning/networks.js";

/** Momentum of the moving averages. With TensorFlow.js's default of 0.99, this few steps would not be enough to forget the start. */
const BATCH_NORM_MOMENTUM = 0.9;

/** A normalization to compare with the others. */
export interface Contender {
  name: string;
  /** Makes a normalization layer. Without it the network has none. */
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

/** Makes the layers that differ between contenders: the normalization, if any, and the layers that time it. */
export type Normalize = () => tfl.layers.Layer[];

/** Options with which a network trains in minutes on two cores. */
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

function convolutional(parts: Parts, normalize: Normalize): tfl.layers.Layer[] {
  const batch = () => [batchNorm()];
  return [tfl.layers.reshape({ targetShape: [SIDE, SIDE, 1] }), ...shallowCnn(parts, [batch, normalize, batch, batch])];
}

/** The networks to choose from. */
export const MODELS = {
  cnn: {
    description: "5x5 convolutions of 64, 128, 128, 256 channels; the normalization follows the second, batch norm the others",
    defaults: { digits: 6400, epochs: 4, batchSize: 32, width: 0.25 },
    hidden: convolutional,
  },
  mlp: {
    description: "perceptron with hidden layers of 128, 64 units; the normalization follows both",
    defaults: { digits: 20000, epochs: 10, batchSize: 128, width: 1 },
    hidden: perceptron,
  },
} satisfies Record<string, Model>;

export type ModelName = keyof typeof MODELS;

/** A network whose initial weights, except those of the normalization, depend on the seed alone. */
export function buildModel(name: ModelName, width: number, normalize: Normalize, seed: number): tfl.Sequential {
  const parts = networkParts(width, seed);
  const hidden = MODELS[name].hidden(parts, normalize);
  const output = tfl.layers.dense({ units: CLASSES, kernelInitializer: parts.weights(), activation: "softmax" });
  return tfl.sequential({ layers: [tfl.layers.inputLayer({ inputShape: [PIXELS] }), ...hidden, output] });
}
