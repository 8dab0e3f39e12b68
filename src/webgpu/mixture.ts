import { MAX_SQUARABLE } from "../constants.js";
import { forEach, KAPPA, MAX_DEVIATIONS, type MixtureVariant, sumOf } from "../shaders/mixture.js";

// A mixture in WGSL: the constants of a channel, and the responsibilities of an activation.

export const keyOf = ({ components, isUcb, hasEpsilon }: MixtureVariant) =>
  `${components}${isUcb ? " ucb" : ""}${hasEpsilon ? " epsilon" : ""}`;

export const MIXTURE_INPUTS = ["mean", "variance", "prior"] as const;
export const MIXTURE_UNIFORMS = { epsilon: "f32", logEpsilon: "f32", root: "f32" } as const;

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
