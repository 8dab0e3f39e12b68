import { setFlagsFromString } from "node:v8";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { setKernelReplacement } from "tfjs-uan";
import { ensureRelaxedSimd } from "./binary.js";
import { describeEnvironment } from "./environment.js";
import { helpText, OptionError, type Options, parseOptions } from "./options.js";
import { startProgress } from "./progress.js";
import { renderComparison } from "./report/compare.js";
import { readReport, writeReport } from "./report/json.js";
import { writePage } from "./report/page.js";
import { renderHeading, renderSection } from "./report/table.js";
import type { Report } from "./results.js";
import type { Context } from "./section.js";
import { SECTIONS } from "./sections.js";

/** How many activations a case has at the most, and how many rounds at the least. */
const SIZES = { whole: { largest: 2 ** 24, rounds: 5 }, quick: { largest: 2 ** 20, rounds: 2 } };

async function measure({ sections, quick, seconds }: Options, report: Report): Promise<void> {
  for (const [done, { name, question, run }] of sections.entries()) {
    const { step, stop } = startProgress(name, done, sections.length);
    const context: Context = { quick, seconds, ...SIZES[quick ? "quick" : "whole"], progress: step };
    await tf.setBackend("wasm");
    const section = { name, title: question, tables: await run(context).finally(stop) };
    report.sections.push(section);
    console.log(`\n${renderSection(section)}`);
  }
  report.date = new Date().toISOString();
}

async function readOld(file: string): Promise<Report> {
  try {
    return await readReport(file);
  } catch (error) {
    throw new OptionError(`--compare must be followed by a report of an earlier run: ${(error as Error).message}`);
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), SECTIONS);
  if (!options) {
    console.log(helpText(SECTIONS));
    return;
  }
  const { quick, json, page } = options;
  const exitCode = options.relaxedSimd ? ensureRelaxedSimd() : undefined;
  if (exitCode !== undefined) {
    process.exitCode = exitCode;
    return;
  }
  const old = options.compare === undefined ? undefined : await readOld(options.compare);
  const report: Report = { version: 1, date: new Date().toISOString(), quick, ...(await describeEnvironment()), sections: [] };
  console.log(renderHeading(report));
  // V8 sometimes keeps to the code of its first, quick compiler for minutes: then tf.conv2d is half as fast.
  setFlagsFromString("--no-liftoff");
  setKernelReplacement(false);
  await measure(options, report);
  if (old) console.log(`\n${renderComparison(old, report)}`);
  await writeReport(json, report);
  await writePage(page, report, old);
  console.log(`\nWritten: ${json}, ${page}`);
}

try {
  await main();
} catch (error) {
  // Caught here: the WASM backend has a handler of uncaught errors that prints its own source.
  console.error(error instanceof OptionError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof OptionError ? 2 : 1;
}
