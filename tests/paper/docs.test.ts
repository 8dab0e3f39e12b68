import { it } from "vitest";
import { paperDocs } from "../../paper/report/block.js";
import { readResults } from "../../paper/report/json.js";
import type { Results } from "../../paper/results.js";
import { expectWritten, fileOf } from "../helpers/docs.js";

it("docs/evidence.md says what paper/results.json and paper/choice.json say: `npm run docs:paper` writes all", async () => {
  const [results, choice] = await Promise.all(["results", "choice"].map((name) => readResults(fileOf(`paper/${name}.json`))));
  await expectWritten(paperDocs(results as Results, choice as Results));
});
