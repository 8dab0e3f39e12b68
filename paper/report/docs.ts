import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runDocsProgram } from "../../reporting/docsProgram.js";
import { replaceBetween } from "../../reporting/markdown.js";
import { EXPERIMENTS } from "../config.js";
import type { Results } from "../results.js";
import { evidenceBlock } from "./block.js";
import { condensed } from "./condensed.js";
import { fromJson, readResults, toJson, writeResults } from "./json.js";
import { isIncomplete } from "./runs.js";

const README = new URL("../../README.md", import.meta.url);
const RESULTS = new URL("../results.json", import.meta.url);

/** Throws where README.md would say of the results what they are not. */
function checkPublishable({ preset, experiments, runs }: Results, file: string): void {
  const refuse = (wanted: string, got: string): never => {
    throw new Error(`${file}: must have ${wanted}, got ${got}`);
  };
  if (preset !== "quick") refuse("the quick preset's runs", `those of ${preset}`);
  const missing = EXPERIMENTS.filter((name) => !experiments.includes(name));
  if (missing.length > 0) refuse("every experiment", `none of ${missing.join(", ")}`);
  const others = runs.flatMap(({ config: { data, target } }) => [data.name, ...(target ? [target.name] : [])]);
  const brought = others.filter((name) => !name.startsWith("mnist"));
  if (brought.length > 0) refuse("the data that everybody has", [...new Set(brought)].join(", "));
  if (isIncomplete(runs)) refuse("every run with every seed", "fewer");
}

await runDocsProgram({
  help: `npm run docs:paper [-- FILE]: writes what runs of npm run paper came to (default out/paper/quick/results.json)
into README.md, and keeps what its figures follow from in paper/results.json.`,
  file: "out/paper/quick/results.json",
  async publish(file) {
    const results = condensed(await readResults(file));
    checkPublishable(results, file);
    // Of the numbers as they are kept: rounding means twice can give another last digit.
    const block = evidenceBlock(fromJson(toJson(results), file));
    const text = replaceBetween(await readFile(README, "utf8"), "<!-- paper -->", "<!-- /paper -->", block);
    await writeResults(fileURLToPath(RESULTS), results);
    await writeFile(README, text);
    return "README.md, paper/results.json";
  },
});
