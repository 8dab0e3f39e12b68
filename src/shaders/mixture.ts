import type { MixtureView, NormAttrs } from "../arguments.js";
import { MIN_EPSILON } from "../constants.js";

// What WGSL and GLSL share of a mixture (docs/math.md, sections 2.1 to 2.3 and 2.6). Components are written out, so that all of it is in
// registers.

/** More components are left to the composed form: their programs would be long. */
export const MAX_COMPONENTS = 32;

/** Whether programs take a call: the composed form takes empty tensors, and many components. */
export const takesMixture = ({ size, components }: MixtureView): boolean => size > 0 && components <= MAX_COMPONENTS;

/** κ of section 2.3 */
export const KAPPA = Math.sqrt(0.5 * Math.LOG2E);

/** Where densities are compared, activations are this many deviations away from a component at most. */
export const MAX_DEVIATIONS = 1000;

/** What differs in the texts of programs. */
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

/** The uniforms of a mixture. */
export const mixtureValues = ({ epsilon }: NormAttrs) => ({
  epsilon,
  logEpsilon: Math.log2(Math.max(epsilon, MIN_EPSILON)),
  root: Math.sqrt(1 + epsilon),
});

/** Code for each of so many, as of components. */
export const each = (count: number, code: (k: number) => string): string =>
  Array.from({ length: count }, (_, k) => code(k)).join("\n");

/** Code for each component. */
export const forEach = ({ components }: Pick<MixtureView, "components">, code: (k: number) => string): string =>
  each(components, code);

/** An expression for each component, all of them added up. */
export const sumOf = ({ components }: Pick<MixtureView, "components">, term: (k: number) => string): string =>
  Array.from({ length: components }, (_, k) => term(k)).join(" + ");
