import { type MethodName, methodOf } from "../methods.js";
import { spread } from "../metrics.js";
import { type Format, isDiverged, spreadText } from "./format.js";
import type { Measure } from "./measures.js";
import { isIncomplete, type Runs, seedsOf, withConfig } from "./runs.js";

/** The outcomes of a comparison, in the order in which verdicts name them. */
const WORDS = ["better", "not to be told apart", "worse", "diverged", "the other diverged", "a single seed cannot tell"] as const;
export type Word = (typeof WORDS)[number];

const WON: readonly Word[] = ["better", "the other diverged"];
const LOST: readonly Word[] = ["worse", "diverged"];
export const isWon = (word: Word): boolean => WON.includes(word);
export const isLost = (word: Word): boolean => LOST.includes(word);

export interface Comparison {
  /** Difference of the means. */
  difference: number;
  /** Standard error of the difference; undefined if a group has a single value. */
  error: number | undefined;
  word: Word;
}

/** Only a difference of more than so many standard errors counts. */
const ERRORS = 3;

/**
 * Chance alone makes such a difference in one of so many comparisons, by the number of seeds n on either side. The two numbers are of
 * Student's t distribution with n − 1 and with 2(n − 1) degrees of freedom; those of Welch's test are between them.
 */
const CHANCES: Record<number, string> = {
  3: "10 to 25",
  4: "15 to 40",
  5: "25 to 60",
  6: "30 to 75",
  8: "50 to 105",
  10: "65 to 130",
  12: "80 to 150",
};

/** @param comparisons how many comparisons of the runs are made */
export function howCompared(runs: Runs, comparisons: number): string {
  const seeds = seedsOf(runs).length;
  const text =
    `Better and worse: the means differ by more than ${ERRORS} standard errors of their difference. Seeds change initial weights and ` +
    "the order of images, not which images are used.";
  const chance = isIncomplete(runs) ? undefined : CHANCES[seeds];
  if (chance === undefined) return `${text} ${comparisons} comparisons are made here.`;
  const often = `chance alone makes such a difference in one of ${chance} comparisons`;
  return `${text} With ${seeds} seeds on either side, ${often}; ${comparisons} are made here.`;
}

/** Compares values, one for each seed, with others. */
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

/** The values of a method or setting, one for each seed. */
export interface Group {
  name: string;
  values: number[];
}

/** The group of a method. */
export const groupOf = (runs: Runs, method: MethodName, measure: Measure): Group => ({
  name: methodOf(method).label,
  values: withConfig(runs, { method }).map(measure),
});

/** How values of groups are compared and written. */
export interface Scale {
  wanted: "more" | "less";
  format: Format;
  /** How many values a group has if no run is missing. */
  seeds: number;
}

/** The outcome of some comparisons. */
export interface Finding {
  /** A sentence. */
  text: string;
  comparisons: number;
  /** The methods, or settings, that are better, … */
  won: string[];
  /** … and those that are worse or diverged. */
  lost: string[];
}

/** Compared items with the outcomes of their comparisons. */
type Compared<T> = [item: T, word: Word][];

/** @param text describes items with the same outcome @param names their names */
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

/** Compares groups with a reference. Undefined if there is nothing to compare. */
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

/** Compares two groups for each setting. Undefined if there is nothing to compare. @param text describes settings */
export function compareBySetting<T>(
  settings: T[],
  text: (settings: T[]) => string,
  groups: (setting: T) => [number[], number[]],
): Finding | undefined {
  const compared = settings.flatMap((setting): Compared<T> => {
    const [values, others] = groups(setting);
    return values.length > 0 && others.length > 0 ? [[setting, compare(values, others, "more").word]] : [];
  });
  if (compared.length === 0) return undefined;
  return findingOf(compared, text, (settings) => [text(settings)]);
}

const OUTCOMES = new RegExp(`(${WORDS.join("|")})(?=: )`, "g");

/** A sentence with marks around the outcomes. */
export const emphasized = (found: string, open: string, close: string): string => found.replaceAll(OUTCOMES, `${open}$1${close}`);
