import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import "tfjs-uan";
import type { RunConfig } from "../../../paper/config.js";
import { imageTensor, labelTensor } from "../../../paper/training/batches.js";
import { Learner } from "../../../paper/training/learner.js";
import { useBackend } from "../../helpers/backends.js";
import { config, domain, fingerprint, first, METHOD_NAMES } from "./setting.js";

const source = domain();
const { dataset } = source;
const examples = first(dataset.train, 16);

beforeAll(() => useBackend("wasm"));

const learnerOf = (run: RunConfig) => new Learner(run, dataset, dataset.classes);

function steps(learner: Learner, count: number): number[] {
  const [x, y] = [imageTensor(examples, source), labelTensor(examples, dataset.classes)];
  const losses = Array.from({ length: count }, () => {
    const { loss, gradients } = learner.gradients(() => tf.losses.softmaxCrossEntropy(y, learner.logits(x, true)) as tf.Scalar);
    learner.apply(gradients);
    tf.dispose(gradients);
    return loss;
  });
  tf.dispose([x, y]);
  return losses;
}

function logits(learner: Learner): Float32Array {
  return tf.tidy(() => learner.logits(imageTensor(examples, source), false).dataSync<"float32">().slice());
}

const untrained = (learner: Learner) => learner.network.nonTrainableWeights.map((weight) => [...weight.read().dataSync()]);

describe.each(METHOD_NAMES)("%s", (method) => {
  it("continues from a saved state with the same numbers", async () => {
    const learner = learnerOf(config({ method }));
    steps(learner, 2);
    const state = await learner.save();
    const kept = fingerprint(state);
    const other = learnerOf(config({ method }));
    expect(logits(other)).not.toEqual(logits(learner));
    await other.load(state);
    expect(logits(other)).toEqual(logits(learner));

    // Adam computes its step numbers again, in another order of operations.
    const [own, others] = [steps(learner, 3), steps(other, 3)];
    for (const [i, loss] of own.entries()) expect(others[i]).toBeCloseTo(loss, 5);
    expect(own[2]).toBeLessThan(own[0] as number);
    expect(fingerprint(state)).toEqual(kept);
    expect(fingerprint(await learner.save())).not.toEqual(kept);
    for (const one of [learner, other]) one.dispose();
  });

  it("leaves no tensor behind", async () => {
    const { numTensors } = tf.memory();
    const learner = learnerOf(config({ method }));
    steps(learner, 2);
    const again = learnerOf(config({ method }));
    await again.load(await learner.save());
    steps(again, 1);
    const x = imageTensor(examples, source);
    expect(again.predict(x)).toHaveLength(examples.count);
    x.dispose();
    for (const one of [learner, again]) one.dispose();
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});

it.each([
  "bn",
  "mn",
  "uan-standardize",
  "brn",
  "uan-moments",
] as const)("%s: what is not trained moves, but not without moving", (method) => {
  const learner = learnerOf(config({ method }));
  const x = imageTensor(examples, source);
  steps(learner, 1);
  const before = untrained(learner);
  expect(before.length).toBeGreaterThan(0);
  const { numTensors } = tf.memory();

  const still = learner.withoutMoving(() => learner.logits(x, true));
  expect(untrained(learner)).toEqual(before);
  expect(tf.memory().numTensors).toBe(numTensors + 1);
  const moved = learner.logits(x, true);
  for (const [i, values] of untrained(learner).entries()) expect(values).not.toEqual(before[i]);
  expect(still.dataSync()).toEqual(moved.dataSync());
  tf.dispose([x, still, moved]);
  learner.dispose();
});

it("returns the gradients of only the trained weights, and the loss as a number", () => {
  const learner = learnerOf(config({ method: "uan-random" }));
  const [x, y] = [imageTensor(examples, source), labelTensor(examples, dataset.classes)];
  const loss = () => tf.losses.softmaxCrossEntropy(y, learner.logits(x, true)) as tf.Scalar;
  const { gradients, loss: value } = learner.gradients(loss);
  expect(Object.keys(gradients)).toEqual(learner.variables.map(({ name }) => name));
  expect(learner.variables).toHaveLength(learner.network.trainableWeights.length);
  expect(value).toBe(tf.tidy(() => loss().dataSync()[0]));
  tf.dispose([x, y, ...Object.values(gradients)]);
  learner.dispose();
});
