import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { accuracy, freeze, makeBase, type Task, taskOf, train, withHead } from "../../examples/fineTuning/tune.js";
import { readDigits } from "../../learning/data/digits.js";
import { mnistFolder } from "../../learning/data/mnist.js";
import { useBackend } from "../helpers/backends.js";
import { valuesOf } from "../helpers/models.js";

/** Weights by the names that they have in their layer: the order of a model's changes when it is frozen. */
const weightsOf = (base: tfl.Sequential) => base.layers.map((layer) => valuesOf(layer));

describe("the example of fine-tuning", () => {
  let [learned, asked]: Task[] = [];
  beforeAll(async () => {
    await useBackend("wasm");
    const { training } = await readDigits((file) => readFile(join(mnistFolder(), file)), 300, 1);
    [learned, asked] = [taskOf(training, 0), taskOf(training, 5)];
  });

  it.each([
    true,
    false,
  ])("trains a new head, and keeps the base as it was where it is frozen as Keras freezes: %s", async (asKeras) => {
    const base = makeBase();
    const first = withHead(base);
    await train(first, learned as Task, 2, 16);
    const before = { weights: weightsOf(base), accuracy: accuracy(first, learned as Task) };
    expect(before.accuracy).toBeGreaterThan(0.7);
    freeze(base, asKeras);
    const second = withHead(base);
    const untrained = accuracy(second, asked as Task);
    await train(second, asked as Task, 4, 8);
    expect(accuracy(second, asked as Task)).toBeGreaterThan(Math.max(0.6, untrained));
    const after = { weights: weightsOf(base), accuracy: accuracy(first, learned as Task) };
    if (asKeras) {
      expect(after).toEqual(before);
    } else {
      // Beta, gamma and the filters stay; moving averages do not.
      const stayed = after.weights.map((layer, i) => layer.map((values, j) => String(values) === String(before.weights[i]?.[j])));
      expect(stayed.flat()).toEqual([true, true, true, true, false, false, true, true, true, true, false, false]);
    }
  });
});
