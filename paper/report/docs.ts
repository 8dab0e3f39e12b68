import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { publish } from "../../reporting/docs.js";
import { runDocsProgram } from "../../reporting/docsProgram.js";
import { CHOICE, EXPERIMENTS, type ExperimentName } from "../config.js";
import type { Results } from "../results.js";
import { paperDocs } from "./block.js";
import { condensed } from "./condensed.js";
import { fromJson, readResults, toJson, writeResults } from "./json.js";
import { isIncomplete } from "./runs.js";

/** Throws where docs/evidence.md would say of the results what they are not. */
function checkPublishable({ preset, experiments, runs }: Results, wanted: readonly ExperimentName[], file: string): void {
  const refuse = (wanted: string, got: string): never => {
    throw new Error(`${file}: must have ${wanted}, got ${got}`);
  };
  if (preset !== "quick") refuse("the quick preset's runs", `those of ${preset}`);
  const missing = wanted.filter((name) => !experiments.includes(name));
  if (missing.length > 0) refuse("every experiment", `none of ${missing.join(", ")}`);
  const others = runs.flatMap(({ config: { data, target, elsewhere } }) =>
    [data, target, elsewhere].flatMap((used) => used?.name ?? []),
  );
  const brought = others.filter((name) => !name.startsWith("mnist"));
  if (brought.length > 0) refuse("the data that everybody has", [...new Set(brought)].join(", "));
  if (isIncomplete(runs)) refuse("every run with every seed", "fewer");
}

await runDocsProgram({
  name: "docs:paper",
  help: `Writes the results of npm run paper, and of npm run paper -- ${CHOICE}, into docs/evidence.md, and keeps in paper/results.json
and paper/choice.json what its figures follow from. They must be complete results of the quick preset.`,
  files: ["out/paper/quick/results.json", "out/paper/quick/choice.json"],
  async publish([file = "", choiceFile = ""]) {
    const [results, choice] = [condensed(await readResults(file)), condensed(await readResults(choiceFile))];
    checkPublishable(results, EXPERIMENTS, file);
    checkPublishable(choice, [CHOICE], choiceFile);
    // Of the numbers as they are kept: means of rounded numbers can differ in the last digit.
    const docs = paperDocs(fromJson(toJson(results), file), fromJson(toJson(choice), choiceFile));
    const kept = await publish(docs, "paper/results.json", (kept) => writeResults(kept, results));
    const [folder, name] = [dirname(fileURLToPath(import.meta.url)), "choice.json"];
    await writeResults(join(folder, "..", name), choice);
    return [...kept, `paper/${name}`];
  },
});
