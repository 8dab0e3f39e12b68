import { spread } from "../metrics.js";
import { type Format, isDiverged, listed, spreadText } from "./format.js";

/** What a comparison comes to, in the order in which verdicts say it. */
const WORDS = ["better", "not to be told apart", "worse", "a single seed cannot tell", "not to be compared"] as const;
export type Word = (typeof WORDS)[number];

export interface Comparison {
  /** Of the means. */
  difference: number;
  /** Of the difference; undefined where a group has a single value. */
  error: number | undefined;
  word: Word;
}

/** A difference counts that is more than so many standard errors. */
const ERRORS = 3;

/** Shares of t's distribution beyond the errors, with 4 and with 2 degrees of freedom: Welch's for three seeds on either side. */
const CHANCE_OF_THREE =
  "With three seeds on either side, chance alone makes such a difference in one of ten to twenty-five comparisons.";

export function howCompared(seeds: number): string {
  const text = `Better and worse: the means differ by more than ${ERRORS} standard errors of their difference.`;
  return seeds === 3 ? `${text} ${CHANCE_OF_THREE}` : text;
}

/** What values, one for each seed, are beside others. */
export function compare(values: readonly number[], others: readonly number[], wanted: "more" | "less"): Comparison {
  if (isDiverged(values) || isDiverged(others)) return { difference: Number.NaN, error: undefined, word: "not to be compared" };
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

/** How the values of groups are compared, and written. */
export interface Scale {
  wanted: "more" | "less";
  format: Format;
  /** How many there are where no run is missing. */
  seeds: number;
}

/** What groups are beside a reference, in a sentence; nothing where there is nothing to compare. */
export function comparisonText(reference: Group, subjects: Group[], { wanted, format, seeds }: Scale): string | undefined {
  const present = subjects.filter(({ values }) => values.length > 0);
  if (reference.values.length === 0 || present.length === 0) return undefined;
  const text = ({ name, values }: Group) => `${name} (${spreadText(values, format, seeds, format.unit)})`;
  const found = WORDS.flatMap((word) => {
    const such = present.filter(({ values }) => compare(values, reference.values, wanted).word === word);
    return such.length > 0 ? [`${word}: ${such.map(text).join(", ")}`] : [];
  });
  return `beside ${text(reference)}, ${found.join("; ")}`;
}

/** At which of some values of a setting two groups differ, in a sentence; nothing where neither has any. */
export function settingsText(
  name: string,
  settings: number[],
  groups: (setting: number) => [number[], number[]],
): string | undefined {
  const words = new Map<Word, number[]>();
  for (const setting of settings) {
    const [values, others] = groups(setting);
    if (values.length === 0 || others.length === 0) continue;
    const { word } = compare(values, others, "more");
    words.set(word, [...(words.get(word) ?? []), setting]);
  }
  const found = WORDS.flatMap((word) => (words.has(word) ? [`${word}: ${name} ${listed(words.get(word) ?? [])}`] : []));
  return found.length > 0 ? found.join("; ") : undefined;
}

const SAID = new RegExp(`(${WORDS.join("|")})(?=: )`, "g");

/** A sentence with its words between marks. */
export const emphasized = (found: string, open: string, close: string): string => found.replaceAll(SAID, `${open}$1${close}`);
