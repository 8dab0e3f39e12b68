import { parseArgs } from "node:util";
import { OptionError, runProgram } from "../../reporting/program.js";
import { textTable } from "../../reporting/textTable.js";
import { type Line, matrixCells, publish, shortcomings } from "./matrix.js";
import { PLACES, type Place } from "./targets.js";

const HELP = `The same cases in every runtime, on every backend.

Usage: npm run everywhere -- [places] [options]

Places (default: all that there are; 'node' is all of Node.js):
${PLACES.map(({ name, runtime, variant, backend }) => `  ${name.padEnd(26)}${[runtime, variant, backend].filter(Boolean).join(", ")}`).join("\n")}

Options:
  --only TEXT               the cases whose name has the text in it
  --readme                  writes the matrix into README.md, and keeps it as tests/everywhere/results.json
  --help                    this text`;

function parse() {
  const options = { only: { type: "string" }, readme: { type: "boolean" }, help: { type: "boolean" } } as const;
  try {
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

/** Of the places that are named, or of all, those that there are. */
function choose(names: string[]): Place[] {
  if (names.length === 0) return PLACES.filter(({ missing }) => !missing());
  return names.flatMap((wanted) => {
    const named = PLACES.filter(({ name }) => name === wanted || name.startsWith(`${wanted}/`));
    const [first] = named;
    if (!first) throw new OptionError(`'${wanted}' is not a place: --help lists them`);
    const found = named.filter(({ missing }) => !missing());
    if (found.length === 0) throw new OptionError(`${first.name}: ${first.missing()}`);
    return found;
  });
}

async function runAt({ name, runtime, variant, backend, run }: Place, only?: string): Promise<Line[]> {
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
  const places = choose(positionals);
  const lacking = PLACES.filter((place) => !place.optional && !places.includes(place));
  if (values.readme && (lacking.length > 0 || values.only !== undefined)) {
    throw new OptionError(`--readme takes every case everywhere; missing: ${lacking.map(({ name }) => name).join(", ")}`);
  }
  const lines: Line[] = [];
  for (const place of places) lines.push(...(await runAt(place, values.only)));
  if (lines.length > 0) console.log([textTable(matrixCells(lines), 3), ...shortcomings(lines)].join("\n"));
  if (lines.some(({ failed }) => failed.length > 0)) process.exitCode = 1;
  if (!values.readme) return;
  if (process.exitCode) throw new Error("nothing is written: not all passed");
  await publish({ date: new Date().toISOString(), lines });
  console.log("Written: README.md, tests/everywhere/results.json");
}

await runProgram("everywhere", main);
