import type { ExperimentName, RunConfig } from "./config.js";
import type { Scores } from "./metrics.js";
import type { GradientRecord } from "./training/gradients.js";
import type { MixtureRecord } from "./training/mixtures.js";

/** A reviver for JSON.parse. The losses of a diverged run are NaN, which JSON writes as null. */
export const nanForNull = (_: string, value: unknown): unknown => value ?? Number.NaN;

/** Scores with moving moments that were set anew from training images of the domain that is tested. */
export interface Recalibrated {
  test: Scores;
  target?: Scores;
}

export interface EpochRecord {
  /** Counted from 1. */
  epoch: number;
  /** Mean training loss over the epoch, during which the weights change. */
  loss: number;
  /** Mean training losses over equal parts of the epoch, in order. */
  losses: number[];
  /** Time of training, without the tests. */
  seconds: number;
  /** Scores on the test images, after every quarter of the run. */
  test?: Scores;
  /** Scores on the test images of the target domain, or of the domain that training does not see. */
  target?: Scores;
  /** After the last epoch, of networks that have moving moments. */
  recalibrated?: Recalibrated;
}

/** The results of a run so far. */
export interface RunRecord {
  epochs: EpochRecord[];
  gradients?: GradientRecord[];
  mixtures?: MixtureRecord[];
}

/** A completed run. */
export interface Finished {
  config: RunConfig;
  /** The names of the data sets, where their images are from and how they were changed. */
  source: string;
  target?: string;
  elsewhere?: string;
  classes: number;
  record: RunRecord;
}

/** Version 2 has prior masses, memories and recalibrated scores. */
export const VERSION = 2;

/** The results of the program. */
export interface Results {
  version: typeof VERSION;
  date: string;
  preset: string;
  presetDescription: string;
  machine: string;
  software: string;
  /** The experiments with runs here. */
  experiments: ExperimentName[];
  runs: Finished[];
}
