import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { CLASSES, PIXELS } from "./data.js";
import type { Options } from "./options.js";
import { layerSeed } from "./random.js";

/** A way to normalize, to compare with the others. */
export interface Contender {
  name: string;
  /** A new normalization layer, where there is one. */
  normalization?: () => tfl.layers.Layer;
}

export function contenders({ components }: Options): Contender[] {
  return [
    { name: "none" },
    { name: "batch norm", normalization: () => tfl.layers.batchNormalization() },
    { name: "UAN", normalization: () => unsupervisedAdaptiveNormalization({ numComponents: components }) },
  ];
}

/** The layers that stand where a network normalizes: none, or the normalization and what observes it. */
export type Normalize = () => tfl.layers.Layer[];

function mlp(normalize: Normalize, seed: number): tfl.Sequential {
  const weights = (layer: number) => tfl.initializers.glorotUniform({ seed: layerSeed(seed, layer) });
  const hidden = (units: number, layer: number) => [
    tfl.layers.dense({ units, kernelInitializer: weights(layer), ...(layer === 0 && { inputShape: [PIXELS] }) }),
    ...normalize(),
    tfl.layers.reLU(),
  ];
  const output = tfl.layers.dense({ units: CLASSES, kernelInitializer: weights(2), activation: "softmax" });
  return tfl.sequential({ layers: [...hidden(128, 0), ...hidden(64, 1), output] });
}

const BUILDERS: Record<Options["model"], (normalize: Normalize, seed: number) => tfl.Sequential> = { mlp };

/** A network whose initial weights, but for the normalization's, depend on the seed alone. */
export function buildModel(model: Options["model"], normalize: Normalize, seed: number): tfl.Sequential {
  return BUILDERS[model](normalize, seed);
}
