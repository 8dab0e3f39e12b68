import type { DataConfig } from "../learning/data/prepare.js";
import type { NetworkConfig } from "./network.js";

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

/** Whether a quarter of the run is done with this epoch that was not done before it. */
export function isTested(epoch: number, epochs: number): boolean {
  const quarters = (done: number) => Math.floor((4 * done) / epochs);
  return quarters(epoch) > quarters(epoch - 1);
}
