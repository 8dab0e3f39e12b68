import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "../learning/data/dataError.js";
import { runProgram } from "../reporting/program.js";
import { textTable } from "../reporting/textTable.js";
import { BackendError, type BackendInfo, describeBackend } from "../runtimes/backends.js";
import { coresText, describeEnvironment, type Environment, runtimeText, versionsText } from "../runtimes/environment.js";
import { chartPage } from "./mnist/chart.js";
import { contenders, MODELS, type ModelName } from "./mnist/models.js";
import { helpText, type Options, parseOptions } from "./mnist/options.js";
import { startProgress } from "./mnist/progress.js";
import { describeTraining, explanations, summarize, tableRows } from "./mnist/report.js";
import { writeJson } from "./mnist/results.js";
import { type Runner, withRunner } from "./mnist/runner.js";
import type { Result } from "./mnist/train.js";

/** Where the results of a network are written. */
const fileFor = (model: ModelName, ending: "html" | "json") => `out/mnist-${model}.${ending}`;

function describeEnvironmentOf(environment: Environment): string {
  const backend = describeBackend(environment.backend as BackendInfo);
  return `${coresText(environment)}; ${runtimeText(environment)}; ${versionsText(environment)}; ${backend}`;
}

const describeRun = (options: Options) => `${options.model} (${MODELS[options.model].description}), ${describeTraining(options)}`;

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
  const { environment, description, results } = await withRunner(options, async (runner) => {
    const environment = await describeEnvironment(runner);
    const description = `${describeEnvironmentOf(environment)}; ${describeRun(options)}`;
    console.log(description);
    return { environment, description, results: await train(runner, options) };
  });

  const summaries = results.map(summarize);
  console.log([textTable(tableRows(summaries)), ...explanations(summaries)].join("\n"));
  const [page, json] = [fileFor(options.model, "html"), fileFor(options.model, "json")];
  await mkdir(dirname(page), { recursive: true });
  await writeFile(page, await chartPage(description, results, summaries));
  await writeJson(json, { version: 1, date: new Date().toISOString(), ...environment, options, summaries });
  console.log(`Written: ${page}, ${json}`);
}

await runProgram("mnist", main, DataError, BackendError);
