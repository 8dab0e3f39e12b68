import type { Mixture } from "./mixture.js";
import { KIND_NAMES, KINDS, type OfEach, type Recognized } from "./protocol.js";

// What pictures show, in words: for people who do not see them, and for the rows of tables.

export const percent = (part: number): string => `${(100 * part).toFixed(0)} %`;

export const decimal = (value: number, digits = 3): string => (Number.isFinite(value) ? value.toFixed(digits) : "not a number");

/** @param last the last value of each network, undefined before the first */
export function curvesSummary(what: string, last: OfEach<number | undefined>, text: (value: number) => string): string {
  const parts = KINDS.map((kind) => {
    const value = last[kind];
    return `${KIND_NAMES[kind]} ${value === undefined ? "not measured yet" : text(value)}`;
  });
  return `${what} by step, now: ${parts.join("; ")}`;
}

export function mixtureRows({ mean, variance, prior }: Mixture): string[][] {
  return mean.map((m, k) => [String(k + 1), percent(prior[k] as number), decimal(m), decimal(Math.sqrt(variance[k] as number))]);
}

export function densitySummary(channel: number, mixture: Mixture): string {
  const parts = mixtureRows(mixture).map(
    ([k, prior, mean, deviation]) => `component ${k}: ${prior} around ${mean} ± ${deviation}`,
  );
  return `Density of the activations of channel ${channel + 1}, with its mixture: ${parts.join("; ")}`;
}

/** The likeliest digit of each network, with its probability. */
export function predictions(probabilities: OfEach<number[]>): { name: string; digit: number; sure: number }[] {
  return KINDS.map((kind) => {
    const sure = Math.max(...probabilities[kind]);
    return { name: KIND_NAMES[kind], digit: probabilities[kind].indexOf(sure), sure };
  });
}

/** The part of the activations that each component took. */
export function shares(owner: number[], components: number): number[] {
  return Array.from({ length: components }, (_, k) => owner.filter((taken) => taken === k).length / Math.max(1, owner.length));
}

/** One of a channel's activations. */
export function activationText(
  { activations, responsibilities, width }: Pick<Recognized, "activations" | "responsibilities" | "width">,
  index: number,
): string {
  const components = responsibilities.length / activations.length;
  const of = Array.from(responsibilities.subarray(index * components, (index + 1) * components));
  const order = of.map((_, k) => k).sort((a, b) => (of[b] as number) - (of[a] as number));
  const parts = order.map((k) => `component ${k + 1} ${percent(of[k] as number)}`);
  const place = `row ${Math.floor(index / width) + 1}, column ${(index % width) + 1}`;
  return `${place}: activation ${decimal(activations[index] as number)}, ${parts.join(", ")}`;
}
