import { chosenWasmModule } from "tfjs-uan";
import { DataError } from "../learning/data/dataError.js";
import { type Folders, prepare } from "../learning/data/prepare.js";
import { runProgram } from "../reporting/program.js";
import { BackendError, describeBackend } from "../runtimes/backends.js";
import { coresText, describeEnvironment, runtimeText, versionsText } from "../runtimes/environment.js";
import { startNodeBackend } from "../runtimes/nodeBackend.js";
import { CHOICE, EXPERIMENTS, type ExperimentName } from "./config.js";
import { HELP, type Options, parseOptions } from "./options.js";
import { planOf } from "./plan.js";
import { writeResults } from "./report/json.js";
import { writePage } from "./report/page.js";
import { sectionsOf } from "./report/sections.js";
import { renderSection } from "./report/text.js";
import { type Results, VERSION } from "./results.js";
import { originsOf } from "./running/origin.js";
import { type RunError, startPool } from "./running/pool.js";
import { startProgress } from "./running/progress.js";
import { RunFile } from "./running/runFile.js";

async function describe() {
  const backend = await startNodeBackend("wasm");
  const runtime = { name: "Node.js", version: process.version };
  const environment = await describeEnvironment({ backend, binary: chosenWasmModule(), runtime });
  return {
    machine: coresText(environment),
    software: `${runtimeText(environment)}, ${describeBackend(backend)}, ${versionsText(environment)}`,
  };
}

/** Reads the data sets that the user provides. Throws if one is not valid, before anything is removed or trained. */
async function checkData(files: RunFile[], folders: Folders): Promise<void> {
  const all = files
    .flatMap(({ config: { data, target, elsewhere } }) => [data, target, elsewhere].filter((used) => used !== undefined))
    .filter(({ name }) => name in folders);
  for (const config of new Map(all.map((config) => [JSON.stringify(config), config])).values()) await prepare(config, folders);
}

/** Makes runs. @returns an error for each that failed */
async function make(files: RunFile[], { processes: maxProcesses, folders }: Options, runs: string): Promise<RunError[]> {
  if (files.length === 0) return [];
  const processes = Math.min(maxProcesses, files.length);
  const pool = startPool(processes, { folders, runs });
  const configs = files.map(({ config }) => config);
  const progress = startProgress(configs, processes, pool.stop);
  try {
    return await pool.run(files, progress.tell);
  } finally {
    progress.stop();
    pool.stop();
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (!options) {
    console.log(HELP);
    return;
  }
  const { preset, experiments, folders, fresh } = options;
  const folder = `out/paper/${preset.name}`;
  const runs = `${folder}/runs`;
  const { machine, software } = await describe();
  console.log(`Preset ${preset.name}: ${preset.description}\n${machine}\n${software}`);
  const originOf = await originsOf(software, folders);
  const filesOf = (name: ExperimentName) =>
    planOf(name, preset, folders).map((config) => new RunFile(runs, config, originOf(config)));
  const planned = experiments.flatMap(filesOf);
  const before = await Promise.all(planned.map((file) => (fresh ? undefined : file.readFinished())));
  const wanted = planned.filter((_, i) => before[i] === undefined);
  console.log(`${planned.length} runs, ${planned.length - wanted.length} of them already complete`);
  await checkData(wanted, folders);
  if (fresh) await Promise.all(wanted.map((file) => file.remove()));
  const failures = await make(wanted, options, runs);

  // Results of earlier calls are shown, too.
  const isChoice = experiments.includes(CHOICE);
  const shown: readonly ExperimentName[] = isChoice ? [CHOICE] : EXPERIMENTS;
  const there = await Promise.all(shown.flatMap(filesOf).map((file) => file.readFinished()));
  const finished = there.filter((run) => run !== undefined);
  const made = new Set(finished.map(({ config }) => config.experiment));
  const results: Results = {
    version: VERSION,
    date: new Date().toISOString(),
    preset: preset.name,
    presetDescription: preset.description,
    machine,
    software,
    experiments: shown.filter((name) => made.has(name)),
    runs: finished,
  };
  const [json, page] = (isChoice ? ["choice.json", "choice.html"] : ["results.json", "page.html"]).map(
    (name) => `${folder}/${name}`,
  );
  await writeResults(json as string, results);
  await writePage(page as string, results);
  for (const section of sectionsOf(results)) console.log(`\n${renderSection(section)}`);
  console.log(`\nWritten: ${json}, ${page}`);
  if (failures.length === 0) return;
  for (const { message } of failures) console.error(`paper: ${message}`);
  console.error(`${failures.length} runs failed: the same command without --fresh continues them`);
  process.exitCode = 1;
}

await runProgram("paper", main, DataError, BackendError);
