import { parseArgs } from "node:util";
import { runProgram } from "./program.js";

/** A program that writes results into README.md. */
export interface DocsProgram {
  help: string;
  /** The results, where the command line names no file. */
  file: string;
  /** Writes what a file of results says. @returns the files that it wrote, as a part of a sentence */
  publish(file: string): Promise<string>;
}

async function run({ help, file: standard, publish }: DocsProgram): Promise<void> {
  const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
  if (values.help) {
    console.log(help);
    return;
  }
  const [file = standard, ...more] = positionals;
  if (more.length > 0) throw new Error(`expected one file, got ${positionals.length}`);
  console.log(`Written: ${await publish(file)}, of ${file}`);
}

export const runDocsProgram = (program: DocsProgram): Promise<void> => runProgram("readme", () => run(program), Error);
