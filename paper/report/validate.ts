import { DATASETS } from "../../learning/data/facts.js";
import { MIXTURES } from "../../learning/data/mixed.js";
import { list, number, object, oneOf, string } from "../../reporting/checks.js";
import { ALL_EXPERIMENTS } from "../config.js";
import { METHODS } from "../methods.js";
import { type Results, VERSION } from "../results.js";

const numbers = list(number);

const data = object(
  { name: oneOf(...Object.keys(DATASETS)), seed: number },
  { train: number, test: number, mixed: oneOf(...MIXTURES) },
);
const config = object(
  {
    experiment: oneOf(...ALL_EXPERIMENTS),
    data,
    network: oneOf("cnn", "mlp"),
    method: oneOf(...Object.keys(METHODS)),
    components: number,
    momentum: number,
    priorMass: number,
    memory: number,
    normalizes: oneOf("second", "all"),
    width: number,
    seed: number,
    learningRate: number,
    batchSize: number,
    epochs: number,
  },
  { target: data, elsewhere: data },
);

const scores = object({ accuracy: number, precision: number, recall: number, f1: number });
const recalibrated = object({ test: scores }, { target: scores });
const epoch = object(
  { epoch: number, loss: number, losses: numbers, seconds: number },
  { test: scores, target: scores, recalibrated },
);
const layer = object({ layer: string, norm: number, fluctuation: number, variance: number });
const gradients = object({ at: number, layers: list(layer), turn: numbers, change: numbers });
const channel = object({
  channel: number,
  from: number,
  to: number,
  density: numbers,
  mean: numbers,
  variance: numbers,
  prior: numbers,
});
const mixtures = object({ used: number, channels: list(channel) });

const run = object(
  {
    config,
    source: string,
    classes: number,
    record: object({ epochs: list(epoch, 1) }, { gradients: list(gradients), mixtures: list(mixtures) }),
  },
  { target: string, elsewhere: string },
);

const results = object({
  version: oneOf(VERSION),
  date: string,
  preset: string,
  presetDescription: string,
  machine: string,
  software: string,
  experiments: list(oneOf(...ALL_EXPERIMENTS)),
  runs: list(run),
});

/** Throws unless the value is results of this version. @param at the value's name, with which the path in the message begins */
export function checkResults(value: unknown, at: string): asserts value is Results {
  results(value, at);
}
