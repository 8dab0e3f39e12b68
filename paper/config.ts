import type { DataConfig } from "../learning/data/prepare.js";
import type { Scores } from "./metrics.js";
import type { NetworkConfig } from "./network.js";
import type { GradientRecord } from "./training/gradients.js";
import type { MixtureRecord } from "./training/mixtures.js";

export const EXPERIMENTS = ["classification", "gradients", "batch-size", "components", "domain-adaptation"] as const;
export type ExperimentName = (typeof EXPERIMENTS)[number];

/** Everything that a run's numbers follow from. */
export interface RunConfig extends NetworkConfig {
  experiment: ExperimentName;
  data: DataConfig;
  /** The domain to adapt to, by AdaMatch, whose training labels nobody looks at. */
  target?: DataConfig;
  /** Adam's. */
  learningRate: number;
  batchSize: number;
  epochs: number;
  /** What is looked at while the network trains, beside its scores. */
  observe?: "gradients" | "mixtures";
}

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

/** Whether a quarter of the run is done with this epoch that was not done before it. */
export function isTested(epoch: number, epochs: number): boolean {
  const quarters = (done: number) => Math.floor((4 * done) / epochs);
  return quarters(epoch) > quarters(epoch - 1);
}
