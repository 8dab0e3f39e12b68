import { DATASETS } from "../learning/data/facts.js";
import { type DataConfig, setAsideCount } from "../learning/data/prepare.js";
import type { NetworkConfig } from "./network.js";

export const EXPERIMENTS = [
  "classification",
  "gradients",
  "batch-size",
  "components",
  "mixed-domains",
  "longer",
  "domain-adaptation",
  "recalibration",
] as const;

/** The experiment that comes before the others: it chooses prior mass and memory, on images and with seeds of its own. */
export const CHOICE = "choose";

/** All of them, in the order in which they are made. */
export const ALL_EXPERIMENTS = [CHOICE, ...EXPERIMENTS] as const;

export type ExperimentName = (typeof EXPERIMENTS)[number] | typeof CHOICE;

/** The configuration of a run. With the same code and data, its numbers depend on nothing else. */
export interface RunConfig extends NetworkConfig {
  experiment: ExperimentName;
  data: DataConfig;
  /** The domain that AdaMatch adapts the network to. The labels of its training images are not used. */
  target?: DataConfig;
  /** A domain that training does not see: the trained network is tested on it, as it is and recalibrated on its training images. */
  elsewhere?: DataConfig;
  /** The learning rate of Adam. */
  learningRate: number;
  batchSize: number;
  epochs: number;
  /** What is recorded during training in addition to losses and scores. */
  observe?: "gradients" | "mixtures";
}

/** Experiments that show scores over time. In the others networks are tested at the end alone. */
const OVER_TIME: readonly ExperimentName[] = ["classification", "longer", "domain-adaptation"];

/** Whether the network is tested after this epoch: at the end and, over time, when a quarter of the run is complete. */
export function isTested(epoch: number, { experiment, epochs }: Pick<RunConfig, "experiment" | "epochs">): boolean {
  if (!OVER_TIME.includes(experiment)) return epoch === epochs;
  const quarters = (done: number) => Math.floor((4 * done) / epochs);
  return quarters(epoch) > quarters(epoch - 1);
}

/** How many training images are used, and how many there are. */
export function trainingImages({ name, train, setAside }: DataConfig): { used: number; all: number } {
  const { train: all } = DATASETS[name];
  const there = setAside === undefined ? all : setAsideCount(all, setAside);
  return { used: train ?? there, all };
}

/** How many steps a run makes. */
export function stepsOf({ data, batchSize, epochs }: Pick<RunConfig, "data" | "batchSize" | "epochs">): number {
  return epochs * Math.ceil(trainingImages(data).used / batchSize);
}
