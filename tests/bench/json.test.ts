import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readReport, writeReport } from "../../bench/report/json.js";
import { madeUpReport, SHAPES } from "./reports.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uan-bench-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a file of this text is refused with. */
async function refusal(text: string): Promise<string> {
  const file = join(folder, "bad.json");
  await writeFile(file, text);
  const error = await readReport(file).catch((error: Error) => error);
  expect(error).toBeInstanceOf(Error);
  const { message } = error as Error;
  expect(message.startsWith(file)).toBe(true);
  return message.slice(file.length);
}

describe("a report's file", () => {
  it("gives back what was written, also in a new folder", async () => {
    const file = join(folder, "new", "bench.json");
    const report = madeUpReport(SHAPES);
    await writeReport(file, report);
    expect(await readReport(file)).toEqual(report);
  });

  const bad: [string, unknown, string][] = [
    ["a list", [1], ": wanted an object, got [1]"],
    ["another version", { ...madeUpReport(), version: 2 }, ".version: wanted 1, got 2"],
    ["no sections", { ...madeUpReport(), sections: undefined }, ".sections: wanted a list, got nothing"],
    [
      "a frequency as text",
      { ...madeUpReport(), machine: { ...madeUpReport().machine, megahertz: "2.6 GHz" } },
      '.machine.megahertz: wanted a number, got "2.6 GHz"',
    ],
    ["no cores", { ...madeUpReport(), machine: {} }, ".machine.cpu: wanted a string, got nothing"],
    [
      "NaN, which JSON writes as null",
      madeUpReport({ ...SHAPES, rows: [{ case: "a", contender: "b", ratio: { to: "c", median: Number.NaN, low: 1, high: 1 } }] }),
      ".sections[0].tables[0].rows[0].ratio.median: wanted a number, got null",
    ],
    [
      "an unknown unit",
      madeUpReport({ ...SHAPES, rows: [{ case: "a", contender: "b", quantity: { value: 1, unit: "miles" as "ms" } }] }),
      '.sections[0].tables[0].rows[0].quantity.unit: wanted "bytes" or "ms" or "GFLOP/s", got "miles"',
    ],
  ];
  it.each(bad)("is refused: %s", async (_, value, message) => {
    expect(await refusal(JSON.stringify(value))).toBe(message);
  });

  it("is refused where it is no JSON", async () => {
    expect(await refusal("{")).toMatch(/^: wanted a report of npm run bench, as JSON: /);
  });

  it("is missed where there is none", async () => {
    await expect(readReport(join(folder, "none.json"))).rejects.toThrow("none.json");
  });
});
