// npx tsx examples/toPython.ts, after npm run build. With `begin FOLDER`: a network with UAN learns digits for a while, and is saved for
// Python. With `check FOLDER`: a network that came back, as python/examples/two_workers.py leaves it, predicts what it predicted there.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { unsupervisedAdaptiveNormalization } from "tfjs-uan/layers";
import { DataError } from "../learning/data/dataError.js";
import { CLASSES, PIXELS, readDigits, SIDE } from "../learning/data/digits.js";
import { mnistFolder } from "../learning/data/mnist.js";
import { OptionError, runProgram } from "../reporting/program.js";
import { BackendError } from "../runtimes/backends.js";
import { filesOf, modelIn, writeModel } from "../runtimes/modelFiles.js";
import { startNodeBackend } from "../runtimes/nodeBackend.js";

const DIGITS = 2000;
/** Largest difference of a prediction here and in Python, of the largest prediction where that is above 1. */
const BOUND = 1e-5;

function network(): tfl.Sequential {
  const kernel = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotUniform({ seed }) });
  const normalization = () => unsupervisedAdaptiveNormalization({ standardize: false });
  const [filters, strides] = [16, 2];
  return tfl.sequential({
    layers: [
      tfl.layers.conv2d({ filters, strides, kernelSize: 5, inputShape: [SIDE, SIDE, 1], ...kernel(1) }),
      normalization(),
      tfl.layers.reLU(),
      tfl.layers.conv2d({ filters, strides, kernelSize: 3, ...kernel(2) }),
      normalization(),
      tfl.layers.reLU(),
      tfl.layers.flatten(),
      tfl.layers.dense({ units: CLASSES, activation: "softmax", ...kernel(3) }),
    ],
  });
}

async function begin(folder: string): Promise<void> {
  const files = mnistFolder();
  const { training } = await readDigits((file) => readFile(join(files, file)), DIGITS, 1);
  const pixels = Float32Array.from(training.images.subarray(0, DIGITS * PIXELS), (value) => value / 255);
  const x = tf.tensor4d(pixels, [DIGITS, SIDE, SIDE, 1]);
  const y = tf.oneHot(tf.tensor1d(Array.from(training.labels.subarray(0, DIGITS)), "int32"), CLASSES);
  const model = network();
  model.compile({ optimizer: tf.train.adam(0.003), loss: "categoricalCrossentropy", metrics: ["accuracy"] });
  const { history } = await model.fit(x, y, { epochs: 1, batchSize: 32, verbose: 0 });
  await writeModel(folder, await filesOf(model));
  const [accuracy] = history.acc as number[];
  console.log(`${DIGITS} digits, one epoch in TensorFlow.js: ${(100 * (accuracy as number)).toFixed(1)} % right; in ${folder}`);
}

interface Numbers {
  shape: number[];
  values: number[];
}

async function check(folder: string): Promise<void> {
  const model = await tfl.loadLayersModel(await modelIn(folder));
  const { inputs, outputs } = JSON.parse(await readFile(join(folder, "predictions.json"), "utf8")) as Record<string, Numbers>;
  if (!inputs || !outputs) throw new DataError(`${folder}/predictions.json must have inputs and outputs`);
  const here = (model.predict(tf.tensor(inputs.values, inputs.shape)) as tf.Tensor).dataSync();
  const largest = Math.max(1, ...outputs.values.map(Math.abs));
  const difference = Math.max(...outputs.values.map((value, i) => Math.abs(value - (here[i] as number)))) / largest;
  console.log(`${outputs.shape[0]} predictions, here and in Python: they differ by ${difference.toExponential(1)} at most`);
  if (!(difference <= BOUND)) throw new DataError(`predictions must differ by ${BOUND} at most, got ${difference}`);
}

async function main(): Promise<void> {
  const [command = "", folder = ""] = process.argv.slice(2);
  const run = new Map([
    ["begin", begin],
    ["check", check],
  ]).get(command);
  if (!run || !folder) throw new OptionError(`wanted begin FOLDER or check FOLDER, got '${process.argv.slice(2).join(" ")}'`);
  await startNodeBackend("wasm");
  await run(folder);
}

await runProgram("toPython", main, DataError, BackendError);
