import type { Options } from "./options.js";
import type { Result } from "./train.js";

/** The results of one contender. */
export interface Summary {
  name: string;
  /** After the last epoch, from 0 to 1. */
  testAccuracy: number;
  /** The training loss, mean of the last epoch. */
  finalLoss: number;
  /** Medians over the epochs. */
  secondsPerEpoch: number;
  /** Undefined where the backend does not let us measure it. */
  normalizingSecondsPerEpoch: number | undefined;
}

/** What a network was trained with. */
export function describeTraining(options: Options): string {
  const { width, digits, testDigits, epochs, batchSize, learningRate, components, seed } = options;
  const data = `${digits} digits to train on, ${testDigits} to test`;
  const training = `${epochs} epoch${epochs === 1 ? "" : "s"}, batch size ${batchSize}, Adam with learning rate ${learningRate}`;
  return `width ${width}, ${data}, ${training}, UAN with K = ${components}, seed ${seed}`;
}

/** What the columns mean. */
export function explanations(summaries: Summary[]): string[] {
  const isMeasured = summaries.some(({ normalizingSecondsPerEpoch }) => normalizingSecondsPerEpoch !== undefined);
  return [
    "Test accuracy: on the test digits, after the last epoch. Final loss: the mean training loss of the last epoch.",
    "Time per epoch: of the training steps, without the test; the median of the epochs.",
    isMeasured
      ? "Normalizing: the part of that time in the forward and backward passes of the compared normalization, measured in training."
      : "Normalizing: cannot be measured on this backend, where a call returns before its operation is done.",
  ];
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** The median, where all epochs have a value. */
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

/** The summaries as rows of text. The first row is the heads. */
export function tableRows(summaries: Summary[]): string[][] {
  const rows = summaries.map((summary) => [
    summary.name,
    percent(summary.testAccuracy),
    summary.finalLoss.toFixed(4),
    seconds(summary.secondsPerEpoch),
    seconds(summary.normalizingSecondsPerEpoch),
  ]);
  return [["normalization", "test accuracy", "final loss", "time per epoch", "normalizing"], ...rows];
}
