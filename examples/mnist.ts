import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import { DataError } from "../learning/data/dataError.js";
import { runProgram } from "../reporting/program.js";
import { textTable } from "../reporting/textTable.js";
import { BackendError, describeBackend } from "../runtimes/backends.js";
import { chartPage } from "./mnist/chart.js";
import { contenders, MODELS } from "./mnist/models.js";
import { helpText, type Options, parseOptions } from "./mnist/options.js";
import { startProgress } from "./mnist/progress.js";
import { explanations, summarize, tableRows } from "./mnist/report.js";
import { type Runner, withRunner } from "./mnist/runner.js";
import type { Result } from "./mnist/train.js";

const CHART = new URL("../out/mnist.html", import.meta.url);

function describeRunner({ backend, runtime }: Runner): string {
  const processors = cpus();
  const machine = `${runtime}; ${processors.length} x ${processors[0]?.model}`;
  return `TensorFlow.js ${tf.version_core}, ${describeBackend(backend)}; ${machine}`;
}

function describeRun(options: Options): string {
  const { model, width, digits, testDigits, epochs, batchSize, learningRate, components, seed } = options;
  const data = `${digits} digits to train on, ${testDigits} to test`;
  const training = `${epochs} epoch${epochs === 1 ? "" : "s"}, batch size ${batchSize}, Adam with learning rate ${learningRate}`;
  return `${model} of width ${width} (${MODELS[model].description}), ${data}, ${training}, UAN with K = ${components}, seed ${seed}`;
}

function train(runner: Runner, options: Options): Promise<Result[]> {
  const stepsPerRound = contenders(options.components).length * Math.ceil(options.digits / options.batchSize);
  const progress = startProgress(options.epochs * stepsPerRound, stepsPerRound, options.epochs);
  return runner.train(options, progress.step).finally(progress.stop);
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    console.log(helpText());
    return;
  }
  const { description, results } = await withRunner(options.backend, async (runner) => {
    const description = `${describeRunner(runner)}; ${describeRun(options)}`;
    console.log(description);
    return { description, results: await train(runner, options) };
  });

  const summaries = results.map(summarize);
  console.log([textTable(tableRows(summaries)), ...explanations(summaries)].join("\n"));
  const page = await chartPage(description, results, summaries);
  await mkdir(dirname(fileURLToPath(CHART)), { recursive: true });
  await writeFile(CHART, page);
  console.log(`Chart: ${CHART.href}`);
}

await runProgram("mnist", main, DataError, BackendError);
