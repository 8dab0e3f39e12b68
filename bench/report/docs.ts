import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runDocsProgram } from "../../reporting/docsProgram.js";
import { docsBlocks } from "./docsBlocks.js";
import { readReport, writeReport } from "./json.js";
import { replaceBlocks } from "./markdown.js";

const README = new URL("../../README.md", import.meta.url);
const RESULTS = new URL("../results.json", import.meta.url);

await runDocsProgram({
  help: `npm run docs:bench [-- FILE]: writes the results of a full run of the bench (default out/bench.json) into README.md,
and keeps them in bench/results.json.`,
  file: "out/bench.json",
  async publish(file) {
    const report = await readReport(file);
    const text = replaceBlocks(await readFile(README, "utf8"), docsBlocks(report));
    await writeReport(fileURLToPath(RESULTS), report);
    await writeFile(README, text);
    return "README.md, bench/results.json";
  },
});
