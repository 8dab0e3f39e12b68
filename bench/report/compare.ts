import { textTable } from "../../reporting/textTable.js";
import type { Ratio, Report, Row } from "../results.js";
import { caseNames, withoutEmptyColumns } from "./columns.js";
import { change, factor, measure, show, spread } from "./format.js";
import { differences, type MatchedRow, type MatchedTable, match } from "./match.js";

/** Quartiles of fewer rounds do not say how they spread. */
const FEWEST_ROUNDS = 5;

export const EXPLANATION =
  "Times of two runs differ with the machine's other work. What counts is the change of a ratio to a contender that ran beside it:\n" +
  `it is called better or worse where both ratios are of ${FEWEST_ROUNDS} rounds at the least and their quartile ranges do not meet.\n` +
  "Ratios are of times where there are times; ns are of an element.";

/** Whether less of what a row's ratio is of is better. */
const isCost = ({ timing, quantity }: Row) => timing !== undefined || quantity?.unit !== "GFLOP/s";

const isMeasuredOften = ({ timing }: Row) => timing === undefined || timing.samples >= FEWEST_ROUNDS;

/** A change beyond both spreads, or nothing. */
function verdict(old: Row, now: Row, before: Ratio, after: Ratio): string {
  const meet = after.low <= before.high && before.low <= after.high;
  if (meet || !isMeasuredOften(old) || !isMeasuredOften(now)) return "";
  return after.median < before.median === isCost(now) ? "better" : "worse";
}

function ratioCells(old: Row, now: Row): string[] {
  const [before, after] = [old.ratio, now.ratio];
  if (!before || !after || before.to !== after.to) return ["", "", "", "", ""];
  const changed = change(after.median / before.median);
  return [after.to, spread(before), spread(after), changed, verdict(old, now, before, after)];
}

function cells({ old, now }: MatchedRow): string[] {
  const [before, after] = [measure(old), measure(now)];
  const quotient = before && after && before.unit === after.unit ? factor(after.value / before.value) : "";
  const [shownOld, shownNow] = [before, after].map((value) => (value ? show(value) : ""));
  return [now.contender, shownOld ?? "", shownNow ?? "", quotient, ...ratioCells(old, now)];
}

/** A table as text, the first row its heads. */
export function comparisonCells({ axis, rows }: MatchedTable): string[][] {
  const ratio = ["ratio to", "old ratio", "new ratio", "change", ""];
  const names = caseNames(rows.map(({ now }) => now));
  const heads = [axis, "contender", "old", "new", "new / old", ...ratio];
  return withoutEmptyColumns([heads, ...rows.map((row, i) => [names[i] ?? "", ...cells(row)])]);
}

/** What two runs have not in common: where they ran, and rows of one alone. */
export function unlikeLines(old: Report, now: Report): string[] {
  const { onlyOld, onlyNow } = match(old, now);
  return [
    ...differences(old, now).map((line) => `differs: ${line}`),
    ...onlyOld.map((name) => `only in the old: ${name}`),
    ...onlyNow.map((name) => `only in the new: ${name}`),
  ];
}

export function renderComparison(old: Report, now: Report): string {
  const tables = match(old, now).tables.map((table) => `${table.title}\n${textTable(comparisonCells(table), 2)}`);
  return [`${old.date} (old) and ${now.date} (new)`, ...tables, unlikeLines(old, now).join("\n"), EXPLANATION]
    .filter((part) => part !== "")
    .join("\n\n");
}
