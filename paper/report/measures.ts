import type { Scores } from "../metrics.js";
import type { EpochRecord, Finished } from "../results.js";
import { type Runs, unique } from "./runs.js";

/** A number that a run resulted in; NaN if it diverged. */
export type Measure = (run: Finished) => number;

export type ScoreName = keyof Scores;
export const SCORES: ScoreName[] = ["accuracy", "precision", "recall", "f1"];
export const scoreLabel = (name: ScoreName): string => (name === "f1" ? "F1" : name);

const last = ({ record }: Finished) => record.epochs.at(-1);
const firstTested = ({ record }: Finished) => record.epochs.find(({ test }) => test);

/** NaN if the network has diverged: its scores would be those of guessing. */
function score(epoch: EpochRecord | undefined, domain: "test" | "target", name: ScoreName): number {
  return epoch && Number.isFinite(epoch.loss) ? (epoch[domain]?.[name] ?? Number.NaN) : Number.NaN;
}

// At the end of training.

export const finalLoss: Measure = (run) => last(run)?.loss ?? Number.NaN;
export const finalScore = (name: ScoreName): Measure => {
  return (run) => score(last(run), "test", name);
};
export const finalTargetScore = (name: ScoreName): Measure => {
  return (run) => score(last(run), "target", name);
};

// When the network is tested for the first time: after a quarter of the epochs, if that is a whole number of epochs.

export const earlyLoss: Measure = (run) => firstTested(run)?.loss ?? Number.NaN;
export const earlyScore = (name: ScoreName): Measure => {
  return (run) => score(firstTested(run), "test", name);
};

/** The epochs after which networks are tested. */
export function testedEpochs(runs: Runs): number[] {
  const epochs = runs.flatMap(({ record }) => record.epochs.filter(({ test }) => test).map(({ epoch }) => epoch));
  return unique(epochs).sort((a, b) => a - b);
}

export const scoreAt = (epoch: number, name: ScoreName, domain: "test" | "target" = "test"): Measure => {
  const at = ({ record }: Finished) => record.epochs.find((record) => record.epoch === epoch);
  return (run) => score(at(run), domain, name);
};

/** The share of the training that is complete after an epoch. */
export function shareText(epoch: number, runs: Runs): string {
  const epochs = runs[0]?.config.epochs ?? epoch;
  return `${Math.round((100 * epoch) / epochs)} %`;
}
