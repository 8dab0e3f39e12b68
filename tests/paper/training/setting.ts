import { createHash } from "node:crypto";
import type { Dataset, Examples } from "../../../learning/data/dataset.js";
import { generator } from "../../../learning/random.js";
import type { RunConfig } from "../../../paper/config.js";
import { METHODS, type MethodName } from "../../../paper/methods.js";
import type { RunRecord } from "../../../paper/results.js";
import { type Domain, type Domains, domainOf } from "../../../paper/training/batches.js";
import { type RunState, trainEpoch } from "../../../paper/training/epoch.js";
import type { LearnerState } from "../../../paper/training/learner.js";
import type { Watch } from "../../../paper/training/watch.js";

// Small networks and easy images, for which an epoch takes a few hundredths of a second.

export const METHOD_NAMES = Object.keys(METHODS) as MethodName[];

const SIDE = 8;
const CLASSES = 4;

interface Making {
  train?: number;
  test?: number;
  channels?: number;
  seed?: number;
  /** The least values of the bright quarter and of the others. Noise of up to 63 is added. */
  bright?: number;
  dark?: number;
}

/** Images of noise. One quarter is brighter: which one depends on the class. Classes take turns. */
function quarters(count: number, { channels = 1, bright = 128, dark = 16 }: Making, random: () => number): Examples {
  const labels = Uint8Array.from({ length: count }, (_, n) => n % CLASSES);
  const size = SIDE * SIDE * channels;
  const images = Uint8Array.from({ length: count * size }, (_, i) => {
    const pixel = Math.floor((i % size) / channels);
    const quarter = 2 * Math.floor(pixel / SIDE / (SIDE / 2)) + Math.floor((pixel % SIDE) / (SIDE / 2));
    return (quarter === labels[Math.floor(i / size)] ? bright : dark) + Math.floor(64 * random());
  });
  return { count, images, labels };
}

/** A data set that a network learns in a few steps. */
export function madeUp(making: Making = {}): Dataset {
  const { train = 64, test = 40, channels = 1, seed = 1 } = making;
  const random = generator(seed);
  const shape = { height: SIDE, width: SIDE, channels };
  return {
    name: "quarters",
    source: "a test",
    ...shape,
    classes: CLASSES,
    train: quarters(train, making, random),
    test: quarters(test, making, random),
  };
}

export const domain = (making: Making = {}): Domain => domainOf(madeUp(making));

/** The first examples. */
export function first({ images, labels, count }: Examples, wanted: number): Examples {
  return { count: wanted, images: images.subarray(0, (wanted * images.length) / count), labels: labels.subarray(0, wanted) };
}

/** A default configuration with changes. A batch has 256 activations per channel after the second convolution. */
export function config(changes: Partial<RunConfig> = {}): RunConfig {
  return {
    experiment: "classification",
    data: { name: "mnist", seed: 1 },
    network: "cnn",
    method: "bn",
    components: 3,
    momentum: 0.9,
    priorMass: 2,
    memory: 96,
    normalizes: "second",
    width: 0.0625,
    seed: 1,
    learningRate: 0.001,
    batchSize: 16,
    epochs: 2,
    ...changes,
  };
}

export const nobody: Watch = { step() {}, async pause() {} };

/** Trains from a state, or from the start, until so many epochs are complete. */
export async function train(run: RunConfig, domains: Domains, epochs = run.epochs, from?: RunState): Promise<RunState> {
  let state = await trainEpoch(run, from, domains, nobody);
  while (state.record.epochs.length < epochs) state = await trainEpoch(run, state, domains, nobody);
  return state;
}

/** The record without the times, which depend on the machine. */
export function numbersOf({ epochs, ...others }: RunRecord) {
  return { ...others, epochs: epochs.map(({ seconds: _, ...rest }) => rest) };
}

/** A line for each tensor, which changes with any bit. Names are left out, because they count the layers of the whole program. */
export function fingerprint({ weights, optimizer }: LearnerState): string[] {
  return [...weights, ...optimizer].map(({ shape, dtype, values }) => {
    const hash = createHash("sha1").update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return `${dtype} [${shape}] ${hash.digest("hex")}`;
  });
}

/** The complete result of a run. */
export const outcome = ({ record, learner }: RunState) => ({ record: numbersOf(record), weights: fingerprint(learner) });
