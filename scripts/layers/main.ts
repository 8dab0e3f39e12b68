import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { publish } from "../../reporting/docs.js";
import { OptionError, runProgram } from "../../reporting/program.js";
import { textTable } from "../../reporting/textTable.js";
import { describeEnvironment } from "../../runtimes/environment.js";
import { type Outcomes, type Report, writeReport } from "./results.js";
import { failingRows, layersDocs, untrainableRows } from "./table.js";

const HELP = `Trains every layer of tf.layers for one step on the 'wasm' backend, without tfjs-uan and with it, and compares the gradients
with those of the 'cpu' backend. The models are those of tests/layers/everyLayer.ts.

Usage: npm run layers -- [options]

Options:
  --docs  write the tables into docs/training.md, and keep the results in scripts/layers/results.json
  --help  this text`;

const RESULTS = "scripts/layers/results.json";

function parse() {
  try {
    return parseArgs({ options: { docs: { type: "boolean" }, help: { type: "boolean" } } }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

/** Trains the models in a process of its own: what the library registers cannot be taken back. */
async function trainIn(mode: "with" | "without"): Promise<Outcomes> {
  const child = fork(fileURLToPath(new URL("train.ts", import.meta.url)), [mode], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors += data;
  });
  const message = once(child, "message");
  const exit = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`npm run layers: the process ${mode} tfjs-uan ended with code ${code}: ${errors}`);
  });
  const [[found]] = await Promise.all([message, exit]);
  return found;
}

async function main(): Promise<void> {
  const { docs, help } = parse();
  if (help) {
    console.log(HELP);
    return;
  }
  const { outcomes: without, untrainable } = await trainIn("without");
  const { outcomes: withLibrary } = await trainIn("with");
  const node = { name: "Node.js", version: process.version };
  const { runtime, versions } = await describeEnvironment({ backend: { name: "wasm" }, runtime: node });
  const date = new Date().toISOString();
  const report: Report = { version: 1, date, runtime, versions, without, with: withLibrary, untrainable };
  console.log(
    [textTable(failingRows(report), 3), "No backend can train these:", textTable(untrainableRows(report), 3)].join("\n"),
  );
  if (!docs) return;
  const written = await publish(layersDocs(report), RESULTS, (file) => writeReport(file, report));
  console.log(`Written: ${written.join(", ")}`);
}

await runProgram("layers", main);
