import type { Result } from "./train.js";

/** What a run comes to for one contender. */
export interface Summary {
  name: string;
  /** After the last epoch, from 0 to 1. */
  testAccuracy: number;
  /** The training loss, mean of the last epoch. */
  finalLoss: number;
  /** Medians over the epochs. */
  secondsPerEpoch: number;
  /** Undefined where the backend does not let it be measured. */
  normalizingSecondsPerEpoch: number | undefined;
}

/** What the columns mean. */
export function explanations(summaries: Summary[]): string[] {
  const isMeasured = summaries.some(({ normalizingSecondsPerEpoch }) => normalizingSecondsPerEpoch !== undefined);
  return [
    "Test accuracy: on the test digits, after the last epoch. Final loss: the training loss, mean of the last epoch.",
    "Time per epoch: of the training steps, without the test; median of the epochs.",
    isMeasured
      ? "Of it normalizing: the part in the forward and backward passes of the normalization compared, measured while it trained."
      : "Of it normalizing: not to be told on this backend, whose operations are not done when their call returns.",
  ];
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** The median of those that all epochs have. */
function medianOf(values: (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === values.length ? median(known) : undefined;
}

export function summarize({ name, epochs }: Result): Summary {
  const last = epochs.at(-1);
  return {
    name,
    testAccuracy: last?.test.accuracy ?? Number.NaN,
    finalLoss: last?.training.loss ?? Number.NaN,
    secondsPerEpoch: median(epochs.map(({ seconds }) => seconds)),
    normalizingSecondsPerEpoch: medianOf(epochs.map(({ normalizingSeconds }) => normalizingSeconds)),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
export const seconds = (value: number | undefined) => (value === undefined ? "–" : `${value.toFixed(2)} s`);

/** The summaries as rows of text, the first row the heads. */
export function tableRows(summaries: Summary[]): string[][] {
  const rows = summaries.map((summary) => [
    summary.name,
    percent(summary.testAccuracy),
    summary.finalLoss.toFixed(4),
    seconds(summary.secondsPerEpoch),
    seconds(summary.normalizingSecondsPerEpoch),
  ]);
  return [["normalization", "test accuracy", "final loss", "time per epoch", "of it normalizing"], ...rows];
}
