import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { evidenceBlock } from "../../paper/report/block.js";
import { readResults } from "../../paper/report/json.js";
import { replaceBetween } from "../../reporting/markdown.js";

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

it("README.md says what paper/results.json says: `npm run docs:paper` writes both", async () => {
  const readme = await readFile(path("README.md"), "utf8");
  const block = evidenceBlock(await readResults(path("paper/results.json")));
  expect(readme).toBe(replaceBetween(readme, "<!-- paper -->", "<!-- /paper -->", block));
});
