import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../helpers/backends.js";
import { expectCloseToLargest } from "../helpers/closeness.js";
import { type Fitted, fitted } from "./fitted.js";
import { MODELS } from "./models.js";
import { type Trained, trainEveryLayer } from "./steps.js";

// python/tests compares with what the layers did once: here it is held equal to what they do.

const read = (file: string): Buffer => readFileSync(fileURLToPath(new URL(`../../python/tests/data/${file}`, import.meta.url)));
const json = (file: string): unknown => JSON.parse(read(file).toString());

describe("python/tests/data", () => {
  beforeAll(() => useBackend("cpu"));

  it("has what training does to every layer, within 2e-5 of the largest", async () => {
    const [kept, now] = [json("steps.json") as Trained[], await trainEveryLayer()];
    expect(now.map(({ name, className }) => [name, className])).toEqual(kept.map(({ name, className }) => [name, className]));
    const numbers = (all: Trained[]) =>
      all.flatMap(({ steps, inference }) => [...steps.flatMap(({ y, dx, weights }) => [y, dx, ...weights]), inference]);
    const wanted = numbers(kept);
    numbers(now).forEach(({ values }, i) => {
      expectCloseToLargest(values, wanted[i]?.values ?? [], 2e-5, `numbers ${i}`);
    });
  });

  it.each(Object.entries(MODELS))("has the model '%s' and its predictions, within 1e-4 of the largest", async (name, make) => {
    const kept = json(`${name}/predictions.json`) as Fitted["data"];
    const { data, weights } = await fitted(make());
    expect(weights.length).toBe(read(`${name}/weights.bin`).length);
    expect(data.inputs).toEqual(kept.inputs);
    data.outputs.forEach(({ values }, i) => {
      expectCloseToLargest(values, kept.outputs[i]?.values ?? [], 1e-4, `output ${i}`);
    });
  });

  it.each([
    "convolutional",
    "functional",
  ])("has the model '%s', which loads under the names that Python registers", async (name) => {
    const { modelTopology, weightsManifest } = json(`${name}/model.json`) as tf.io.ModelJSON;
    const ours = /"(UnsupervisedAdaptiveNormalization|MixtureNormalization|BatchNormalizationWithPrior)"/g;
    const named = JSON.stringify(modelTopology).replace(ours, '"tfuan>$1"');
    expect(named).toContain("tfuan>");
    const weightSpecs = weightsManifest.flatMap(({ weights }) => weights).filter(({ group }) => group !== "optimizer");
    const weightData = new Uint8Array(read(`${name}/weights.bin`)).buffer;
    const artifacts = { modelTopology: JSON.parse(named) as object, weightSpecs, weightData };
    const model = await tfl.loadLayersModel(tf.io.fromMemory(artifacts));
    const { inputs, outputs } = json(`${name}/predictions.json`) as Fitted["data"];
    const x = inputs.map(({ shape, values }) => tf.tensor(values, shape));
    [model.predict(x.length === 1 ? (x[0] as tf.Tensor) : x)].flat().forEach((y, i) => {
      expectCloseToLargest(y.dataSync<"float32">(), outputs[i]?.values ?? [], 1e-5, `output ${i}`);
    });
  });
});
