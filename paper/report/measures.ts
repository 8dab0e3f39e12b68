import type { Scores } from "../metrics.js";
import type { EpochRecord, Finished } from "../results.js";
import { type Runs, unique } from "./runs.js";

/** A number that a run resulted in; NaN if it diverged. */
export type Measure = (run: Finished) => number;

export type ScoreName = keyof Scores;
export const SCORES: ScoreName[] = ["accuracy", "precision", "recall", "f1"];
export const scoreLabel = (name: ScoreName): string => (name === "f1" ? "F1" : name);

/** How a trained network is judged: with the moving moments that training left, or with those of training images. */
export const JUDGED = ["as it is", "recalibrated"] as const;
export type Judged = (typeof JUDGED)[number];

const last = ({ record }: Finished) => record.epochs.at(-1);
const firstTested = ({ record }: Finished) => record.epochs.find(({ test }) => test);

/** NaN if the network has diverged: its scores would be those of guessing. */
function score(epoch: EpochRecord | undefined, domain: "test" | "target", name: ScoreName, judged: Judged = "as it is"): number {
  if (!epoch || !Number.isFinite(epoch.loss)) return Number.NaN;
  const scores = judged === "recalibrated" ? (epoch.recalibrated ?? epoch) : epoch;
  return scores[domain]?.[name] ?? Number.NaN;
}

// At the end of training.

export const finalLoss: Measure = (run) => last(run)?.loss ?? Number.NaN;
/** A network without moving moments is the same both ways. */
export const finalScore = (name: ScoreName, judged?: Judged): Measure => {
  return (run) => score(last(run), "test", name, judged);
};
export const finalTargetScore = (name: ScoreName, judged?: Judged): Measure => {
  return (run) => score(last(run), "target", name, judged);
};
const hasMovingMoments = (run: Finished): boolean => last(run)?.recalibrated !== undefined;
/** The ways in which the runs are judged: recalibrated only if there are moving moments. */
export const waysOf = (runs: Runs): Judged[] => JUDGED.filter((judged) => judged === "as it is" || runs.some(hasMovingMoments));

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
