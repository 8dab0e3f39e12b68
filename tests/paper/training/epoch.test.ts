import { deserialize, serialize } from "node:v8";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import "tfjs-uan";
import { pick } from "../../../learning/data/dataset.js";
import { Random } from "../../../learning/random.js";
import { isTested, type RunConfig } from "../../../paper/config.js";
import type { EpochRecord } from "../../../paper/results.js";
import { type Domain, type Domains, domainOf, imageTensor } from "../../../paper/training/batches.js";
import { type RunState, trainEpoch } from "../../../paper/training/epoch.js";
import { evaluate, recalibratedScores } from "../../../paper/training/evaluation.js";
import { Learner } from "../../../paper/training/learner.js";
import { useBackend } from "../../helpers/backends.js";
import { config, domain, METHOD_NAMES, madeUp, nobody, outcome, train } from "./setting.js";

const domains: Domains = { source: domain() };
const small: Domains = { source: domain({ train: 40, test: 16 }) };
const both: Domains = {
  source: domain({ channels: 3, train: 40, test: 16 }),
  target: domain({ channels: 3, train: 40, test: 16, seed: 2, bright: 16, dark: 128 }),
};

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

beforeAll(() => useBackend("wasm"));

const RUNS: [title: string, run: RunConfig, on: Domains][] = [
  ...METHOD_NAMES.map((method): [string, RunConfig, Domains] => [method, config({ method }), small]),
  ["BN everywhere", config({ normalizes: "all" }), small],
  ["MN everywhere", config({ method: "mn", normalizes: "all" }), small],
  ["UAN everywhere", config({ method: "uan-data", normalizes: "all" }), small],
  ["BN by AdaMatch", config({ normalizes: "all" }), both],
  ["UAN by AdaMatch", config({ method: "uan-data", normalizes: "all" }), both],
  ["UAN, standardize, by AdaMatch", config({ method: "uan-standardize", normalizes: "all" }), both],
  ["gradients of BN", config({ observe: "gradients" }), small],
  ["gradients of UAN", config({ method: "uan-data", observe: "gradients" }), small],
  ["mixtures of UAN", config({ method: "uan-data", observe: "mixtures" }), small],
  ["mixtures of UAN, standardize", config({ method: "uan-standardize", observe: "mixtures" }), small],
  ["UAN, batch moments, everywhere", config({ method: "uan-moments", normalizes: "all" }), small],
  ["BRN everywhere", config({ method: "brn", normalizes: "all" }), small],
  ["BN, tested elsewhere", config({ normalizes: "all" }), { source: both.source, elsewhere: both.target as Domain }],
];

describe.each(RUNS)("%s", (_, run, on) => {
  it("gives the same result each time, also when it continues from a saved state, and leaves no tensor behind", async () => {
    const { numTensors } = tf.memory();
    const half = await train(run, on, 1);
    const saved = serialize(half);
    const whole = outcome(await train(run, on, 2, half));
    expect(serialize(half).equals(saved)).toBe(true);
    expect(whole.record.epochs.map(({ epoch }) => epoch)).toEqual([1, 2]);

    // Another network in between, so that all counters of the program advance.
    const other = outcome(await train({ ...run, seed: 2 }, on, 1));
    expect(other.record.epochs[0]?.loss).not.toBe(whole.record.epochs[0]?.loss);
    expect(other.weights).not.toEqual(outcome(half).weights);

    expect(outcome(await train(run, on, 2, deserialize(saved) as RunState))).toEqual(whole);
    expect(outcome(await train(run, on))).toEqual(whole);
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

describe.each(METHOD_NAMES)("%s", (method) => {
  it("learns", async () => {
    const { record } = await train(config({ method, learningRate: 0.005, epochs: 6 }), domains);
    expect(record.epochs.at(-1)?.loss).toBeLessThan(0.5 * (record.epochs[0]?.loss as number));
    expect(record.epochs.at(-1)?.test?.accuracy).toBeGreaterThan(0.9);
  });
});

it("starts from the cross-entropy of the new network on the first batch of the first order", async () => {
  const run = config({ method: "ln", normalizes: "all", seed: 5 });
  const { source } = domains;
  const { dataset } = source;
  const order = new Random(5, "order", 1).order(dataset.train.count);
  const batch = pick(dataset.train, order.subarray(0, 16));
  const learner = new Learner(run, dataset, dataset.classes);
  const logits = tf.tidy(() => learner.logits(imageTensor(batch, source), true).arraySync());
  learner.dispose();
  const entropies = logits.map((row, i) => {
    return Math.log(row.reduce((sum, z) => sum + Math.exp(z), 0)) - (row[batch.labels[i] as number] as number);
  });
  const { record } = await train(run, domains, 1);
  expect(record.epochs[0]?.losses[0]).toBeCloseTo(mean(entropies), 5);
});

it("uses every example once in each epoch, in an order that differs between epochs", () => {
  const orders = [1, 2].map((epoch) => new Random(1, "order", epoch).order(64));
  for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
  expect(orders[0]).not.toEqual(orders[1]);
});

describe("a run of", () => {
  it.each([
    [1, [1]],
    [2, [1, 2]],
    [3, [1, 2, 3]],
    [4, [1, 2, 3, 4]],
    [8, [2, 4, 6, 8]],
    [20, [5, 10, 15, 20]],
    [100, [25, 50, 75, 100]],
  ])("%i epochs is tested after its quarters, or after each epoch if there are fewer than four: %j; or at the end, if scores over time are not shown", (epochs, tested) => {
    const all = Array.from({ length: epochs }, (_, i) => i + 1);
    expect(all.filter((epoch) => isTested(epoch, { experiment: "classification", epochs }))).toEqual(tested);
    expect(all.filter((epoch) => isTested(epoch, { experiment: "batch-size", epochs }))).toEqual([epochs]);
  });

  it("8 epochs has scores after its quarters", async () => {
    const tiny = { source: domain({ train: 16, test: 8 }) };
    const { record } = await train(config({ method: "none", epochs: 8 }), tiny);
    expect(record.epochs.filter(({ test }) => test).map(({ epoch }) => epoch)).toEqual([2, 4, 6, 8]);
    expect(record.epochs.some(({ target }) => target)).toBe(false);
  });

  it("AdaMatch has scores of both domains", async () => {
    const { record } = await train(config({ method: "none", epochs: 1 }), both);
    expect(record.epochs[0]).toMatchObject({
      test: { accuracy: expect.any(Number) },
      target: { accuracy: expect.any(Number) },
    });
    expect(record.epochs[0]?.target).not.toEqual(record.epochs[0]?.test);
  });
});

/** Whether the values are means of consecutive parts of the others, whose lengths differ by at most 1. */
function areMeansOf(values: number[], all: number[], least: number): boolean {
  const [value, ...rest] = values;
  if (value === undefined) return all.length === 0;
  return [least, least + 1].some((length) => {
    const isMean = length > 0 && length <= all.length && Math.abs(mean(all.slice(0, length)) - value) < 1e-9;
    return isMean && areMeansOf(rest, all.slice(length), least);
  });
}

describe("at the end, recalibrated,", () => {
  it("a network with moving moments has scores by those of training images, which change nothing that is saved", async () => {
    const run = config({ normalizes: "all", momentum: 1, epochs: 2 });
    const { record, learner: state } = await train(run, domains);
    const [first, last] = record.epochs as [EpochRecord, EpochRecord];
    expect(first.recalibrated).toBeUndefined();
    // With a momentum of 1 moving moments stay 0 and 1.
    const { dataset } = domains.source;
    const learner = new Learner(run, dataset, dataset.classes);
    await learner.load(state);
    expect(await evaluate(learner, domains.source, nobody)).toEqual(last.test);
    expect(await recalibratedScores(learner, domains, nobody)).toEqual(last.recalibrated);
    expect(last.recalibrated?.test.accuracy).toBeGreaterThan((last.test?.accuracy as number) + 0.1);
    expect(last.recalibrated?.target).toBeUndefined();
    learner.dispose();
  });

  it("another domain is tested with moving moments of its own training images", async () => {
    const { source } = domains;
    const brighter = domainOf(madeUp({ seed: 2, bright: 190, dark: 110 }), source.moments);
    const run = config({ normalizes: "all", learningRate: 0.005, epochs: 4 });
    const { record } = await train(run, { source, elsewhere: brighter });
    const last = record.epochs.at(-1) as EpochRecord;
    const { record: alone } = await train(run, { source });
    expect(alone.epochs.at(-1)?.recalibrated).toEqual({ test: last.recalibrated?.test });
    expect(alone.epochs.at(-1)?.loss).toBe(last.loss);
    expect(last.recalibrated?.target?.accuracy).toBeGreaterThan((last.target?.accuracy as number) + 0.1);
  });

  it("a network without moving moments has none", async () => {
    const { record } = await train(config({ method: "uan-data", normalizes: "all", epochs: 1 }), small);
    expect(record.epochs[0]?.test).toBeDefined();
    expect(record.epochs[0]?.recalibrated).toBeUndefined();
  });
});

it("in batches of mixed domains, images of both take turns", async () => {
  const applied = vi.spyOn(Learner.prototype, "logits");
  const seen: number[][] = [];
  applied.mockImplementation(function (this: Learner, x, training) {
    if (training) seen.push([...x.dataSync().filter((_, i) => i % (x.size / x.shape[0]) === 0)]);
    return this.network.apply(x, { training }) as tf.Tensor2D;
  });
  const made = domain();
  const { train: examples } = made.dataset;
  const size = examples.images.length / examples.count;
  for (let i = 0; i < examples.count; i++) examples.images[i * size] = i % 2 === 1 ? 255 : 0;
  const run = config({ method: "none", width: 0.01 });
  await train({ ...run, data: { ...run.data, mixed: "inverted" } }, { source: made }, 1);
  applied.mockRestore();
  expect(seen).toHaveLength(4);
  for (const batch of seen) for (const [i, value] of batch.entries()) expect(value > 0.5).toBe(i % 2 === 1);
});

describe("an epoch", () => {
  it.each([
    [1, 16],
    [4, 16],
    [10, 4],
    [12, 4],
    [20, 4],
    [32, 4],
    [96, 1],
  ])("of %i steps has losses of 10 equal parts, or of every step if there are fewer", async (steps, batchSize) => {
    const gradients = vi.spyOn(Learner.prototype, "gradients");
    const run = config({ method: "none", width: 0.01, batchSize });
    const { record } = await train(run, { source: domain({ train: steps * batchSize, test: 8 }) }, 1);
    const all = gradients.mock.results.map(({ value }) => (value as { loss: number }).loss);
    gradients.mockRestore();
    const { loss, losses } = record.epochs[0] as EpochRecord;
    expect(all).toHaveLength(steps);
    expect(loss).toBeCloseTo(mean(all), 9);
    expect(losses).toHaveLength(Math.min(10, steps));
    expect(areMeansOf(losses, all, Math.floor(steps / losses.length))).toBe(true);
  });

  it("reports the share of every step, and pauses after each step and during tests", async () => {
    const shares: number[] = [];
    let pauses = 0;
    const watch = {
      step: (share: number) => void shares.push(share),
      pause: async () => void pauses++,
    };
    await trainEpoch(config({ epochs: 8 }), undefined, domains, watch);
    expect(shares).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(pauses).toBe(4);
    // Four steps, a test, recalibration and another test.
    await trainEpoch(config({ epochs: 1 }), undefined, domains, watch);
    expect(pauses).toBe(11);
  });

  it("measures the time of its steps, without pauses and tests", async () => {
    const waiting = { ...nobody, pause: () => new Promise<void>((resolve) => setTimeout(resolve, 60)) };
    const startedAt = performance.now();
    const { record } = await trainEpoch(config({ epochs: 1 }), undefined, domains, waiting);
    const all = (performance.now() - startedAt) / 1000;
    const { seconds } = record.epochs[0] as { seconds: number };
    expect(seconds).toBeGreaterThan(0);
    expect(all - seconds).toBeGreaterThan(0.28);
  });

  it("may have a smaller last batch", async () => {
    const { record } = await train(config(), { source: domain({ train: 40 }) }, 1);
    expect(record.epochs[0]?.losses).toHaveLength(3);
  });
});
