import type { Scores } from "../metrics.js";
import type { EpochRecord, Finished } from "../results.js";
import { type Runs, unique } from "./runs.js";

/** What a run came to, as a number: NaN where it diverged. */
export type Measure = (run: Finished) => number;

export type ScoreName = keyof Scores;
export const SCORES: ScoreName[] = ["accuracy", "precision", "recall", "f1"];
export const scoreLabel = (name: ScoreName): string => (name === "f1" ? "F1" : name);

const last = ({ record }: Finished) => record.epochs.at(-1);
const firstTested = ({ record }: Finished) => record.epochs.find(({ test }) => test);

/** A network that has diverged still has scores, those of guessing: they do not count. */
function score(epoch: EpochRecord | undefined, domain: "test" | "target", name: ScoreName): number {
  return epoch && Number.isFinite(epoch.loss) ? (epoch[domain]?.[name] ?? Number.NaN) : Number.NaN;
}

/** At the end. */
export const finalLoss: Measure = (run) => last(run)?.loss ?? Number.NaN;
export const finalScore = (name: ScoreName): Measure => {
  return (run) => score(last(run), "test", name);
};
export const finalTargetScore = (name: ScoreName): Measure => {
  return (run) => score(last(run), "target", name);
};

/** Where the network is tested for the first time: after a quarter of the epochs, if that is a whole number of them. */
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

/** How much of the training is done after an epoch. */
export function shareText(epoch: number, runs: Runs): string {
  const epochs = runs[0]?.config.epochs ?? epoch;
  return `${Math.round((100 * epoch) / epochs)} %`;
}
