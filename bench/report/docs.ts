import { fileURLToPath } from "node:url";
import { publish } from "../../reporting/docs.js";
import { runDocsProgram } from "../../reporting/docsProgram.js";
import { benchDocs } from "./docsBlocks.js";
import { readReport, writeReport } from "./json.js";
import { merge } from "./merge.js";

const KEPT = "bench/results.json";

await runDocsProgram({
  name: "docs:bench",
  help: `Writes the results of a full run of npm run bench into README.md and docs/benchmarks.md,
and keeps them in ${KEPT}. Those of a run of some sections take the place of these sections' alone.`,
  files: ["out/bench.json"],
  async publish([file]) {
    const report = merge(
      await readReport(fileURLToPath(new URL(`../../${KEPT}`, import.meta.url))),
      await readReport(file as string),
    );
    return publish(benchDocs(report), KEPT, (kept) => writeReport(kept, report));
  },
});
