import type { Report, ResultTable, Row } from "../results.js";

// What the README's tables need of a report: each throws where it is missing.

export function pickTable(report: Report, section: string, title: string): ResultTable {
  const table = report.sections.find(({ name }) => name === section)?.tables.find((table) => table.title === title);
  if (!table) throw new Error(`the report has no table '${title}' in a section '${section}'`);
  return table;
}

/** The rows of each case by contender. */
export function pickCases<Key extends string>(table: ResultTable, contenders: Record<Key, string>) {
  return [...new Set(table.rows.map((row) => row.case))].map((name) => {
    const entries = Object.entries<string>(contenders).map(([key, contender]) => {
      const row = table.rows.find((row) => row.case === name && row.contender === contender);
      if (!row) throw new Error(`the report's table '${table.title}' has no '${contender}' in the case '${name}'`);
      return [key, row];
    });
    return { name, rows: Object.fromEntries(entries) as Record<Key, Row> };
  });
}

export function present<T>(row: Row, what: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`the report has no ${what} of '${row.contender}' in the case '${row.case}'`);
  return value;
}

export function pickRatio(row: Row, { contender }: Row): number {
  return present(row, `ratio to '${contender}'`, row.ratio?.to === contender ? row.ratio.median : undefined);
}
