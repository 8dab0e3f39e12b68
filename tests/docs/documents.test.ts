import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { fileOf } from "../helpers/docs.js";

const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "bench/NOTES.md",
  "examples/README.md",
  ...(await readdir(fileOf("docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
];
const textOf = (path: string) => readFile(fileOf(path), "utf8");

/** The anchor that GitHub gives a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

async function hasAnchor(path: string, wanted: string): Promise<boolean> {
  const headings = [...(await textOf(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading as string));
  return headings.includes(wanted);
}

/** Why a link from a document leads nowhere; undefined where it leads somewhere. Addresses of the web are not tried. */
async function brokenLink(from: string, link: string): Promise<string | undefined> {
  if (/^https?:/.test(link)) return undefined;
  const [file, fragment] = link.split("#") as [string, string?];
  const path = file === "" ? from : normalize(join(dirname(from), file));
  if (!existsSync(fileOf(path))) return `${link}: there is no ${path}`;
  if (fragment !== undefined && !(await hasAnchor(path, fragment))) return `${link}: ${path} has no such heading`;
  return undefined;
}

describe.each(DOCUMENTS)("%s", (path) => {
  it("has links that lead somewhere", async () => {
    const links = [...(await textOf(path)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link as string);
    const broken = await Promise.all(links.map((link) => brokenLink(path, link)));
    expect(broken.filter((reason) => reason !== undefined)).toEqual([]);
  });

  it("names commands that there are", async () => {
    const { scripts } = JSON.parse(await textOf("package.json"));
    const named = [...(await textOf(path)).matchAll(/npm run(?:\s+--silent)?\s+([a-z:]+)/g)].map(([, name]) => name as string);
    expect([...new Set(named)].filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe("README.md", () => {
  it("has at most 200 lines", async () => {
    expect((await textOf("README.md")).trimEnd().split("\n").length).toBeLessThanOrEqual(200);
  });

  it("has the command to try the library, and the command that tests it", async () => {
    const readme = await textOf("README.md");
    for (const command of ["npm ci && npm start", "npm cit"]) expect(readme).toContain(`\n    ${command}\n`);
  });
});

it("docs/README.md lists every document", async () => {
  const index = await textOf("docs/README.md");
  const documents = DOCUMENTS.filter((path) => path.startsWith("docs/") && path !== "docs/README.md");
  expect(documents.filter((path) => !index.includes(`](${path.slice("docs/".length)})`))).toEqual([]);
});
