import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { ROOT } from "../../runtimes/project.js";
import { describeInChromium } from "../helpers/browser.js";
import { outcomeOf } from "./outcome.js";

const TENSORFLOW = ["core", "layers", "backend-cpu", "backend-wasm"];

/** A page of classic scripts. */
const page = (sources: string[], script: string) => `<!doctype html><link rel="icon" href="data:,">
<script>addEventListener("error", ({ message }) => { globalThis.outcome ??= { error: message }; });</script>
${sources.map((source) => `<script src="${source}"></script>`).join("\n")}
<script>${script}</script>`;

const PROGRAM = `
async function run() {
  tf.wasm.setWasmPaths("/backend-wasm/");
  await tf.setBackend("wasm");
  const [y] = await tfuan.unsupervisedAdaptiveNormalization([[3]], [[1]], [[4]], [1], { epsilon: 0 }).data();
  const layers = [tf.layers.dense({ units: 3, inputShape: [2] }), tfuan.layers.unsupervisedAdaptiveNormalization(), tf.layers.dense({ units: 1 })];
  const model = tf.sequential({ layers });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const { history } = await model.fit(tf.randomNormal([16, 2]), tf.ones([16, 1]), { epochs: 2, verbose: 0 });
  return { y, losses: history.loss, binary: tfuan.chosenWasmModule(), backend: tf.getBackend() };
}
run().then((found) => { globalThis.outcome = found; }, (error) => { globalThis.outcome = { error: error.stack }; });`;

const folders = {
  "/dist/": join(ROOT, "dist"),
  ...Object.fromEntries(TENSORFLOW.map((name) => [`/${name}/`, join(ROOT, `node_modules/@tensorflow/tfjs-${name}/dist`)])),
};
const ofTensorFlow = TENSORFLOW.map((name) => `/${name}/tf-${name}.min.js`);

describeInChromium("dist/tfuan.js", () => {
  it("defines the global tfuan in a page of classic scripts", async () => {
    const texts = { "/": page([...ofTensorFlow, "/dist/tfuan.js"], PROGRAM) };
    const outcome = await outcomeOf<{ losses: number[] }>({ texts, folders }, "/");
    expect(outcome).toEqual({
      y: expect.closeTo(1),
      losses: [expect.any(Number), expect.any(Number)],
      binary: "relaxedSimd",
      backend: "wasm",
    });
    expect(outcome.losses.every(Number.isFinite)).toBe(true);
  });

  it("reports that TensorFlow.js is missing", async () => {
    const texts = { "/": page(["/dist/tfuan.js"], "") };
    const { error } = await outcomeOf<{ error: string }>({ texts, folders }, "/");
    expect(error).toContain("tfuan: TensorFlow.js must be loaded before, as tf.min.js");
  });
});

it("dist/tfuan.js is also a CommonJS module with everything in the package", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const module = { exports: {} as Record<string, object> };
  const require = createRequire(import.meta.url);
  new Function("module", "require", readFileSync(join(ROOT, "dist/tfuan.js"), "utf8"))(module, require);
  const { layers, ...operations } = module.exports;
  expect(Object.keys(operations).sort()).toEqual(Object.keys(require("tfjs-uan")).sort());
  expect(Object.keys(layers as object).sort()).toEqual(Object.keys(require("tfjs-uan/layers")).sort());
  // There are three copies of the library now.
  expect(warn).not.toHaveBeenCalled();
});
