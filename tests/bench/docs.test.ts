import { it } from "vitest";
import { benchDocs } from "../../bench/report/docsBlocks.js";
import { readReport } from "../../bench/report/json.js";
import { expectWritten, fileOf } from "../helpers/docs.js";

it("README.md and docs/benchmarks.md say what bench/results.json says: `npm run docs:bench` writes all of them", async () => {
  await expectWritten(benchDocs(await readReport(fileOf("bench/results.json"))));
});
