import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { docsBlocks } from "../../bench/report/docsBlocks.js";
import { readReport } from "../../bench/report/json.js";
import { replaceBlocks } from "../../bench/report/markdown.js";

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

it("README.md says what bench/results.json says: `npm run docs:bench` writes both", async () => {
  const readme = await readFile(path("README.md"), "utf8");
  const blocks = docsBlocks(await readReport(path("bench/results.json")));
  expect(readme).toBe(replaceBlocks(readme, blocks));
});
