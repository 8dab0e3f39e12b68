import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { MAX_SQUARABLE, MIN_PRIOR, MIN_VARIANCE } from "../constants.js";
import { forEach, KAPPA, MAX_DEVIATIONS, type MixtureVariant, sumOf, variantOf } from "../shaders/mixture.js";
import { quotient, remainder } from "../tensorflow/webgl.js";
import { type Entries, entriesIn, glsl } from "./blocks.js";

// A mixture in GLSL: the constants of a channel, and the responsibilities of activations.

/** A program's shapes are in its text. */
export interface ChannelVariant extends MixtureVariant {
  channels: number;
}

export const channelVariantOf = (view: MixtureView, attrs: NormAttrs): ChannelVariant => ({
  ...variantOf(view, attrs),
  channels: view.channels,
});

/** For mixtureConstants: the order of components in an invocation that sums for one of them, `part`. That is the first. */
export const ownComponent =
  ({ components }: MixtureVariant) =>
  (k: number): string =>
    k === 0 ? "part" : `((part + ${k}) % ${components})`;

/** The channels of activations, and how GLSL has these: four of them, or one. */
export interface Channels extends Pick<Entries, "type" | "of" | "spread"> {
  activations: "float" | "vec4";
}

/** One activation, of `channel`. */
export const ONE: Channels = {
  type: "float",
  of: (name, row = 0) => `${name}In(${row}, channel)`,
  activations: "float",
  spread: (e) => e,
};

/** The channels of a block of x. */
export const channelsIn = (x: TensorInfo, { inner, channels }: MixtureView) => ({
  ...entriesIn(x.shape, "channel", [{ step: inner, count: channels }]),
  activations: "vec4" as const,
});

/** The number i of a tensor [K, C], `k` of `channel`, and its texel of `sums`. */
export const ofComponent = ({ channels, components }: Pick<MixtureView, "channels" | "components">) => /* glsl */ `
  int k = ${quotient("i", channels)};
  int channel = ${remainder("i", channels)};
  vec4 sums = sumsTexel(channel * ${components} + k);`;

/**
 * Constants of the components of channels. Each has a mean, a scale κ/√v, a height log₂ λ − ½ log₂ v, and a weight 1/√(λ v).
 *
 * @param component GLSL for the component that is number k here
 */
export function mixtureConstants(variant: MixtureVariant, { type, of }: Channels, component = (k: number) => `${k}`): string {
  const { isUcb } = variant;
  return forEach(
    variant,
    (k) => /* glsl */ `
  ${type} mean${k} = ${of("mean", component(k))};
  ${type} v${k} = atLeast(${of("variance", component(k))} + epsilon, ${glsl(MIN_VARIANCE)});
  float prior${k} = atLeast(priorAt(${component(k)}), ${glsl(MIN_PRIOR)});
  ${type} deviation${k} = sqrt(v${k});
  ${type} scale${k} = ${glsl(KAPPA)} / deviation${k};
  ${type} height${k} = ${isUcb ? `${type}(0.0)` : `log2(prior${k}) - 0.5 * log2(v${k})`};
  ${type} weight${k} = 1.0 / (deviation${k} * ${isUcb ? "root" : `sqrt(prior${k})`});
  ${type} low${k} = mean${k} - ${glsl(MAX_DEVIATIONS)} * deviation${k};
  ${type} high${k} = mean${k} + ${glsl(MAX_DEVIATIONS)} * deviation${k};
  ${k === 0 ? `${type} lowest = low0; ${type} highest = high0;` : `lowest = min(lowest, low${k}); highest = max(highest, high${k});`}`,
  );
}

/**
 * Responsibilities of the activations `given`: τ_k is `e${k}` times `share`. `value` is the activation, 0 where it is not finite: there
 * it `isBad`, and what follows from it means nothing.
 */
export function responsibilities(variant: MixtureVariant, { activations, spread }: Channels): string {
  const { hasEpsilon } = variant;
  return /* glsl */ `
  ${activations === "float" ? "bool" : "bvec4"} isBad = notFinite(given);
  ${activations} value = mix(given, ${activations}(0.0), isBad);
  ${activations} near = clamp(value, ${spread("lowest")}, ${spread("highest")});
  ${activations} most = ${activations}(${hasEpsilon ? "logEpsilon" : glsl(-3e38)});
${forEach(
  variant,
  (k) => /* glsl */ `
  ${activations} z${k} = clamp((near - ${spread(`mean${k}`)}) * ${spread(`scale${k}`)}, ${glsl(-MAX_SQUARABLE)}, ${glsl(MAX_SQUARABLE)});
  ${activations} e${k} = ${spread(`height${k}`)} - z${k} * z${k};
  most = max(most, e${k});`,
)}
${forEach(variant, (k) => `  e${k} = exp2(e${k} - most);`)}
  ${activations} share = 1.0 / (${sumOf(variant, (k) => `e${k}`)}${hasEpsilon ? " + exp2(logEpsilon - most)" : ""});`;
}
