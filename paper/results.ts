import type { ExperimentName, RunConfig, RunRecord } from "./config.js";

/** Reads JSON back, which has no NaN, of a run that diverged, but null. */
export const nanForNull = (_: string, value: unknown): unknown => value ?? Number.NaN;

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
