import type { RunConfig } from "../../../paper/config.js";

/** A run that takes seconds. */
export const SMALL: RunConfig = {
  experiment: "classification",
  data: { name: "mnist", train: 64, test: 40, halved: true, seed: 1 },
  network: "cnn",
  method: "uan-data",
  components: 2,
  momentum: 0.9,
  priorMass: 2,
  memory: 96,
  normalizes: "second",
  width: 0.0625,
  seed: 1,
  learningRate: 0.005,
  batchSize: 16,
  epochs: 4,
};
