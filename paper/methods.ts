import type * as tfl from "@tensorflow/tfjs-layers";
import {
  batchNormalization,
  groupNormalization,
  layerNormalization,
  mixtureNormalization,
  type UnsupervisedAdaptiveNormalizationArgs,
  unsupervisedAdaptiveNormalization,
} from "tfjs-uan/layers";
import { CHANNEL_STEP } from "../learning/networks.js";

/** What a method may need to make its layer. */
export interface LayerChoice {
  channels: number;
  /** K, for methods with a mixture. */
  components: number;
  /** Of moving averages. */
  momentum: number;
  seed: number;
}

export interface Method {
  /** The name in tables and charts. */
  label: string;
  description: string;
  /** Makes the layer. Without it activations are not normalized. */
  layer?(choice: LayerChoice): tfl.layers.Layer;
}

/** All options are given, so that no result depends on the library's defaults. */
function uan(label: string, description: string, options: UnsupervisedAdaptiveNormalizationArgs): Method {
  const plain = { initializer: "data", update: "gradient", standardize: false, center: false, scale: false } as const;
  const layer = ({ components, momentum, seed }: LayerChoice) =>
    unsupervisedAdaptiveNormalization({ ...plain, numComponents: components, momentum, seed, ...options });
  return { label, description, layer };
}

/** The same as tf.layers.batchNormalization, but faster. */
export const batchNorm = ({ momentum }: Pick<LayerChoice, "momentum">) => batchNormalization({ momentum });

/** The methods that are compared, by their name in configurations and results. */
export const METHODS = {
  none: { label: "none", description: "no normalization" },
  bn: { label: "BN", description: "batch normalization", layer: batchNorm },
  ln: { label: "LN", description: "layer normalization, over the channels of each position", layer: () => layerNormalization() },
  gn: {
    label: "GN",
    description: `group normalization, groups of ${CHANNEL_STEP} channels`,
    layer: ({ channels }) => groupNormalization({ groups: channels / CHANNEL_STEP }),
  },
  mn: {
    label: "MN",
    description: "mixture normalization, 2 steps of EM",
    layer: ({ components, momentum, seed }) => mixtureNormalization({ numComponents: components, emSteps: 2, momentum, seed }),
  },
  "uan-random": uan("UAN, random start", "the paper's start", { initializer: "random" }),
  "uan-data": uan("UAN, data start", "starts from the first activations", {}),
  "uan-standardize": uan("UAN, standardize", "data start, takes the batch's moments out first", { standardize: true }),
  "uan-affine": uan("UAN, γ and β", "data start, with center and scale", { center: true, scale: true }),
  "uan-standardize-affine": uan("UAN, standardize, γ and β", "standardize, with center and scale", {
    standardize: true,
    center: true,
    scale: true,
  }),
  "uan-momentum": uan("UAN, momentum", "data start, parameters moved by stepwise EM alone", { update: "momentum" }),
  "uan-both": uan("UAN, both", "data start, parameters moved by gradient and stepwise EM", { update: "both" }),
} satisfies Record<string, Method>;

export type MethodName = keyof typeof METHODS;

export const methodOf = (name: MethodName): Method => METHODS[name];
