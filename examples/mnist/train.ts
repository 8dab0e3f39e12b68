import * as tf from "@tensorflow/tfjs-core";
import type * as tfl from "@tensorflow/tfjs-layers";
import type { Examples } from "../../learning/data/dataset.js";
import { CLASSES, firstDigits, PIXELS } from "../../learning/data/digits.js";
import { isSynchronous } from "../../runtimes/backends.js";
import { epochOrder } from "./epochOrder.js";
import { buildModel, type Contender } from "./models.js";
import type { Options } from "./options.js";
import { Stopwatch } from "./stopwatch.js";

const WARM_UP_STEPS = 10;
const TEST_BATCH_SIZE = 250;

export interface Scores {
  loss: number;
  /** From 0 to 1. */
  accuracy: number;
}

export interface Epoch {
  /** Means over the epoch's steps, during which the weights change. */
  training: Scores;
  /** With the weights after the epoch. */
  test: Scores;
  /** Time of the training steps, including their batches, without the test. */
  seconds: number;
  /** The part of `seconds` in forward and backward passes of the normalization; undefined if the backend hides it. */
  normalizingSeconds: number | undefined;
}

export interface Result {
  name: string;
  epochs: Epoch[];
  /** The loss of each training step's batch. */
  losses: number[];
}

/** The progress of a run after a training step. */
export interface Step extends Scores {
  name: string;
  /** Counted from 1. */
  epoch: number;
}

/** Is told of the progress of training. */
export interface Watcher {
  step(step: Step): void | Promise<void>;
  /** Awaited now and then, so that the program can do something else. */
  pause?(): Promise<void>;
}

interface Batch {
  x: tf.Tensor2D;
  y: tf.Tensor2D;
  size: number;
}

function makeBatch({ images, labels }: Examples, indices: ArrayLike<number>): Batch {
  const size = indices.length;
  const pixels = new Float32Array(size * PIXELS);
  const classes = new Float32Array(size * CLASSES);
  for (let row = 0; row < size; row++) {
    const index = indices[row] as number;
    for (let i = 0; i < PIXELS; i++) pixels[row * PIXELS + i] = (images[index * PIXELS + i] as number) / 255;
    classes[row * CLASSES + (labels[index] as number)] = 1;
  }
  return { x: tf.tensor2d(pixels, [size, PIXELS]), y: tf.tensor2d(classes, [size, CLASSES]), size };
}

function disposeBatch({ x, y }: Batch): void {
  x.dispose();
  y.dispose();
}

/** The mean of batches' scores, weighted by the sizes of the batches. */
class Mean {
  count = 0;
  private loss = 0;
  private accuracy = 0;

  add({ loss, accuracy }: Scores, size: number): void {
    this.count += size;
    this.loss += loss * size;
    this.accuracy += accuracy * size;
  }

  get scores(): Scores {
    return { loss: this.loss / this.count, accuracy: this.accuracy / this.count };
  }
}

class Trainer {
  readonly result: Result;
  private readonly stopwatch = isSynchronous(tf.getBackend()) ? new Stopwatch() : undefined;
  private readonly model: tfl.Sequential;
  private readonly optimizer: tf.Optimizer;

  constructor(
    { name, normalization }: Contender,
    private readonly options: Options,
  ) {
    this.result = { name, epochs: [], losses: [] };
    const timed = (layer: tfl.layers.Layer) => this.stopwatch?.around(layer) ?? [layer];
    const normalize = () => (normalization ? timed(normalization()) : []);
    this.model = buildModel(options.model, options.width, normalize, options.seed);
    this.optimizer = tf.train.adam(options.learningRate);
    this.model.compile({ optimizer: this.optimizer, loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  }

  async trainEpoch(training: Examples, order: Uint32Array, test: Examples, watcher: Watcher, epoch: number): Promise<void> {
    const mean = new Mean();
    let milliseconds = 0;
    this.stopwatch?.lap();
    while (mean.count < order.length) {
      const startedAt = performance.now();
      const batch = makeBatch(training, order.subarray(mean.count, mean.count + this.options.batchSize));
      const [loss, accuracy] = (await this.model.trainOnBatch(batch.x, batch.y)) as [number, number];
      disposeBatch(batch);
      milliseconds += performance.now() - startedAt;

      this.result.losses.push(loss);
      mean.add({ loss, accuracy }, batch.size);
      await watcher.step({ name: this.result.name, epoch, ...mean.scores });
      await watcher.pause?.();
    }
    const normalizingSeconds = this.stopwatch?.lap();
    this.result.epochs.push({
      training: mean.scores,
      test: await this.test(test, watcher),
      seconds: milliseconds / 1000,
      normalizingSeconds,
    });
  }

  private async test(digits: Examples, watcher: Watcher): Promise<Scores> {
    const mean = new Mean();
    while (mean.count < digits.count) {
      const size = Math.min(TEST_BATCH_SIZE, digits.count - mean.count);
      const batch = makeBatch(
        digits,
        Uint32Array.from({ length: size }, (_, i) => mean.count + i),
      );
      const scores = tf.tidy(() => this.model.evaluate(batch.x, batch.y, { batchSize: size }) as tf.Scalar[]);
      const [loss, accuracy] = (await Promise.all(scores.map(async (score) => (await score.data())[0]))) as [number, number];
      tf.dispose(scores);
      disposeBatch(batch);
      mean.add({ loss, accuracy }, size);
      await watcher.pause?.();
    }
    return mean.scores;
  }

  dispose(): void {
    this.model.dispose();
    this.optimizer.dispose();
  }
}

/** Lets the JavaScript engine compile the training code, so that the first contender does not pay for that. */
async function warmUp(
  contender: Contender,
  options: Options,
  training: Examples,
  test: Examples,
  watcher: Watcher,
): Promise<void> {
  const trainer = new Trainer(contender, options);
  const digits = Math.min(training.count, WARM_UP_STEPS * options.batchSize);
  const unwatched = { ...watcher, step() {} };
  await trainer.trainEpoch(training, epochOrder(options.seed, 0, digits), firstDigits(test, TEST_BATCH_SIZE), unwatched, 0);
  trainer.dispose();
}

/**
 * Trains every contender from the same initial weights on the same batches. They take turns, an epoch each, so that other load on
 * the machine affects all of them.
 */
export async function trainAll(
  contenders: Contender[],
  options: Options,
  training: Examples,
  test: Examples,
  watcher: Watcher,
): Promise<Result[]> {
  for (const contender of contenders) await warmUp(contender, options, training, test, watcher);

  const trainers = contenders.map((contender) => new Trainer(contender, options));
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const order = epochOrder(options.seed, epoch, training.count);
    for (const trainer of trainers) await trainer.trainEpoch(training, order, test, watcher, epoch + 1);
  }
  for (const trainer of trainers) trainer.dispose();
  return trainers.map(({ result }) => result);
}
