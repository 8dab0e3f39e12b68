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
import { batchRenormalization } from "./renormalization.js";

/** K, unless it is what an experiment compares: the library's default. */
export const COMPONENTS = 3;

/** What a method may need to make its layer. */
export interface LayerChoice {
  channels: number;
  /** K, for methods with a mixture. */
  components: number;
  /** Of moving averages, for methods without a prior mass. */
  momentum: number;
  /** Of methods with a prior mass. */
  priorMass: number;
  /** The images that moving averages cover, for methods with a prior mass. */
  memory: number;
  /** How many steps the run has. */
  steps: number;
  seed: number;
}

export interface Method {
  /** The name in tables and charts. */
  label: string;
  description: string;
  /** K, for a method that has its own. Default: COMPONENTS. */
  components?: number;
  /** Makes the layer. Without it activations are not normalized. */
  layer?(choice: LayerChoice): tfl.layers.Layer;
}

/** All options are given, so that no result depends on the library's defaults. */
function uan(
  label: string,
  description: string,
  options: UnsupervisedAdaptiveNormalizationArgs,
  more: Pick<Method, "components"> = {},
): Method {
  const plain = { initializer: "data", update: "gradient", center: false, scale: false } as const;
  const scale = { outputScale: "none", componentWeights: "equal" } as const;
  const layer = ({ components, momentum, priorMass, memory, seed }: LayerChoice) => {
    const shrinks = options.standardize || options.moments === "batch";
    const moving = shrinks ? { priorMass, memory } : { momentum };
    return unsupervisedAdaptiveNormalization({
      standardize: false,
      moments: "learned",
      ...plain,
      ...scale,
      ...moving,
      numComponents: components,
      seed,
      ...options,
    });
  };
  return { label, description, ...more, layer };
}

/** The same as tf.layers.batchNormalization, but faster. */
export const batchNorm = ({ momentum }: Pick<LayerChoice, "momentum">) => batchNormalization({ momentum });

// What stands behind a standardized activation can scale and shift it in every method: γ and β, or the means and variances of a
// mixture that follows. With K = 1 these are a shift and a scale of each channel, no more and no less than BN's γ and β. With the
// moments of the batch the means and variances only give responsibilities, so γ and β are there.

const STANDARDIZE = { standardize: true } as const;
const MOMENTS = { moments: "batch", center: true, scale: true } as const;

/** The methods that are compared, by their name in configurations and results. */
export const METHODS = {
  none: { label: "none", description: "no normalization" },
  bn: { label: "BN", description: "batch normalization", layer: batchNorm },
  "bn-prior": {
    label: "BN, prior mass",
    description: "BN whose batch's moments are shrunk toward the moving ones",
    layer: ({ priorMass, memory }) => batchNormalization({ priorMass, memory }),
  },
  brn: {
    label: "BRN",
    description: "batch renormalization, its limits widened over the run as its paper does",
    layer: ({ momentum, steps }) => batchRenormalization({ momentum, steps }),
  },
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
  "uan-random": uan("UAN, random start", "the paper's formula and start", { initializer: "random" }),
  "uan-data": uan("UAN, learned moments", "the paper's formula, started from the first activations", {}),
  "uan-standardize-1": uan(
    "UAN, standardize, K = 1",
    "takes the batch's moments out first, shrunk by the prior mass",
    STANDARDIZE,
    {
      components: 1,
    },
  ),
  "uan-standardize": uan("UAN, standardize", "takes the batch's moments out first, shrunk by the prior mass", STANDARDIZE),
  "uan-standardize-scaled": uan("UAN, standardize, scaled", "standardize with outputs times 1/√K", {
    ...STANDARDIZE,
    outputScale: "components",
  }),
  "uan-moments-1": uan(
    "UAN, batch moments, K = 1",
    "normalizes by the components' moments in the batch, shrunk by the prior mass",
    MOMENTS,
    {
      components: 1,
    },
  ),
  "uan-moments": uan(
    "UAN, batch moments",
    "normalizes by the components' moments in the batch, shrunk by the prior mass",
    MOMENTS,
  ),
} satisfies Record<string, Method>;

export type MethodName = keyof typeof METHODS;

export const methodOf = (name: MethodName): Method => METHODS[name];

/** K of a method's runs. */
export const componentsOf = (name: MethodName): number => methodOf(name).components ?? COMPONENTS;
