import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = ["assembly", "bench", "docs", "examples", "paper", "reporting", "runtimes", "scripts", "src", "tests"];
const MATH = "docs/math.md";

/** A mention of the page in code, and the sections that it names: "…, section 2.1", "…, sections 4 and 4.4". */
const MENTION = /docs\/math\.md(?<sections>, sections? \d+(?:\.\d+)?(?:(?:, | and )\d+(?:\.\d+)?)*)?/g;
/** The start of a further line of a comment. */
const CONTINUED = /\n[ \t]*(?:\/\/|\*)[ \t]*/g;

const read = (path: string) => readFileSync(`${root}${path}`, "utf8");

const files = FOLDERS.flatMap((folder) =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path.replaceAll("\\", "/")}`),
);
const sources = files.filter((path) => /\.(ts|mjs|cjs|js)$/.test(path) && path !== "tests/structure/math.test.ts");
const documents = [...files, ...readdirSync(root)].filter((path) => path.endsWith(".md"));

/** Of a source file: every mention of docs/math.md, with the sections it names. */
function mentionsIn(text: string): string[][] {
  const mentions = text.replace(CONTINUED, " ").matchAll(MENTION);
  return Array.from(mentions, ({ groups }) => groups?.sections?.match(/\d+(?:\.\d+)?/g) ?? []);
}

const sections = Array.from(read(MATH).matchAll(/^(#+) (\d+(?:\.\d+)?) /gm), ([, marks, number]) => ({
  number: number as string,
  level: (marks as string).length,
}));

describe("references to docs/math.md", () => {
  it.each([
    ["// y (docs/math.md, section 2.1)", [["2.1"]]],
    [" * y (docs/math.md,\n * section 2.1), z (docs/math.md, sections 4, 4.3 and 4.4).", [["2.1"], ["4", "4.3", "4.4"]]],
    ["// y of docs/math.md section 2.1", [[]]],
  ])("are found: %j", (text, expected) => {
    expect(mentionsIn(text)).toEqual(expected);
  });

  it("name sections that are there", () => {
    const numbers = sections.map(({ number }) => number);
    const faults = sources.flatMap((path) =>
      mentionsIn(read(path)).flatMap((named) => {
        if (named.length === 0) return [`${path} mentions ${MATH} without ", section N"`];
        return named.filter((number) => !numbers.includes(number)).map((number) => `${path} wants section ${number}`);
      }),
    );
    expect(faults).toEqual([]);
  });

  it("are the only ones: nothing cites a specification that is not in the repository", () => {
    const paths = [...sources, ...documents];
    expect(paths.filter((path) => /\bspec\.md\b|\bsections? \d+ of the spec/i.test(read(path)))).toEqual([]);
  });
});

it("sections of docs/math.md are numbered in order", () => {
  let [chapter, section] = [0, 0];
  const expected = sections.map(({ level }) => {
    if (level === 2) {
      chapter += 1;
      section = 0;
      return String(chapter);
    }
    section += 1;
    return `${chapter}.${section}`;
  });
  expect(sections.length).toBeGreaterThan(0);
  expect(sections.map(({ number }) => number)).toEqual(expected);
});
