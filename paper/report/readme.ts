import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { replaceBetween } from "../../reporting/markdown.js";
import { runReadmeProgram } from "../../reporting/readmeProgram.js";
import { EXPERIMENTS } from "../config.js";
import { readmeBlock } from "./block.js";
import { condensed } from "./condensed.js";
import { fromJson, readResults, toJson, writeResults } from "./json.js";

const README = new URL("../../README.md", import.meta.url);
const RESULTS = new URL("../results.json", import.meta.url);

await runReadmeProgram({
  help: `npm run paper:readme [-- FILE]: writes what runs of npm run paper came to (default out/paper/quick/results.json)
into README.md, and keeps what its figures follow from in paper/results.json.`,
  file: "out/paper/quick/results.json",
  async publish(file) {
    const results = condensed(await readResults(file));
    const missing = EXPERIMENTS.filter((name) => !results.experiments.includes(name));
    if (missing.length > 0) throw new Error(`${file}: must have every experiment, got none of ${missing.join(", ")}`);
    // Of the numbers as they are kept: rounding means twice can give another last digit.
    const block = readmeBlock(fromJson(toJson(results), file));
    const text = replaceBetween(await readFile(README, "utf8"), "<!-- paper -->", "<!-- /paper -->", block);
    await writeResults(fileURLToPath(RESULTS), results);
    await writeFile(README, text);
    return "README.md, paper/results.json";
  },
});
