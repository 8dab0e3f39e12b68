import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it, vi } from "vitest";
import "tfjs-uan";
import { toStandard } from "../../../learning/data/dataset.js";
import { Random } from "../../../learning/random.js";
import type { MethodName } from "../../../paper/methods.js";
import { adaMatchLoss, alignDistribution, confident, targetWeight } from "../../../paper/training/adaMatch.js";
import type { Domain } from "../../../paper/training/batches.js";
import { Learner } from "../../../paper/training/learner.js";
import { useBackend } from "../../helpers/backends.js";
import { expectClose } from "../../helpers/closeness.js";
import { config, domain, first } from "./setting.js";

const domains = {
  source: domain({ channels: 3 }),
  target: domain({ channels: 3, seed: 2, bright: 120, dark: 90 }),
};
const COUNT = 8;
const CLASSES = 4;
const labelled = first(domains.source.dataset.train, COUNT);
const unlabelled = first(domains.target.dataset.train, COUNT);

beforeAll(() => useBackend("wasm"));

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("the weight of the target domain", () => {
  it("rises from 0 to 1 in the first half, as a cosine, and then stays 1", () => {
    const weights: [done: number, weight: number][] = [
      [0, 0],
      [1 / 6, 0.25],
      [1 / 4, 0.5],
      [1 / 3, 0.75],
      [1 / 2, 1],
      [0.6, 1],
      [1, 1],
    ];
    for (const [done, weight] of weights) expect(targetWeight(done)).toBeCloseTo(weight, 12);
  });
});

describe("distribution alignment", () => {
  const align = (target: number[][], source: number[][]) =>
    tf.tidy(() => alignDistribution(tf.tensor2d(target), tf.tensor2d(source)).arraySync());

  it("multiplies each class by the ratio of source mean to target mean, and scales rows to sums of 1", () => {
    // Means of the target: 0.7, 0.3; of the source: 0.3, 0.7. Ratios: 3/7, 7/3.
    const target = [
      [0.5, 0.5],
      [0.9, 0.1],
    ];
    const source = [
      [0.2, 0.8],
      [0.4, 0.6],
    ];
    // 3/14 to 7/6 is 9 to 49; 27/70 to 7/30 is 81 to 49.
    const wanted = [9 / 58, 49 / 58, 81 / 130, 49 / 130];
    expectClose(align(target, source).flat(), wanted, 1e-5);
  });

  it("does not change a target with the source's means", () => {
    const target = [
      [0.7, 0.2, 0.1],
      [0.1, 0.4, 0.5],
    ];
    expectClose(align(target, [[0.4, 0.3, 0.3]]).flat(), target.flat(), 1e-5);
  });

  it("gives rows with sums of 1, also if a class has no probability in the source's batch", () => {
    const target = [
      [0, 1, 0],
      [0.2, 0.3, 0.5],
    ];
    const rows = align(target, [[0.5, 0, 0.5]]);
    for (const row of rows) expect(row.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  });

  it("gives rows with sums of 1 for random rows", () => {
    const random = new Random(3, "test");
    const rows = (count: number) =>
      Array.from({ length: count }, () => {
        const values = Array.from({ length: 5 }, () => random.next() ** 4);
        return values.map((value) => value / (5 * mean(values)));
      });
    for (const row of align(rows(30), rows(20))) expect(5 * mean(row)).toBeCloseTo(1, 5);
  });
});

it("confident selects rows whose largest entry is at least 0.9 times the mean of the source's largest entries", () => {
  // The largest of the source: 0.9 and 0.7, 0.8 on average. Wanted: 0.72.
  const source = [
    [0.9, 0.1],
    [0.3, 0.7],
  ];
  const target = [
    [0.73, 0.27],
    [0.71, 0.29],
    [0.2, 0.8],
    [0.5, 0.5],
  ];
  const mask = tf.tidy(() => confident(tf.tensor2d(target), tf.tensor2d(source)).arraySync());
  expect(mask).toEqual([1, 0, 1, 0]);
});

/** Keeps the numbers that it has drawn. */
class Recorded extends Random {
  readonly drawn: number[] = [];
  override next(): number {
    const value = super.next();
    this.drawn?.push(value); // the constructor draws, too
    return value;
  }
}

/** A step's loss, its input images, and the network's logits. */
function observed(method: MethodName, done: number) {
  const run = config({ method, normalizes: "all" });
  const learner = new Learner(run, domains.source.dataset, CLASSES);
  const random = new Recorded(1, "test");
  const step = adaMatchLoss(learner, domains, labelled, unlabelled, done, random);
  const lambda = random.drawn.slice(-2 * COUNT * CLASSES).map(Math.fround);
  const passes: { training: boolean; x: Float32Array; logits: number[][] }[] = [];
  const logits = learner.logits.bind(learner);
  vi.spyOn(learner, "logits").mockImplementation((x, training) => {
    const result = logits(x, training);
    passes.push({ training, x: x.dataSync<"float32">().slice(), logits: result.arraySync() });
    return result;
  });
  const untrained = () => learner.network.nonTrainableWeights.map((weight) => [...weight.read().dataSync()]);
  const { loss, gradients } = learner.gradients(step.loss);
  const read = learner.variables.map(({ name }) => [...(gradients[name] as tf.Tensor).dataSync()]);
  tf.dispose(gradients);
  const [together, alone] = passes as [(typeof passes)[number], (typeof passes)[number]];
  const finish = () => {
    step.dispose();
    learner.dispose();
  };
  return { run, learner, step, lambda, together, alone, passes, loss, gradients: read, untrained: untrained(), finish };
}

const softmax = (row: number[]) => {
  const powers = row.map((value) => Math.exp(value - Math.max(...row)));
  return powers.map((power) => power / (row.length * mean(powers)));
};
const crossEntropy = (labels: number[], logits: number[]) =>
  -labels.reduce((sum, label, k) => sum + label * Math.log(softmax(logits)[k] as number), 0);
const column = (rows: number[][], k: number) => rows.map((row) => row[k] as number);

/** Pseudo-labels of weakly augmented images, and whether they count, from logits: equations 4 to 6, in float64. */
function pseudo(sourceWeak: number[][], targetWeak: number[][]) {
  const [sure, guessed] = [sourceWeak.map(softmax), targetWeak.map(softmax)];
  const labels = guessed.map((row) => {
    const scaled = row.map((value, k) => (value * mean(column(sure, k))) / mean(column(guessed, k)));
    return scaled.map((value) => value / (CLASSES * mean(scaled)));
  });
  const threshold = 0.9 * mean(sure.map((row) => Math.max(...row)));
  const mask = labels.map((row) => (Math.max(...row) >= threshold ? 1 : 0));
  return { labels, mask };
}

type Observed = ReturnType<typeof observed>;

/** The parts of the loss, computed from a step's logits. */
function parts({ together, alone, lambda }: Observed) {
  const mixed = alone.logits.map((row, i) =>
    row.map((value, k) => {
      const share = lambda[i * CLASSES + k] as number;
      return share * (together.logits[i]?.[k] as number) + (1 - share) * value;
    }),
  );
  const part = (logits: number[][], index: number) => logits.slice(index * COUNT, (index + 1) * COUNT);
  const hot = Array.from(labelled.labels, (label) => Array.from({ length: CLASSES }, (_, k) => (k === label ? 1 : 0)));
  const source = [0, 1].map((index) => mean(part(mixed, index).map((row, i) => crossEntropy(hot[i] as number[], row))));
  const { labels, mask } = pseudo(part(mixed, 0), part(together.logits, 2));
  const target = mean(part(together.logits, 3).map((row, i) => (mask[i] as number) * crossEntropy(labels[i] as number[], row)));
  return { source: (source[0] as number) + (source[1] as number), target, labels, mask };
}

describe.each(["none", "bn", "uan-standardize"] as const)("a step, %s", (method) => {
  it.each([0, 0.2, 0.8])("has the loss of the paper's formulas, after a share of %d of the training", (done) => {
    const step = observed(method, done);
    const { source, target, mask } = parts(step);
    expect(step.passes.map(({ training }) => training)).toEqual([true, true]);
    expect(step.together.logits).toHaveLength(4 * COUNT);
    expect(step.alone.logits).toHaveLength(2 * COUNT);
    expect(step.loss).toBeCloseTo(source + targetWeight(done) * target, 4);
    expect(mask).toContain(1);
    expect(target).toBeGreaterThan(0.05);
    step.finish();
  });
});

it("interpolates each logit by its own random number, between a pass over both domains and one over the source alone", () => {
  const step = observed("bn", 0.5);
  expect(new Set(step.lambda).size).toBe(2 * COUNT * CLASSES);
  const apart = step.alone.logits.map((row, i) => Math.abs((row[0] as number) - (step.together.logits[i]?.[0] as number)));
  expect(Math.max(...apart)).toBeGreaterThan(0.05);
  step.finish();
});

it("passes the source weakly and strongly augmented, then the target, each standardized by its domain's moments", () => {
  const step = observed("none", 0.5);
  const size = step.together.x.length / (4 * COUNT);
  const part = (index: number) => [...step.together.x.subarray(index * COUNT * size, (index + 1) * COUNT * size)];
  expect([...step.alone.x]).toEqual([...part(0), ...part(1)]);
  const distance = (images: number[], of: Domain, examples: typeof labelled) => {
    const standard = toStandard(examples.images, of.moments);
    return mean(images.map((value, i) => Math.abs(value - (standard[i] as number))));
  };
  const { source, target } = domains;
  const [weak, strong] = [distance(part(0), source, labelled), distance(part(1), source, labelled)];
  const [targetWeak, targetStrong] = [distance(part(2), target, unlabelled), distance(part(3), target, unlabelled)];
  expect(weak).toBeLessThan(0.75 * strong);
  expect(targetWeak).toBeLessThan(0.75 * targetStrong);
  expect(targetWeak).toBeLessThan(distance(part(2), source, unlabelled));
  step.finish();
});

/** The gradients of the paper's loss with the given pseudo-labels; by default they are computed, and gradients go through them. */
function plainGradients({ together, learner }: Observed, done: number, counting: number[], given?: number[][]): number[][] {
  vi.restoreAllMocks();
  const { height, width, channels } = domains.source.dataset;
  return tf.tidy(() => {
    const x = tf.tensor4d(together.x, [4 * COUNT, height, width, channels]);
    const y = tf.oneHot(tf.tensor1d(labelled.labels, "int32"), CLASSES);
    const loss = () => {
      const all = tf.split(learner.logits(x, true), 4) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const [sourceWeak, sourceStrong, targetWeak, targetStrong] = all;
      const source = [sourceWeak, sourceStrong].map((logits) => tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar);
      const labels = given ? tf.tensor2d(given) : alignDistribution(tf.softmax(targetWeak), tf.softmax(sourceWeak));
      const entropies = tf.neg(tf.sum(tf.mul(labels, tf.logSoftmax(targetStrong)), 1));
      return tf.addN([...source, tf.mul(tf.mean(tf.mul(counting, entropies)), targetWeight(done))]) as tf.Scalar;
    };
    const { grads } = tf.variableGrads(loss, learner.variables);
    return learner.variables.map(({ name }) => [...(grads[name] as tf.Tensor).dataSync()]);
  });
}

it("has the gradient for constant pseudo-labels, in a network without normalization", () => {
  const step = observed("none", 0.5); // both passes give the same logits, so that the interpolation does not matter
  expectClose(step.alone.logits.flat(), step.together.logits.slice(0, 2 * COUNT).flat(), 1e-5);
  const got = step.gradients.flat();
  const size = Math.sqrt(got.reduce((sum, value) => sum + value ** 2, 0));
  const apart = (others: number[][]) => Math.hypot(...others.flat().map((value, i) => value - (got[i] as number))) / size;
  const { labels, mask } = parts(step);
  expect(apart(plainGradients(step, 0.5, mask, labels))).toBeLessThan(1e-4);
  // Gradients through pseudo-labels, or without the target domain, would be different.
  expect(apart(plainGradients(step, 0.5, mask))).toBeGreaterThan(0.01);
  expect(apart(plainGradients(step, 0, mask, labels))).toBeGreaterThan(0.01);
  step.finish();
});

it.each([
  "bn",
  "uan-standardize",
  "uan-moments",
] as const)("%s: what is not trained is moved by the pass of both domains alone", (method) => {
  const step = observed(method, 0.5);
  const { height, width, channels } = domains.source.dataset;
  const other = new Learner(step.run, domains.source.dataset, CLASSES);
  const x = tf.tensor4d(step.together.x, [4 * COUNT, height, width, channels]);
  const before = other.network.nonTrainableWeights.map((weight) => [...weight.read().dataSync()]);
  other.logits(x, true).dispose();
  const once = other.network.nonTrainableWeights.map((weight) => [...weight.read().dataSync()]);
  expect(once).not.toEqual(before);
  expect(step.untrained).toEqual(once);
  x.dispose();
  other.dispose();
  step.finish();
});

it("computes the same loss at each call, and leaves no tensor behind", () => {
  const { numTensors } = tf.memory();
  const step = observed("ln", 0.5);
  expect(tf.tidy(() => step.step.loss().dataSync()[0])).toBe(step.loss);
  step.finish();
  expect(tf.memory().numTensors).toBe(numTensors);
});
