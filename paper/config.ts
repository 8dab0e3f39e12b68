import type { DataConfig } from "../learning/data/prepare.js";
import type { NetworkConfig } from "./network.js";

export const EXPERIMENTS = ["classification", "gradients", "batch-size", "components", "domain-adaptation"] as const;
export type ExperimentName = (typeof EXPERIMENTS)[number];

/** The configuration of a run. With the same code and data, its numbers depend on nothing else. */
export interface RunConfig extends NetworkConfig {
  experiment: ExperimentName;
  data: DataConfig;
  /** The domain that AdaMatch adapts the network to. The labels of its training images are not used. */
  target?: DataConfig;
  /** The learning rate of Adam. */
  learningRate: number;
  batchSize: number;
  epochs: number;
  /** What is recorded during training in addition to losses and scores. */
  observe?: "gradients" | "mixtures";
}

/** Whether the network is tested after this epoch: when a quarter of the run is complete. */
export function isTested(epoch: number, epochs: number): boolean {
  const quarters = (done: number) => Math.floor((4 * done) / epochs);
  return quarters(epoch) > quarters(epoch - 1);
}
