import type { RunConfig } from "../config.js";
import { METHODS, type MethodName } from "../methods.js";
import type { Finished } from "../results.js";
import { listed } from "./format.js";

export type Runs = readonly Finished[];

export const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

export const seedsOf = (runs: Runs): number[] => unique(runs.map(({ config }) => config.seed)).sort((a, b) => a - b);

type NumericKey = "learningRate" | "batchSize" | "components" | "momentum" | "priorMass" | "memory" | "epochs";

/** The values of an entry of the configuration, in ascending order. */
export const valuesOf = (runs: Runs, key: NumericKey): number[] =>
  unique(runs.map(({ config }) => config[key])).sort((a, b) => a - b);

/** The methods that the claims are about. */
export const UAN = (Object.keys(METHODS) as MethodName[]).filter((method) => method.startsWith("uan-"));

/** Standardize with a prior mass. */
export const STANDARDIZED = UAN.filter((method) => method.startsWith("uan-standardize"));

/** In the order of METHODS. */
export function methodsOf(runs: Runs): MethodName[] {
  const names = new Set(runs.map(({ config }) => config.method));
  return (Object.keys(METHODS) as MethodName[]).filter((name) => names.has(name));
}

/** Describes the methods of the runs. */
export function methodsText(runs: Runs): string {
  const texts = methodsOf(runs).map((name) => `${METHODS[name].label}: ${METHODS[name].description}`);
  const legend =
    `${texts.join("; ")}. What stands behind the normalized activations scales and shifts in every method: BN, BRN, LN, GN, MN and ` +
    "UAN of batch moments have a trained γ and β, the others of UAN trained means and variances, which with K = 1 are no more than that.";
  const single = unique(runs.flatMap(({ config }) => (config.normalizes === "second" ? [config.experiment] : [])));
  if (single.length === 0) return legend;
  return `${legend} In ${listed(single)} they differ after the second convolution alone: BN follows the others, with none, too.`;
}

/** The runs whose configurations have these values. */
export function withConfig(runs: Runs, wanted: Partial<RunConfig>): Finished[] {
  const entries = Object.entries(wanted) as [keyof RunConfig, unknown][];
  return runs.filter(({ config }) => entries.every(([key, value]) => config[key] === value));
}

/** Whether a configuration lacks a seed that another one has. */
export function isIncomplete(runs: Runs): boolean {
  const others = unique(runs.map(({ config }) => JSON.stringify({ ...config, seed: 0 })));
  return runs.length < others.length * seedsOf(runs).length;
}

/** A part of an experiment's runs, within which methods are compared. */
export interface Part {
  /** Such as "MNIST, learning rate 0.001". */
  name: string;
  runs: Finished[];
}
