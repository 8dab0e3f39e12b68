import { type MethodName, methodOf } from "../methods.js";
import { spread } from "../metrics.js";
import { type Format, isDiverged, listed, spreadText } from "./format.js";
import type { Measure } from "./measures.js";
import { isIncomplete, type Runs, seedsOf, withConfig } from "./runs.js";

/** What a comparison comes to, in the order in which verdicts say it. */
const WORDS = ["better", "not to be told apart", "worse", "diverged", "the other diverged", "a single seed cannot tell"] as const;
export type Word = (typeof WORDS)[number];

const WON: readonly Word[] = ["better", "the other diverged"];
const LOST: readonly Word[] = ["worse", "diverged"];

export interface Comparison {
  /** Of the means. */
  difference: number;
  /** Of the difference; undefined where a group has a single value. */
  error: number | undefined;
  word: Word;
}

/** A difference counts that is more than so many standard errors. */
const ERRORS = 3;

/**
 * In one of how many comparisons chance makes such a difference, by the number of seeds n on either side: what lies beyond the errors
 * of t's distribution with n − 1 and with 2(n − 1) degrees of freedom, between which Welch's are.
 */
const CHANCES: Record<number, string> = { 3: "10 to 25", 5: "25 to 60", 10: "65 to 130" };

/** @param comparisons how many are made of the runs */
export function howCompared(runs: Runs, comparisons: number): string {
  const seeds = seedsOf(runs).length;
  const text =
    `Better and worse: the means differ by more than ${ERRORS} standard errors of their difference. Seeds change initial weights and ` +
    "the order of images, not which images are used.";
  const chance = isIncomplete(runs) ? undefined : CHANCES[seeds];
  if (chance === undefined) return text;
  const often = `chance alone makes such a difference in one of ${chance} comparisons`;
  return `${text} With ${seeds} seeds on either side, ${often}; ${comparisons} are made here.`;
}

/** What values, one for each seed, are beside others. */
export function compare(values: readonly number[], others: readonly number[], wanted: "more" | "less"): Comparison {
  const diverged = isDiverged(values) ? "diverged" : isDiverged(others) ? "the other diverged" : undefined;
  if (diverged) return { difference: Number.NaN, error: undefined, word: diverged };
  const [one, other] = [spread(values), spread(others)];
  const difference = one.mean - other.mean;
  if (one.deviation === undefined || other.deviation === undefined) {
    return { difference, error: undefined, word: "a single seed cannot tell" };
  }
  const error = Math.sqrt(one.deviation ** 2 / values.length + other.deviation ** 2 / others.length);
  if (Math.abs(difference) <= ERRORS * error) return { difference, error, word: "not to be told apart" };
  return { difference, error, word: difference > 0 === (wanted === "more") ? "better" : "worse" };
}

/** Values of what is compared, one for each seed. */
export interface Group {
  name: string;
  values: number[];
}

/** Of a method. */
export const groupOf = (runs: Runs, method: MethodName, measure: Measure): Group => ({
  name: methodOf(method).label,
  values: withConfig(runs, { method }).map(measure),
});

/** How the values of groups are compared, and written. */
export interface Scale {
  wanted: "more" | "less";
  format: Format;
  /** How many there are where no run is missing. */
  seeds: number;
}

/** What some comparisons come to. */
export interface Finding {
  /** A sentence. */
  text: string;
  comparisons: number;
  /** Who is better, and who is worse or diverged; or in which settings. */
  won: string[];
  lost: string[];
}

/** What was compared, and what that came to. */
type Compared<T> = [item: T, word: Word][];

/** @param text and names of items that came to the same */
function findingOf<T>(compared: Compared<T>, text: (items: T[]) => string, names: (items: T[]) => string[]): Finding {
  const such = (words: readonly Word[]) =>
    words.flatMap((word) => {
      const items = compared.filter(([, found]) => found === word).map(([item]) => item);
      return items.length > 0 ? [{ word, items }] : [];
    });
  const namesOf = (words: readonly Word[]) => such(words).flatMap(({ items }) => names(items));
  return {
    text: such(WORDS)
      .map(({ word, items }) => `${word}: ${text(items)}`)
      .join("; "),
    comparisons: compared.length,
    won: namesOf(WON),
    lost: namesOf(LOST),
  };
}

/** What groups are beside a reference; nothing where there is nothing to compare. */
export function compareGroups(reference: Group, subjects: Group[], { wanted, format, seeds }: Scale): Finding | undefined {
  const present = subjects.filter(({ values }) => values.length > 0);
  if (reference.values.length === 0 || present.length === 0) return undefined;
  const text = ({ name, values }: Group) => `${name} (${spreadText(values, format, seeds, format.unit)})`;
  const found = findingOf(
    present.map((group) => [group, compare(group.values, reference.values, wanted).word]),
    (groups) => groups.map(text).join(", "),
    (groups) => groups.map(({ name }) => name),
  );
  return { ...found, text: `beside ${text(reference)}, ${found.text}` };
}

/** At which of some values of a setting two groups differ; nothing where neither has any. */
export function compareBySetting(
  name: string,
  settings: number[],
  groups: (setting: number) => [number[], number[]],
): Finding | undefined {
  const compared = settings.flatMap((setting): Compared<number> => {
    const [values, others] = groups(setting);
    return values.length > 0 && others.length > 0 ? [[setting, compare(values, others, "more").word]] : [];
  });
  if (compared.length === 0) return undefined;
  const text = (settings: number[]) => `${name} ${listed(settings)}`;
  return findingOf(compared, text, (settings) => [text(settings)]);
}

const SAID = new RegExp(`(${WORDS.join("|")})(?=: )`, "g");

/** A sentence with its words between marks. */
export const emphasized = (found: string, open: string, close: string): string => found.replaceAll(SAID, `${open}$1${close}`);
