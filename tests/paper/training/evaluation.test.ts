import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, it, vi } from "vitest";
import "tfjs-uan";
import { scores } from "../../../paper/metrics.js";
import { domainOf, imageTensor } from "../../../paper/training/batches.js";
import { evaluate } from "../../../paper/training/evaluation.js";
import { Learner } from "../../../paper/training/learner.js";
import { useBackend } from "../../helpers/backends.js";
import { config, domain, madeUp, nobody } from "./setting.js";

const source = domain({ test: 620 });
const { dataset } = source;
const { test } = dataset;

beforeAll(() => useBackend("wasm"));

it("predicts all test images in batches, with the same result as one pass, and leaves no tensor behind", async () => {
  const learner = new Learner(config(), dataset, dataset.classes);
  const x = imageTensor(test, source);
  const all = learner.predict(x);
  x.dispose();
  const { numTensors } = tf.memory();
  const predict = vi.spyOn(learner, "predict");
  const got = await evaluate(learner, source, nobody);
  const batches = predict.mock.results.map(({ value }) => [...(value as Int32Array)]);
  expect(batches.map(({ length }) => length)).toEqual([250, 250, 120]);
  expect(batches.flat()).toEqual([...all]);
  expect(got).toEqual(scores(all, test.labels));
  expect(got.accuracy).toBeGreaterThan(0);
  expect(got.accuracy).toBeLessThan(1);
  expect(tf.memory().numTensors).toBe(numTensors);
  learner.dispose();
});

it("predicts the classes of the largest logits, in inference, without updating moving averages", async () => {
  const learner = new Learner(config(), dataset, dataset.classes);
  const x = imageTensor(test, source);
  const logits = tf.tidy(() => learner.network.predict(x) as tf.Tensor2D).arraySync() as number[][];
  expect([...learner.predict(x)]).toEqual(logits.map((row) => row.indexOf(Math.max(...row))));
  const weights = () => learner.network.getWeights().map((weight) => [...weight.dataSync()]);
  const before = weights();
  await evaluate(learner, source, nobody);
  expect(weights()).toEqual(before);
  learner.dispose();
});

it("standardizes images by the domain's moments", () => {
  const [own, other] = [domainOf(madeUp()), domainOf(madeUp(), { mean: [0.5], deviation: [0.25] })];
  const { train } = own.dataset;
  const numbers = tf.tidy(() => imageTensor(train, own).dataSync<"float32">());
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  expect(mean).toBeCloseTo(0, 4);
  expect(numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / numbers.length).toBeCloseTo(1, 4);
  const others = tf.tidy(() => imageTensor(train, other).dataSync<"float32">());
  expect(others[5]).toBeCloseTo(((train.images[5] as number) / 255 - 0.5) / 0.25, 5);
});
