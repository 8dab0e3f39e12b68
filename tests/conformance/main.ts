import { parseArgs } from "node:util";
import { version_core } from "@tensorflow/tfjs-core";
import { OptionError, runProgram } from "../../reporting/program.js";
import { textTable } from "../../reporting/textTable.js";
import { type Comparison, compare, differences } from "./compare.js";
import { KNOWN, TODO } from "./known.js";
import type { Backend } from "./outcome.js";
import { bundleProgram, run } from "./run.js";

const BACKENDS: Backend[] = ["wasm", "cpu"];

const HELP = `The tests of TensorFlow.js that @tensorflow/tfjs-core publishes, without the library and with it, as it was built last.
Fails if a test passes only without the library, unless tests/conformance/known.ts names it.

Usage: npm run conformance -- [backends] [options]

Backends (default: both):
  wasm            all tests; then only those that pass without the library. These contain the WASM backend's own list of tests: it is
                  not published, but its tests pass, as the backend's releases need them to
  cpu             all tests

Options:
  --help          this text`;

function parse(): { help?: boolean; backends: Backend[] } {
  try {
    const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
    const unknown = positionals.find((name) => !BACKENDS.some((backend) => backend === name));
    if (unknown !== undefined) throw new Error(`wanted ${BACKENDS.join(" or ")}, got '${unknown}'`);
    return { ...values, backends: positionals.length > 0 ? (positionals as Backend[]) : BACKENDS };
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

interface Variant {
  title: string;
  backend: Backend;
  /** Names of the tests to run. Default: all. */
  only?: string[];
}

/** @returns the comparison, and the names of the tests that pass without the library */
async function runVariant({ title, ...task }: Variant): Promise<{ comparison: Comparison; passing: string[] }> {
  const name = title.replaceAll(/\W+/g, "-");
  const first = await run(`${name}-without`, { ...task, library: false });
  const second = await run(`${name}-without-again`, { ...task, library: false });
  const withLibrary = await run(`${name}-with`, { ...task, library: true });
  if (withLibrary.kernelCount <= first.kernelCount) throw new Error(`${title}: the library registered no kernels`);
  return {
    comparison: compare([first.outcomes, second.outcomes], withLibrary.outcomes),
    passing: Object.keys(first.outcomes).filter((test) => first.outcomes[test]?.status === "passed"),
  };
}

const testOf = ({ test }: { test: string }) => test;

function printList(heading: string, lines: string[]): void {
  if (lines.length > 0) console.log([`${heading} (${lines.length}):`, ...lines.map((line) => `  ${line}`)].join("\n"));
}

/** Prints names of tests. The program fails if those that the library breaks are not those of known.ts. */
function report({ title, backend }: Variant, { newlyPassing, broken, flaky }: Comparison): void {
  const known = [...KNOWN, ...TODO].filter((fault) => fault.backend === backend);
  const faults = differences(broken, known.map(testOf));
  printList(`${title}: pass only with the library`, newlyPassing);
  printList(`${title}: pass only without the library`, broken.map(testOf));
  printList(`${title}: flaky without the library, and put aside`, flaky);
  printList(`${title}: differences from tests/conformance/known.ts`, faults);
  if (faults.length > 0) process.exitCode = 1;
}

function row(title: string, { tests, without, with: withLibrary, newlyPassing, broken, flaky }: Comparison): string[] {
  return [title, ...[tests, without, withLibrary, newlyPassing.length, broken.length, flaky.length].map(String)];
}

async function main(): Promise<void> {
  const { help, backends } = parse();
  if (help) {
    console.log(HELP);
    return;
  }
  await bundleProgram();
  const rows = [[`TensorFlow.js ${version_core}`, "tests", "pass without", "pass with", "only with", "only without", "flaky"]];
  const runAndReport = async (variant: Variant) => {
    const { comparison, passing } = await runVariant(variant);
    report(variant, comparison);
    rows.push(row(variant.title, comparison));
    return passing;
  };
  for (const backend of backends) {
    const passing = await runAndReport({ title: backend, backend });
    if (backend === "wasm") await runAndReport({ title: "wasm, passing tests", backend, only: passing });
  }
  console.log(textTable(rows));
}

await runProgram("conformance", main);
