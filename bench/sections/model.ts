import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import type { Row } from "../results.js";
import { replaced, timeInRounds } from "../rounds.js";
import { timedRows } from "../rows.js";
import type { Section } from "../section.js";

const BATCHES = [1, 32];
const INPUT = [32, 32, 3];
const CLASSES = 10;
/** Activations of an image after the first convolution. */
const ACTIVATIONS = 32 * 32 * 32;

const REFERENCE = "batch normalization";
const NOTHING_REPLACED = "batch normalization, nothing replaced";
const NORMALIZATIONS: Record<string, () => tfl.layers.Layer[]> = {
  [REFERENCE]: () => [tfl.layers.batchNormalization()],
  [NOTHING_REPLACED]: () => [tfl.layers.batchNormalization()],
  "tfjs-uan": () => [unsupervisedAdaptiveNormalization()],
  "no normalization": () => [],
};

function makeModel(normalization: () => tfl.layers.Layer[]): tfl.Sequential {
  const stage = (filters: number, input?: number[]) => [
    tfl.layers.conv2d({ filters, kernelSize: 3, padding: "same", ...(input && { inputShape: input }) }),
    ...normalization(),
    tfl.layers.reLU(),
    tfl.layers.maxPooling2d({ poolSize: 2 }),
  ];
  const output = [tfl.layers.flatten(), tfl.layers.dense({ units: CLASSES, activation: "softmax" })];
  const model = tfl.sequential({ layers: [...stage(32, INPUT), ...stage(64), ...stage(128), ...output] });
  model.compile({ optimizer: "adam", loss: "categoricalCrossentropy" });
  return model;
}

export const model: Section = {
  name: "model",
  question: "What is the cost of normalization in a whole network?",
  async run({ seconds, rounds, largest, progress }) {
    const note =
      `A CNN of tf.layers on [${INPUT.join(", ")}]: convolutions 3×3 of 32, 64 and 128 channels, each with a normalization, ` +
      "ReLU and a pool of 2×2; UAN with K = 3; Adam. The library's kernels replace the backend's, also that of tf.batchNorm, except in " +
      "rows that say so.";
    const tables = { predict: [] as Row[], trainOnBatch: [] as Row[] };
    for (const batch of BATCHES) {
      if (batch * ACTIVATIONS > largest) continue;
      progress(`batch ${batch}`);
      const x = tf.randomNormal([batch, ...INPUT], 0, 1, "float32", 1);
      const y = tf.tidy(() => tf.oneHot(tf.zeros([batch], "int32"), CLASSES));
      const names = Object.entries(NORMALIZATIONS).filter(([name]) => name !== NOTHING_REPLACED || tf.getBackend() === "wasm");
      const models = names.map(([name, make]) => ({ name, model: makeModel(make) }));
      const time = async (call: (model: tfl.Sequential) => () => void | Promise<void>) => {
        const calls = models.map(({ name, model }) => [name, name === NOTHING_REPLACED ? call(model) : replaced(call(model))]);
        return timedRows({ case: `${batch}` }, await timeInRounds(Object.fromEntries(calls), seconds, rounds), REFERENCE);
      };
      tables.trainOnBatch.push(...(await time((model) => async () => void (await model.trainOnBatch(x, y)))));
      tables.predict.push(...(await time((model) => () => tf.dispose(model.predict(x)))));
      for (const { model } of models) model.dispose();
      tf.dispose([x, y]);
    }
    return Object.entries(tables).map(([title, rows]) => ({ title, axis: "batch", note, rows }));
  },
};
