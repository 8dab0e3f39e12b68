import { publish } from "../../reporting/docs.js";
import { runDocsProgram } from "../../reporting/docsProgram.js";
import { benchDocs } from "./docsBlocks.js";
import { readReport, writeReport } from "./json.js";

await runDocsProgram({
  name: "docs:bench",
  help: `Writes the results of a full run of npm run bench into README.md and docs/benchmarks.md,
and keeps them in bench/results.json.`,
  files: ["out/bench.json"],
  async publish([file]) {
    const report = await readReport(file as string);
    return publish(benchDocs(report), "bench/results.json", (kept) => writeReport(kept, report));
  },
});
