import { parseArgs } from "node:util";
import { OptionError, runProgram } from "../../reporting/program.js";
import { textTable } from "../../reporting/textTable.js";
import { type Line, matrixCells, mergeReport, publishMatrix, readResults, shortcomings } from "./matrix.js";
import type { Result } from "./suite.js";
import type { Target } from "./target.js";
import { TARGETS } from "./targets.js";

const HELP = `Runs the same cases in every runtime, on every backend.

Usage: npm run everywhere -- [targets] [options]

Targets (default: all that this machine has; 'node' means all in Node.js):
${TARGETS.map(({ name, runtime, variant, backend }) => `  ${name.padEnd(26)}${[runtime, variant, backend].filter(Boolean).join(", ")}`).join("\n")}

Options:
  --only TEXT               runs the cases whose names contain the text
  --docs                    writes the results into docs/platforms.md and tests/everywhere/results.json: targets that do not run keep
                            what they have there
  --help                    this text`;

function parse() {
  const options = { only: { type: "string" }, docs: { type: "boolean" }, help: { type: "boolean" } } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

/** The named targets, or all, that this machine has. */
function choose(names: string[]): Target[] {
  if (names.length === 0) return TARGETS.filter(({ missing }) => !missing());
  return names.flatMap((wanted) => {
    const named = TARGETS.filter(({ name }) => name === wanted || name.startsWith(`${wanted}/`));
    const [first] = named;
    if (!first) throw new OptionError(`'${wanted}' is not a target: --help lists them`);
    const found = named.filter(({ missing }) => !missing());
    if (found.length === 0) throw new OptionError(`${first.name}: ${first.missing()}`);
    return found;
  });
}

/** Throws if it was not the binary or the device that the target is for. */
function checkResult(result: Result, expected: Partial<Result>): void {
  for (const name of Object.keys(expected) as (keyof Result)[]) {
    if (result[name] !== expected[name]) throw new Error(`'${name}' must be ${expected[name]}, got ${result[name]}`);
  }
}

async function runOn({ name, runtime, variant, backend, expected, run }: Target, only?: string): Promise<Line[]> {
  try {
    const date = new Date().toISOString();
    const result = await run(only);
    checkResult(result, expected);
    console.log(`${name}: ${result.passed} passed in ${result.seconds} s`);
    return [{ target: name, date, runtime, variant, backendTitle: backend, ...result }];
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`);
    process.exitCode = 1;
    return [];
  }
}

async function main(): Promise<void> {
  const { values, positionals } = parse();
  if (values.help) {
    console.log(HELP);
    return;
  }
  const targets = choose(positionals);
  if (values.docs && values.only !== undefined) throw new OptionError("--docs needs all cases, so --only cannot be beside it");
  const lacking = TARGETS.filter((target) => positionals.length === 0 && !targets.includes(target));
  for (const { name, missing } of lacking) console.warn(`*** NOT TESTED on ${name}: ${missing()} ***`);
  const lines: Line[] = [];
  for (const target of targets) lines.push(...(await runOn(target, values.only)));
  if (lines.length > 0) console.log([textTable(matrixCells(lines), 3), ...shortcomings(lines)].join("\n"));
  if (lines.some(({ failed }) => failed.length > 0)) process.exitCode = 1;
  if (!values.docs) return;
  if (process.exitCode) throw new Error("nothing was written, because not all cases passed");
  const names = TARGETS.map(({ name }) => name);
  const written = await publishMatrix(mergeReport(await readResults(), lines, names));
  console.log(`Written: ${written.join(", ")}`);
}

await runProgram("everywhere", main);
