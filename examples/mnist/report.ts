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
  normalizingSecondsPerEpoch: number;
}

export const EXPLANATIONS = [
  "Test accuracy: on all test digits, after the last epoch. Final loss: the training loss, mean of the last epoch.",
  "Time per epoch: of the training steps, without the test; median of the epochs.",
  "Of it normalizing: the part in the forward and backward passes of the normalization compared, measured while it trained.",
];

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

export function summarize({ name, epochs }: Result): Summary {
  const last = epochs.at(-1);
  return {
    name,
    testAccuracy: last?.test.accuracy ?? Number.NaN,
    finalLoss: last?.training.loss ?? Number.NaN,
    secondsPerEpoch: median(epochs.map(({ seconds }) => seconds)),
    normalizingSecondsPerEpoch: median(epochs.map(({ normalizingSeconds }) => normalizingSeconds)),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
export const seconds = (value: number) => `${value.toFixed(2)} s`;

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
