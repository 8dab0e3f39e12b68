import type { Report, ResultTable, Row } from "../results.js";
import { multipleOf } from "./multiple.js";

// What the documents need of a report. Each function throws where the report does not have it.

export function pickTable(report: Report, section: string, title: string): ResultTable {
  const table = report.sections.find(({ name }) => name === section)?.tables.find((table) => table.title === title);
  if (!table) throw new Error(`the report has no table '${title}' in a section '${section}'`);
  return table;
}

export function pickRow(table: ResultTable, name: string, contender: string): Row {
  const row = table.rows.find((row) => row.case === name && row.contender === contender);
  if (!row) throw new Error(`the report's table '${table.title}' has no '${contender}' in the case '${name}'`);
  return row;
}

/** The rows of each case, by contender. */
export function pickCases<Key extends string>(table: ResultTable, contenders: Record<Key, string>) {
  return [...new Set(table.rows.map((row) => row.case))].map((name) => {
    const entries = Object.entries<string>(contenders).map(([key, contender]) => [key, pickRow(table, name, contender)]);
    return { name, rows: Object.fromEntries(entries) as Record<Key, Row> };
  });
}

export function present<T>(row: Row, what: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`the report has no ${what} of '${row.contender}' in the case '${row.case}'`);
  return value;
}

/** How many times as fast as another contender a row's is, where that is known: either of the two may have the ratio. */
export function speedBeside(row: Row, other: Row): number | undefined {
  const [own, others] = [multipleOf(row), multipleOf(other)];
  if (own?.than === other.contender) return own.median;
  return others?.than === row.contender ? 1 / others.median : undefined;
}

export function pickSpeed(row: Row, other: Row): number {
  return present(row, `ratio to '${other.contender}'`, speedBeside(row, other));
}
