import { parseArgs } from "node:util";
import { OptionError, runProgram } from "./program.js";

/** A program that writes results into the documentation. */
export interface DocsProgram {
  /** Its npm script. */
  name: string;
  /** What it reads, and what it writes. */
  help: string;
  /** The files of results that it reads where the command line names none. */
  files: string[];
  /** Writes what the files say. @returns the files that it wrote */
  publish(files: string[]): Promise<string[]>;
}

const filesText = (count: number) => (count === 1 ? "file" : `${count} files`);

function parse(wanted: number) {
  try {
    const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
    if (positionals.length === 0 || positionals.length === wanted) return { ...values, files: positionals };
    throw new Error(`expected ${wanted === 1 ? "one " : ""}${filesText(wanted)}, got ${positionals.length}`);
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

async function run({ name, help, files: standard, publish }: DocsProgram): Promise<void> {
  const { help: isHelpWanted, files: given } = parse(standard.length);
  if (isHelpWanted) {
    console.log(`${help}\n\nUsage: npm run ${name} -- [${filesText(standard.length)}] (default: ${standard.join(" ")})`);
    return;
  }
  const files = given.length > 0 ? given : standard;
  console.log(`Written: ${(await publish(files)).join(", ")}, from ${files.join(", ")}`);
}

export const runDocsProgram = (program: DocsProgram): Promise<void> => runProgram(program.name, () => run(program), Error);
