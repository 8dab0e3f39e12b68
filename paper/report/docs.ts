import { publish } from "../../reporting/docs.js";
import { runDocsProgram } from "../../reporting/docsProgram.js";
import { EXPERIMENTS } from "../config.js";
import type { Results } from "../results.js";
import { paperDocs } from "./block.js";
import { condensed } from "./condensed.js";
import { fromJson, readResults, toJson, writeResults } from "./json.js";
import { isIncomplete } from "./runs.js";

/** Throws where docs/evidence.md would say of the results what they are not. */
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
  name: "docs:paper",
  help: `Writes the results of npm run paper into docs/evidence.md, and keeps in paper/results.json what its figures follow from.
They must be complete results of the quick preset.`,
  files: ["out/paper/quick/results.json"],
  async publish([file = ""]) {
    const results = condensed(await readResults(file));
    checkPublishable(results, file);
    // Of the numbers as they are kept: means of rounded numbers can differ in the last digit.
    const docs = paperDocs(fromJson(toJson(results), file));
    return publish(docs, "paper/results.json", (kept) => writeResults(kept, results));
  },
});
