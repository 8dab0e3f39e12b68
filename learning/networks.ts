import * as tfl from "@tensorflow/tfjs-layers";
import { layerSeed } from "./random.js";

// The two networks that the paper trains, up to their output layer. The caller chooses the normalizations.

/** The number of a layer's channels is a multiple of this. */
export const CHANNEL_STEP = 4;

/** Channels of the convolutions of the paper's shallow CNN. */
export const CNN_CHANNELS = [64, 128, 128, 256];

/** Units of the perceptron's hidden layers. */
export const PERCEPTRON_UNITS = [128, 64];

/** Makes the layers that follow a convolution or a dense layer with so many channels. */
export type NormalizeChannels = (channels: number) => tfl.layers.Layer[];

/** What a network's layers are made with. */
export interface Parts {
  /** The initializer for the next layer's weights. */
  weights(): ReturnType<typeof tfl.initializers.glorotUniform>;
  /** A number of channels, multiplied by the network's width. */
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

/** The paper's shallow CNN, from an image to its features. @param normalizations one for each of the four convolutions */
export function shallowCnn({ weights, scaled }: Parts, normalizations: NormalizeChannels[]): tfl.layers.Layer[] {
  const stage = (normalize: NormalizeChannels, filters: number) => [
    tfl.layers.conv2d({ filters, kernelSize: 5, padding: "same", kernelInitializer: weights() }),
    ...normalize(filters),
    tfl.layers.reLU(),
    tfl.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
  ];
  return [...normalizations.flatMap((normalize, i) => stage(normalize, scaled(CNN_CHANNELS[i] as number))), tfl.layers.flatten()];
}

/** The perceptron's hidden layers, from a row of pixels. */
export function perceptron({ weights, scaled }: Parts, normalize: NormalizeChannels): tfl.layers.Layer[] {
  const layer = (units: number) => [
    tfl.layers.dense({ units, kernelInitializer: weights() }),
    ...normalize(units),
    tfl.layers.reLU(),
  ];
  return PERCEPTRON_UNITS.flatMap((units) => layer(scaled(units)));
}
