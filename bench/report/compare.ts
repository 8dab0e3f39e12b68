import { textTable } from "../../reporting/textTable.js";
import type { Report, Row } from "../results.js";
import { caseNames, withoutEmptyColumns } from "./columns.js";
import { change, measure, show, times } from "./format.js";
import { differences, type MatchedRow, type MatchedTable, match } from "./match.js";
import { type Multiple, multipleOf, quotient, relation, spread } from "./multiple.js";

/** Quartiles of fewer rounds do not say how they spread. */
const FEWEST_ROUNDS = 5;

export const EXPLANATION =
  "Times of two runs differ with the other work of the machine. Look at how a row compares to a contender of its own run.\n" +
  `A row is better or worse where its quartile ranges in the two runs do not overlap, and both runs have ${FEWEST_ROUNDS} rounds or more.\n` +
  "ns are nanoseconds per element.";

const isMeasuredOften = ({ timing }: Row) => timing === undefined || timing.samples >= FEWEST_ROUNDS;

/** A change beyond both spreads, or nothing. */
function verdict(old: Row, now: Row, before: Multiple, after: Multiple): string {
  const overlap = after.low <= before.high && before.low <= after.high;
  if (overlap || !isMeasuredOften(old) || !isMeasuredOften(now)) return "";
  const isMore = after.median > before.median;
  return isMore === (after.quality === "fast") ? "better" : "worse";
}

function multipleCells(old: Row, now: Row): string[] {
  const [before, after] = [multipleOf(old), multipleOf(now)];
  if (!before || !after || relation(before) !== relation(after)) return ["", "", "", "", ""];
  const changed = change(after.median / before.median);
  return [relation(after), spread(before), spread(after), changed, verdict(old, now, before, after)];
}

/** How the new figure of a row compares to the old one. */
function newToOld({ old, now }: MatchedRow): string {
  const [before, after] = [measure(old), measure(now)];
  if (!before || !after || before.unit !== after.unit) return "";
  const { quality, median } = quotient(after.value, before.value, after.unit);
  return `${times(median)} times as ${quality}`;
}

function cells(row: MatchedRow): string[] {
  const [shownOld, shownNow] = [row.old, row.now].map((row) => {
    const measured = measure(row);
    return measured ? show(measured) : "";
  });
  return [row.now.contender, shownOld ?? "", shownNow ?? "", newToOld(row), ...multipleCells(row.old, row.now)];
}

/** A table as text. The first row is its heads. */
export function comparisonCells({ axis, rows }: MatchedTable): string[][] {
  const names = caseNames(rows.map(({ now }) => now));
  const heads = [axis, "contender", "old", "new", "new to old", "within a run", "old run", "new run", "change", ""];
  return withoutEmptyColumns([heads, ...rows.map((row, i) => [names[i] ?? "", ...cells(row)])]);
}

/** What two runs do not have in common: where they ran, and rows that only one of them has. */
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
