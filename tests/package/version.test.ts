import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };

it("CITATION.cff has the version of package.json", () => {
  expect(/^version: (.+)$/m.exec(read("CITATION.cff"))?.[1]).toBe(version);
});

it("CHANGELOG.md begins with what is unreleased, and then has the version of package.json", () => {
  const headings = Array.from(read("CHANGELOG.md").matchAll(/^## \[(.+?)\]/gm), ([, heading]) => heading);
  expect(headings.slice(0, 2)).toEqual(["Unreleased", version]);
});
