import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readReport } from "../../bench/report/json.js";
import { replaceBlocks } from "../../bench/report/markdown.js";
import { readmeBlocks } from "../../bench/report/readmeBlocks.js";

const path = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

it("README.md says what bench/results.json says: `npm run readme` writes both", async () => {
  const readme = await readFile(path("README.md"), "utf8");
  const blocks = readmeBlocks(await readReport(path("bench/results.json")));
  expect(readme).toBe(replaceBlocks(readme, blocks));
});
