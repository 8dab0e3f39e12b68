import { OptionError, runProgram } from "../reporting/program.js";
import { BackendError, type BackendInfo, isSynchronous } from "../runtimes/backends.js";
import { describeEnvironment } from "../runtimes/environment.js";
import { RELAXED_SIMD } from "../runtimes/v8.js";
import { ALL_SECTIONS } from "./nodeSections.js";
import { helpText, type Options, parseOptions } from "./options.js";
import { SectionError, withProcesses } from "./processes.js";
import { startProgress } from "./progress.js";
import { renderComparison } from "./report/compare.js";
import { readReport, writeReport } from "./report/json.js";
import { writePage } from "./report/page.js";
import { renderHeading, renderSection } from "./report/table.js";
import type { Report } from "./results.js";
import type { Runner } from "./runner.js";
import { type Care, nameOn } from "./section.js";

/** The largest number of activations in a case, and the smallest number of rounds. */
const SIZES = { whole: { largest: 2 ** 24, rounds: 5 }, quick: { largest: 2 ** 20, rounds: 2 } };
/** The limit of activations if UAN is composed of operations, whose tensors are K times as large. */
const LARGEST_COMPOSED = 2 ** 21;
/** The same on a GPU. */
const LARGEST_ON_GPU = 2 ** 25;
/** The limit of activations in a quick run on a GPU in software: 'webgpu' takes 0.1 ms for each. */
const LARGEST_IN_SOFTWARE = 2 ** 15;

/** The limits for a backend. */
function sizesFor({ name, software }: BackendInfo, quick: boolean) {
  const { largest, rounds } = SIZES[quick ? "quick" : "whole"];
  if (isSynchronous(name)) return { largest, rounds };
  if (software === false) return { largest: quick ? largest : LARGEST_ON_GPU, rounds };
  return { largest: Math.min(largest, quick && software ? LARGEST_IN_SOFTWARE : LARGEST_COMPOSED), rounds };
}

/** Adds the sections' results to the report. @returns for each section that failed, why */
async function measure(options: Options, report: Report, runner: Runner): Promise<string[]> {
  const { sections, quick, seconds } = options;
  const care: Care = { quick, seconds, ...sizesFor(runner.backend, quick) };
  const failures: string[] = [];
  for (const [done, section] of sections.entries()) {
    const { name, question } = section;
    const { step, stop } = startProgress(name, done, sections.length);
    try {
      const tables = await runner.run(section, care, step).finally(stop);
      const result = { name: nameOn(section, options), title: question, tables };
      report.sections.push(result);
      console.log(`\n${renderSection(result)}`);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  report.date = new Date().toISOString();
  return failures;
}

async function readOld(file: string): Promise<Report> {
  try {
    return await readReport(file);
  } catch (error) {
    throw new OptionError(`--compare must be followed by a report of an earlier run, got: ${(error as Error).message}`);
  }
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), ALL_SECTIONS);
  if (!options) {
    console.log(helpText(ALL_SECTIONS));
    return;
  }
  const { browser, relaxedSimd, leftOut } = options;
  for (const line of leftOut) console.log(`Left out: ${line}`);
  const old = options.compare === undefined ? undefined : await readOld(options.compare);
  const flags = relaxedSimd && !browser ? RELAXED_SIMD : [];
  await withProcesses(options, flags, (runner) => runAll(options, runner, old));
}

async function runAll(options: Options, runner: Runner, old: Report | undefined): Promise<void> {
  const { quick, json, page, relaxedSimd } = options;
  if (relaxedSimd && !/relaxed/i.test(runner.binary ?? "")) {
    throw new OptionError(`--relaxed-simd: ${runner.runtime.name} ${runner.runtime.version} has no relaxed SIMD on this machine`);
  }
  const report: Report = {
    version: 1,
    date: new Date().toISOString(),
    quick,
    ...(await describeEnvironment(runner)),
    sections: [],
  };
  console.log(renderHeading(report));
  const failures = await measure(options, report, runner);
  if (old) console.log(`\n${renderComparison(old, report)}`);
  await writeReport(json, report);
  await writePage(page, report, old);
  console.log(`\nWritten: ${json}, ${page}`);
  for (const failure of failures) console.error(`bench: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}

await runProgram("bench", main, BackendError, SectionError);
