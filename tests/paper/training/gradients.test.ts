import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import "tfjs-uan";
import { pick } from "../../../learning/data/dataset.js";
import { generator, normal, Random } from "../../../learning/random.js";
import type { RunConfig } from "../../../paper/config.js";
import { kernelLayers } from "../../../paper/network.js";
import { imageTensor, labelTensor } from "../../../paper/training/batches.js";
import { ALONG, GradientObserver, type GradientRecord } from "../../../paper/training/gradients.js";
import { Learner } from "../../../paper/training/learner.js";
import { useBackend } from "../../helpers/backends.js";
import { config, domain, METHOD_NAMES, outcome, train } from "./setting.js";

const source = domain();
const { dataset } = source;
const LAYERS = ["convolution 1", "convolution 2", "convolution 3", "convolution 4", "dense"];

beforeAll(() => useBackend("wasm"));

const learnerOf = (run: RunConfig) => new Learner(run, dataset, dataset.classes);
const kernelsOf = (learner: Learner) =>
  kernelLayers(learner.network).map((layer) => layer.trainableWeights[0]?.read() as tf.Variable);

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const dot = (a: number[], b: number[]) => sum(a.map((value, i) => value * (b[i] as number)));
const norm = (values: number[]) => Math.sqrt(dot(values, values));
const meanSquare = (values: number[]) => dot(values, values) / values.length;
const angle = (a: number[], b: number[]) => (Math.acos(Math.min(1, dot(a, b) / (norm(a) * norm(b)))) * 180) / Math.PI;
const difference = (a: number[], b: number[]) => a.map((value, i) => value - (b[i] as number));

function expectNear(actual: number[], expected: number[], relative: number): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(Math.abs((actual[i] as number) - value)).toBeLessThan(relative * Math.abs(value));
  }
}

describe.each(METHOD_NAMES)("%s", (method) => {
  it("learns the same with and without being observed", async () => {
    const run = config({ method });
    const on = { source: domain({ train: 32, test: 16 }) };
    const plain = outcome(await train(run, on));
    const { record, weights } = outcome(await train({ ...run, observe: "gradients" }, on));
    const { gradients, ...rest } = record;
    expect(rest).toEqual(plain.record);
    expect(weights).toEqual(plain.weights);
    expect(gradients?.map(({ at }) => at)).toEqual([0.5, 1, 1.5, 2]);
    const numbers = gradients?.flatMap(({ layers, turn, change }) => [
      ...layers.flatMap((layer) => [layer.norm, layer.variance, layer.fluctuation]),
      ...turn,
      ...change,
    ]);
    expect(numbers?.every((number) => Number.isFinite(number) && number >= 0)).toBe(true);
  });
});

/** Gradients of the kernels, one after another, on the first batch of a run's first epoch. */
function gradients(learner: Learner, seed: number): number[][] {
  const batch = pick(dataset.train, new Random(seed, "order", 1).order(dataset.train.count).subarray(0, 16));
  return tf.tidy(() => {
    const [x, y] = [imageTensor(batch, source), labelTensor(batch, dataset.classes)];
    const loss = () => tf.neg(tf.mean(tf.sum(tf.mul(y, tf.logSoftmax(learner.logits(x, true))), 1))) as tf.Scalar;
    const { grads } = tf.variableGrads(loss, kernelsOf(learner));
    return kernelsOf(learner).map(({ name }) => [...(grads[name] as tf.Tensor).dataSync()]);
  });
}

/** The first record is computed in another way: by moves of the network from its start, not from its end. */
it.each(["none", "bn", "uan-data"] as const)("%s: the first record agrees with the definitions", async (method) => {
  const run = config({ method, observe: "gradients", seed: 3, learningRate: 0.005 });
  const { record } = await train(run, { source }, 1);
  const recorded = record.gradients?.[0] as GradientRecord;

  const learner = learnerOf(run);
  const start = gradients(learner, 3); // sets UAN's parameters by the data start
  const { layers, turn, change } = recorded;
  expect(layers.map(({ layer }) => layer)).toEqual(LAYERS);
  expectNear(
    layers.map((layer) => layer.norm),
    start.map(norm),
    1e-4,
  );
  // A single step has neither fluctuation nor variance.
  expect(layers.map(({ fluctuation }) => fluctuation)).toEqual([0, 0, 0, 0, 0]);
  for (const [i, layer] of layers.entries()) expect(layer.variance).toBeLessThan(1e-9 * meanSquare(start[i] as number[]));

  const before = learner.variables.map((variable) => variable.arraySync());
  const batch = pick(dataset.train, new Random(3, "order", 1).order(dataset.train.count).subarray(0, 16));
  const [x, y] = [imageTensor(batch, source), labelTensor(batch, dataset.classes)];
  const all = learner.gradients(() => tf.losses.softmaxCrossEntropy(y, learner.logits(x, true)) as tf.Scalar);
  learner.apply(all.gradients);
  const steps = learner.variables.map((variable, i) => tf.sub(variable, before[i] as tf.TensorLike));
  const others = ALONG.map((far) => {
    learner.variables.forEach((variable, i) => {
      variable.assign(tf.add(before[i] as tf.TensorLike, tf.mul(steps[i] as tf.Tensor, far)));
    });
    return gradients(learner, 3).flat();
  });
  const flat = start.flat();
  expectNear(
    turn,
    others.map((other) => angle(flat, other)),
    1e-2,
  );
  expectNear(
    change,
    others.map((other) => norm(difference(other, flat)) / norm(flat)),
    1e-2,
  );
  expect(Math.min(...turn)).toBeGreaterThan(0.1);
  tf.dispose([x, y, ...steps, ...Object.values(all.gradients)]);
  learner.dispose();
});

/** For each kernel, constant numbers. */
function constants(learner: Learner): tf.Tensor[] {
  return kernelsOf(learner).map(({ shape, size }, i) => tf.tensor(normal(generator(i + 1), size, 1, 0.5), shape));
}

describe("of a loss with a known gradient", () => {
  it.each([
    [1, 1],
    [4, 4],
    [10, 10],
    [25, 10],
  ])("%i steps have %i records, each over the steps since the record before", (steps, records) => {
    const learner = learnerOf(config({ method: "none" }));
    const weights = constants(learner);
    const observer = new GradientObserver(learner, steps, 3);
    const factors = Array.from({ length: steps }, (_, i) => 1 + ((7 * i) % 5));
    const losses = factors.map((factor) => {
      const parts = () => kernelsOf(learner).map((kernel, i) => tf.sum(tf.mul(kernel, weights[i] as tf.Tensor)));
      const value = tf.tidy(() => sum(parts().map((part) => part.dataSync()[0] as number)) * factor);
      const loss = observer.step(() => tf.mul(tf.addN(parts()), factor) as tf.Scalar);
      expectNear([loss], [value], 1e-3);
      return loss;
    });
    expect(losses[1] ?? Number.NEGATIVE_INFINITY).not.toBe(losses[0]);

    expect(observer.records).toHaveLength(records);
    let done = 0;
    for (const { at, layers, turn, change } of observer.records) {
      const end = Math.round((at - 3) * steps);
      expect(at).toBe(3 + end / steps);
      const own = factors.slice(done, end);
      done = end;
      const mean = sum(own) / own.length;
      const deviation = own.length === 1 ? 0 : Math.sqrt(sum(own.map((factor) => (factor - mean) ** 2)) / (own.length - 1));
      for (const [i, layer] of layers.entries()) {
        const values = [...(weights[i] as tf.Tensor).dataSync()];
        const { norm: gotNorm, variance: gotVariance, fluctuation } = layer;
        expectNear([gotNorm], [mean * norm(values)], 1e-5);
        const wanted = (meanSquare(own) - mean ** 2) * meanSquare(values);
        expect(Math.abs(gotVariance - wanted)).toBeLessThan(1e-5 * meanSquare(own) * meanSquare(values));
        expect(fluctuation).toBeCloseTo(deviation / mean, 6);
      }
      // The gradient of a linear loss is the same everywhere.
      for (const turned of turn) expect(turned).toBeCloseTo(0, 3);
      for (const changed of change) expect(changed).toBeCloseTo(0, 6);
    }
    expect(done).toBe(steps);
    tf.dispose(weights);
    learner.dispose();
  });

  it("a quadratic turns as Adam's first step predicts, whose entries all have the size of the learning rate", () => {
    const rate = 0.02;
    const learner = learnerOf(config({ method: "none", learningRate: rate }));
    const start = kernelsOf(learner).flatMap((kernel) => [...kernel.dataSync()]);
    const { numTensors } = tf.memory();
    const observer = new GradientObserver(learner, 1, 0);
    const squares = () => kernelsOf(learner).map((kernel) => tf.sum(tf.square(kernel)));
    observer.step(() => tf.div(tf.addN(squares()), 2) as tf.Scalar); // its gradient equals the kernels
    const [{ turn, change }] = observer.records as [GradientRecord];
    const others = ALONG.map((far) => start.map((value) => value - far * rate * Math.sign(value)));
    expectNear(
      turn,
      others.map((other) => angle(start, other)),
      1e-3,
    );
    expectNear(
      change,
      ALONG.map((far) => (far * rate * Math.sqrt(start.length)) / norm(start)),
      1e-3,
    );
    expect(ALONG).toEqual([0.5, 1, 2, 4]);
    const end = kernelsOf(learner).flatMap((kernel) => [...kernel.dataSync()]);
    expectNear(
      difference(start, end),
      start.map((value) => rate * Math.sign(value)),
      1e-2,
    );
    expect(tf.memory().numTensors).toBe(numTensors + 2 * kernelsOf(learner).length); // Adam's moments
    learner.dispose();
  });
});
