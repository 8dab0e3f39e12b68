import type { RunConfig } from "../config.js";
import { mean } from "../metrics.js";
import { listed } from "./format.js";
import type { Runs } from "./runs.js";

/** What networks are trained with, within which methods are compared. */
export type TrainedWith = Pick<RunConfig, "learningRate" | "batchSize">;

export const trainedWith = (runs: Runs): TrainedWith[] => {
  const settings = runs.map(({ config: { learningRate, batchSize } }) => ({ learningRate, batchSize }));
  const different = new Map(settings.map((setting) => [JSON.stringify(setting), setting]));
  return [...different.values()].sort((a, b) => a.learningRate - b.learningRate || a.batchSize - b.batchSize);
};

/** "0.001, batches of 2 and 4, and 0.005, batches of 8". The rate is left out where there is only one in all. */
export function trainedWithText(settings: TrainedWith[], isSingleRate = false): string {
  const rates = [...new Set(settings.map(({ learningRate }) => learningRate))];
  const sizes = (rate: number) =>
    `batches of ${listed(settings.filter(({ learningRate }) => learningRate === rate).map(({ batchSize }) => batchSize))}`;
  return rates.map((rate) => (isSingleRate ? sizes(rate) : `at ${rate} ${sizes(rate)}`)).join(", ");
}

/** Means of equal values differ by less than the inverse of it. */
const PRECISION = 1e9;

/** Ranks from 1, the largest value. Equal values share the mean of their ranks; NaN, a run that diverged, comes last. */
export function ranks(values: readonly number[]): number[] {
  const key = (value: number) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : Math.round(value * PRECISION));
  const count = (test: (other: number) => boolean) => values.filter((other) => test(key(other))).length;
  return values.map((value) => count((other) => other > key(value)) + (count((other) => other === key(value)) + 1) / 2);
}

export interface Standing {
  rank: number;
  value: number;
}

/** The mean rank and the mean value of each row, over the columns. A NaN makes its row's mean value NaN. */
export function standings(rows: readonly (readonly number[])[]): Standing[] {
  const columns = (rows[0] ?? []).map((_, column) => ranks(rows.map((row) => row[column] as number)));
  return rows.map((row, i) => ({ rank: mean(columns.map((column) => column[i] as number)), value: mean(row) }));
}
