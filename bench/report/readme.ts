import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readReport, writeReport } from "./json.js";
import { replaceBlocks } from "./markdown.js";
import { readmeBlocks } from "./readmeBlocks.js";

const HELP = `npm run readme [-- FILE]: writes the results of a full run of the bench (default out/bench.json) into README.md,
and keeps them in bench/results.json.`;

const README = new URL("../../README.md", import.meta.url);
const RESULTS = new URL("../results.json", import.meta.url);

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { help: { type: "boolean" } }, allowPositionals: true });
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [file = "out/bench.json", ...more] = positionals;
  if (more.length > 0) throw new Error(`expected one file, got ${positionals.length}`);
  const report = await readReport(file);
  const text = replaceBlocks(await readFile(README, "utf8"), readmeBlocks(report));
  await writeReport(fileURLToPath(RESULTS), report);
  await writeFile(README, text);
  console.log(`Written: README.md, bench/results.json, of ${file}`);
}

try {
  await main();
} catch (error) {
  console.error(`readme: ${(error as Error).message}`);
  process.exitCode = 1;
}
