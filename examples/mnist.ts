import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-wasm";
import { textTable } from "../reporting/textTable.js";
import { chartPage } from "./mnist/chart.js";
import { DataError, readMnist } from "./mnist/data.js";
import { contenders, MODELS } from "./mnist/models.js";
import { helpText, OptionError, type Options, parseOptions } from "./mnist/options.js";
import { startProgress } from "./mnist/progress.js";
import { EXPLANATIONS, summarize, tableRows } from "./mnist/report.js";
import { trainAll } from "./mnist/train.js";

const CHART = new URL("../out/mnist.html", import.meta.url);

async function describeMachine(): Promise<string> {
  const flag = async (name: string, text: string) => `${(await tf.env().getAsync(name)) ? "with" : "without"} ${text}`;
  const [simd, threads] = await Promise.all([
    flag("WASM_HAS_SIMD_SUPPORT", "SIMD"),
    flag("WASM_HAS_MULTITHREAD_SUPPORT", "threads"),
  ]);
  const backend = `${tf.getBackend()} backend ${simd}, ${threads}`;
  const processors = cpus();
  return `TensorFlow.js ${tf.version_core}, ${backend}; Node.js ${process.version}; ${processors.length} x ${processors[0]?.model}`;
}

function describeRun(options: Options, testDigits: number): string {
  const { model, width, digits, epochs, batchSize, learningRate, components, seed } = options;
  const data = `${digits} digits to train on, ${testDigits} to test`;
  const training = `${epochs} epoch${epochs === 1 ? "" : "s"}, batch size ${batchSize}, Adam with learning rate ${learningRate}`;
  return `${model} of width ${width} (${MODELS[model].description}), ${data}, ${training}, UAN with K = ${components}, seed ${seed}`;
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    console.log(helpText());
    return;
  }
  if (!(await tf.setBackend("wasm"))) throw new Error("the WASM backend of TensorFlow.js does not start here");
  const { training, test } = await readMnist(options.digits);
  const description = `${await describeMachine()}; ${describeRun(options, test.count)}`;
  console.log(description);

  const contending = contenders(options.components);
  const stepsPerRound = contending.length * Math.ceil(options.digits / options.batchSize);
  const progress = startProgress(options.epochs * stepsPerRound, stepsPerRound, options.epochs);
  const results = await trainAll(contending, options, training, test, progress.step).finally(progress.stop);

  const summaries = results.map(summarize);
  console.log([textTable(tableRows(summaries)), ...EXPLANATIONS].join("\n"));
  const page = await chartPage(description, results, summaries);
  await mkdir(dirname(fileURLToPath(CHART)), { recursive: true });
  await writeFile(CHART, page);
  console.log(`Chart: ${CHART.href}`);
}

try {
  await main();
} catch (error) {
  // Caught here: the WASM backend has a handler of uncaught errors that prints its own source.
  const plain = error instanceof OptionError || error instanceof DataError;
  console.error(plain ? `mnist: ${error.message}` : error);
  process.exitCode = error instanceof OptionError ? 2 : 1;
}
