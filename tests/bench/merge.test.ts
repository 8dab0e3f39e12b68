import { expect, it } from "vitest";
import { merge } from "../../bench/report/merge.js";
import { checkReport } from "../../bench/report/validate.js";
import type { Report } from "../../bench/results.js";
import { madeUpReport, SHAPES } from "./reports.js";

const report = (date: string, ...names: string[]): Report => ({
  ...madeUpReport(),
  date,
  sections: names.map((name) => ({ name, title: `${name} of ${date}`, tables: [SHAPES] })),
});

const KEPT = report("2026-01-01", "first", "second");

it("takes a run of all kept sections as it is", () => {
  const now = report("2026-02-02", "second", "third", "first");
  expect(merge(KEPT, now)).toEqual(now);
});

it("puts the sections of any other run in the place of the kept ones, and says which run they are of", () => {
  const merged = merge(KEPT, report("2026-02-02", "third", "second"));
  expect(merged.date).toBe("2026-01-01");
  expect(merged.sections.map(({ title, run }) => [title, run?.date])).toEqual([
    ["first of 2026-01-01", undefined],
    ["second of 2026-02-02", "2026-02-02"],
    ["third of 2026-02-02", "2026-02-02"],
  ]);
  expect(merged.sections[1]?.run).not.toHaveProperty("sections");
  checkReport(merged, "the report");
});

it("replaces a section again", () => {
  const once = merge(KEPT, report("2026-02-02", "second"));
  expect(merge(once, report("2026-03-03", "second")).sections[1]?.run?.date).toBe("2026-03-03");
});
