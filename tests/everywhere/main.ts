import { parseArgs } from "node:util";
import { OptionError, runProgram } from "../../reporting/program.js";
import { textTable } from "../../reporting/textTable.js";
import { type Line, matrixCells, publishMatrix, shortcomings } from "./matrix.js";
import { TARGETS, type Target } from "./targets.js";

const HELP = `Runs the same cases in every runtime, on every backend.

Usage: npm run everywhere -- [targets] [options]

Targets (default: all that this machine has; 'node' means all in Node.js):
${TARGETS.map(({ name, runtime, variant, backend }) => `  ${name.padEnd(26)}${[runtime, variant, backend].filter(Boolean).join(", ")}`).join("\n")}

Options:
  --only TEXT               runs the cases whose names contain the text
  --docs                    writes the matrix to docs/platforms.md and tests/everywhere/results.json
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

async function runOn({ name, runtime, variant, backend, run }: Target, only?: string): Promise<Line[]> {
  try {
    const result = await run(only);
    console.log(`${name}: ${result.passed} passed in ${result.seconds} s`);
    return [{ runtime, variant, backendTitle: backend, ...result }];
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
  const lacking = TARGETS.filter((target) => !target.optional && !targets.includes(target));
  if (values.docs && (lacking.length > 0 || values.only !== undefined)) {
    throw new OptionError(
      `--docs needs all cases on all targets; missing: ${lacking.map(({ name }) => name).join(", ") || "cases, because of --only"}`,
    );
  }
  const lines: Line[] = [];
  for (const target of targets) lines.push(...(await runOn(target, values.only)));
  if (lines.length > 0) console.log([textTable(matrixCells(lines), 3), ...shortcomings(lines)].join("\n"));
  if (lines.some(({ failed }) => failed.length > 0)) process.exitCode = 1;
  if (!values.docs) return;
  if (process.exitCode) throw new Error("nothing was written, because not all cases passed");
  const written = await publishMatrix({ date: new Date().toISOString(), lines });
  console.log(`Written: ${written.join(", ")}`);
}

await runProgram("everywhere", main);
