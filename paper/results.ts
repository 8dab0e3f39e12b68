import type { ExperimentName, RunConfig } from "./config.js";
import type { Scores } from "./metrics.js";
import type { GradientRecord } from "./training/gradients.js";
import type { MixtureRecord } from "./training/mixtures.js";

/** Reads JSON back, which has no NaN, of a run that diverged, but null. */
export const nanForNull = (_: string, value: unknown): unknown => value ?? Number.NaN;

export interface EpochRecord {
  /** Counted from 1. */
  epoch: number;
  /** Mean training loss, while the weights changed. */
  loss: number;
  /** Its means over equal parts of the epoch, in order. */
  losses: number[];
  /** Of training, without the tests. */
  seconds: number;
  /** On the test images, after every quarter of the run. */
  test?: Scores;
  /** On those of the target domain. */
  target?: Scores;
}

/** What a run has come to. */
export interface RunRecord {
  epochs: EpochRecord[];
  gradients?: GradientRecord[];
  mixtures?: MixtureRecord[];
}

/** A run that came to its end. */
export interface Finished {
  config: RunConfig;
  /** What the data sets were made of, and what was done to them. */
  source: string;
  target?: string;
  classes: number;
  record: RunRecord;
}

/** What a run of the program came to. */
export interface Results {
  version: 1;
  date: string;
  preset: string;
  presetDescription: string;
  machine: string;
  software: string;
  /** Of the experiments whose runs are here. */
  experiments: ExperimentName[];
  runs: Finished[];
}
