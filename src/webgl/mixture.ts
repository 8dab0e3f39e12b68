import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { MAX_SQUARABLE, MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../constants.js";
import { quotient, remainder } from "../tensorflow/webgl.js";
import { type Entries, entriesIn, glsl } from "./blocks.js";

// A mixture in a fragment shader (docs/math.md, sections 2.1 to 2.3 and 2.6): the constants of a channel, and the responsibilities of
// activations. Components are written out, so that all of it is in registers.

/** More components are left to the composed form: their programs would be long. */
const MAX_COMPONENTS = 32;

/** Whether programs take a call: the composed form takes empty tensors, and those whose programs would be long. */
export const takesMixture = ({ size, components }: MixtureView): boolean => size > 0 && components <= MAX_COMPONENTS;

/** κ of section 2.3 */
export const KAPPA = Math.sqrt(0.5 * Math.LOG2E);

/** Where densities are compared, activations are this many deviations away from a component at most. */
const MAX_DEVIATIONS = 1000;

export interface MixtureVariant {
  components: number;
  channels: number;
  isUcb: boolean;
  /** Whether epsilon is a component of "ucb". */
  hasEpsilon: boolean;
}

export function variantOf({ components, channels }: MixtureView, { formula, epsilon }: NormAttrs): MixtureVariant {
  const isUcb = formula === "ucb";
  return { components, channels, isUcb, hasEpsilon: isUcb && epsilon >= MIN_EPSILON };
}

export const mixtureUniforms = ({ epsilon }: NormAttrs) => ({
  epsilon,
  logEpsilon: Math.log2(Math.max(epsilon, MIN_EPSILON)),
  root: Math.sqrt(1 + epsilon),
});

/** Code for each component. */
export const forEach = ({ components }: Pick<MixtureView, "components">, code: (k: number) => string): string =>
  Array.from({ length: components }, (_, k) => code(k)).join("\n");

/** An expression for each component, all of them added up. */
export const sumOf = ({ components }: Pick<MixtureView, "components">, term: (k: number) => string): string =>
  Array.from({ length: components }, (_, k) => term(k)).join(" + ");

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
