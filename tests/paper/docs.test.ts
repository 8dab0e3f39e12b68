import { it } from "vitest";
import { paperDocs } from "../../paper/report/block.js";
import { readResults } from "../../paper/report/json.js";
import { expectWritten, fileOf } from "../helpers/docs.js";

it("docs/evidence.md says what paper/results.json says: `npm run docs:paper` writes both", async () => {
  await expectWritten(paperDocs(await readResults(fileOf("paper/results.json"))));
});
