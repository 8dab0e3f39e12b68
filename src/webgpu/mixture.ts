import type { MixtureView, NormAttrs } from "../arguments.js";
import { MAX_SQUARABLE, MIN_EPSILON } from "../constants.js";

// A mixture in a shader (docs/math.md, sections 2.1 to 2.3 and 2.6): the constants of a channel, and the responsibilities of an
// activation. Components are written out, so that all of it is in registers.

/** More components are left to the composed form: their programs would be long. */
export const MAX_COMPONENTS = 32;

/** Whether programs take a call: the composed form takes empty tensors, and many components. */
export const takesMixture = ({ size, components }: MixtureView): boolean => size > 0 && components <= MAX_COMPONENTS;

/** κ of section 2.3 */
export const KAPPA = Math.sqrt(0.5 * Math.LOG2E);

/** Where densities are compared, activations are this many deviations away from a component at most. */
const MAX_DEVIATIONS = 1000;

export interface MixtureVariant {
  components: number;
  isUcb: boolean;
  /** Whether epsilon is a component of "ucb". */
  hasEpsilon: boolean;
}

export function variantOf({ components }: MixtureView, { formula, epsilon }: NormAttrs): MixtureVariant {
  const isUcb = formula === "ucb";
  return { components, isUcb, hasEpsilon: isUcb && epsilon >= MIN_EPSILON };
}

export const keyOf = ({ components, isUcb, hasEpsilon }: MixtureVariant) =>
  `${components}${isUcb ? " ucb" : ""}${hasEpsilon ? " epsilon" : ""}`;

export const MIXTURE_INPUTS = ["mean", "variance", "prior"] as const;
export const MIXTURE_UNIFORMS = { epsilon: "f32", logEpsilon: "f32", root: "f32" } as const;

export const mixtureValues = ({ epsilon }: NormAttrs) => ({
  epsilon,
  logEpsilon: Math.log2(Math.max(epsilon, MIN_EPSILON)),
  root: Math.sqrt(1 + epsilon),
});

/** Code for each of so many, as of components. */
export const each = (count: number, code: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => code(k)).join("\n");

export const forEach = ({ components }: MixtureVariant, code: (k: number) => string): string => each(components, code);

/** An expression for each component, all of them added up. */
export const sumOf = ({ components }: MixtureVariant, term: (k: number) => string): string =>
  Array.from({ length: components }, (_, k) => term(k)).join(" + ");

/** Functions that mixtures need. */
export const MIXTURE_FUNCTIONS = /* wgsl */ `
fn varianceOf(variance : f32) -> f32 {
  return atLeast(variance + uniforms.epsilon, 0x1p-40f);
}
fn priorOf(prior : f32) -> f32 {
  return atLeast(prior, 0x1p-126f);
}
`;

/** Constants of the components of `channel`. Each has a mean, a scale κ/√v, a height log₂ λ − ½ log₂ v, and a weight 1/√(λ v). */
export function mixtureConstants(variant: MixtureVariant): string {
  const { components, isUcb } = variant;
  return /* wgsl */ `
  var means : array<f32, ${components}>;
  var scales : array<f32, ${components}>;
  var heights : array<f32, ${components}>;
  var weights : array<f32, ${components}>;
  var lowest = 0.0;
  var highest = 0.0;
  if (isActive) {
${forEach(
  variant,
  (k) => `    {
      let at = ${k}u * uniforms.channels + channel;
      let v = varianceOf(variance[at]);
      let deviation = sqrt(v);
      let lambda = priorOf(prior[${k}]);
      means[${k}] = mean[at];
      scales[${k}] = ${KAPPA} / deviation;
      heights[${k}] = ${isUcb ? "0.0" : "log2(lambda) - 0.5 * log2(v)"};
      weights[${k}] = 1.0 / (deviation * ${isUcb ? "uniforms.root" : "sqrt(lambda)"});
      let low = means[${k}] - ${MAX_DEVIATIONS} * deviation;
      let high = means[${k}] + ${MAX_DEVIATIONS} * deviation;
      lowest = ${k === 0 ? "low" : "min(lowest, low)"};
      highest = ${k === 0 ? "high" : "max(highest, high)"};
    }`,
)}
  }`;
}

/**
 * Responsibilities of the activation `given`: `tau[k]` is `exps[k] * share`. `value` is the activation, 0 where it is not finite:
 * there it `isBad`, and what follows from it means nothing.
 */
export function responsibilities(variant: MixtureVariant): string {
  const { components, hasEpsilon } = variant;
  return /* wgsl */ `
        let isBad = isNotFinite(given);
        let value = select(given, 0.0, isBad);
        let near = clamp(value, lowest, highest);
        var zs : array<f32, ${components}>;
        var exps : array<f32, ${components}>;
        var most = ${hasEpsilon ? "uniforms.logEpsilon" : "-3.0e38"};
${forEach(
  variant,
  (k) => `        zs[${k}] = clamp((near - means[${k}]) * scales[${k}], -${MAX_SQUARABLE}, ${MAX_SQUARABLE});
        exps[${k}] = heights[${k}] - zs[${k}] * zs[${k}];
        most = max(most, exps[${k}]);`,
)}
${forEach(variant, (k) => `        exps[${k}] = exp2(exps[${k}] - most);`)}
        let share = 1.0 / (${sumOf(variant, (k) => `exps[${k}]`)}${hasEpsilon ? " + exp2(uniforms.logEpsilon - most)" : ""});`;
}
