import { spread } from "../metrics.js";

/** How a quantity and its deviation are written. */
export interface Format {
  mean(value: number): string;
  /** @param mean the mean to which the deviation belongs */
  deviation(value: number, mean: number): string;
  /** With a leading space, if it needs one. */
  unit: string;
}

/** The number of decimals that gives three significant digits. */
const decimals = (value: number) => (value === 0 ? 2 : Math.min(12, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))));

function fixed(digits: number, unit = "", factor = 1): Format {
  const text = (value: number) => (factor * value).toFixed(digits);
  return { mean: text, deviation: text, unit };
}

export const FORMATS = {
  /** For shares from 0 to 1. */
  percent: fixed(1, " %", 100),
  loss: fixed(3),
  degrees: fixed(1, "°"),
  count: fixed(2),
  /** The mean has three significant digits. */
  significant: {
    mean: (value) => value.toFixed(decimals(value)),
    deviation: (value, mean) => value.toFixed(decimals(mean)),
    unit: "",
  },
} satisfies Record<string, Format>;

export const isDiverged = (values: readonly number[]): boolean => !values.every(Number.isFinite);

/**
 * Mean ± deviation. If a run diverged, its number takes the place of the mean, which would flatter the method.
 *
 * @param seeds how many values there are if no run is missing
 */
export function spreadText(values: readonly number[], { mean, deviation }: Format, seeds: number, unit = ""): string {
  const count = values.length;
  if (count === 0) return "–";
  const diverged = values.filter((value) => !Number.isFinite(value)).length;
  if (diverged > 0) return diverged === count ? "diverged" : `${diverged} of ${count} diverged`;
  const found = spread(values);
  const plusMinus = found.deviation === undefined ? "" : ` ± ${deviation(found.deviation, found.mean)}`;
  return `${mean(found.mean)}${plusMinus}${unit}${count < seeds ? `, n = ${count}` : ""}`;
}

const LIST = new Intl.ListFormat("en-GB");

/** "a, b and c". */
export const listed = (values: readonly (string | number)[]): string => LIST.format(values.map(String));

/** Words that begin a list, a heading or a quotation at the start of a line of Markdown. */
const MARKER = /^(\d+[.)]|[-+*>]|#+)$/;

/** Breaks a text at spaces into lines of at most `width` characters. No line begins with a Markdown marker. */
export function wrapped(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    const fits = line !== undefined && (line.length + 1 + word.length <= width || MARKER.test(word));
    if (fits) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join("\n");
}
