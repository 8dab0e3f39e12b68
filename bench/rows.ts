import type { CaseLabel, Ratio, Timing } from "./results.js";
import type { Samples } from "./rounds.js";

export function quantile(samples: number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number];
  return below + (above - below) * (at % 1);
}

export const median = (samples: number[]) => quantile(samples, 0.5);

/** Quotients of times in the same round, or, if `theirs` has another number of rounds, of times and its median. */
function ratio(own: number[], to: string, theirs: number[]): Ratio {
  const middle = median(theirs);
  const quotients = own.map((sample, round) => sample / (own.length === theirs.length ? (theirs[round] as number) : middle));
  return { to, median: median(quotients), low: quantile(quotients, 0.25), high: quantile(quotients, 0.75) };
}

/**
 * A row for each contender, with the ratio to the reference, if it is another contender with samples.
 *
 * @param more the size of a contender's call, and its processor time
 */
export function timedRows(
  label: CaseLabel,
  samples: Samples,
  reference: string,
  more: (contender: string) => Pick<Timing, "elements" | "bytes" | "processor"> = () => ({}),
) {
  return Object.entries(samples).map(([contender, own]) => {
    const timing: Timing = { median: median(own), minimum: Math.min(...own), samples: own.length, ...more(contender) };
    const theirs = contender === reference ? undefined : samples[reference];
    return { ...label, contender, timing, ...(theirs && { ratio: ratio(own, reference, theirs) }) };
  });
}
