import type { Report, ResultTable, Row, SectionResult } from "../results.js";

export interface MatchedRow {
  old: Row;
  now: Row;
}

export interface MatchedTable {
  title: string;
  axis: string;
  rows: MatchedRow[];
}

export interface Match {
  tables: MatchedTable[];
  /** Sections and rows that only one report has. Rows have a line for each table. */
  onlyOld: string[];
  onlyNow: string[];
}

function findTable({ sections }: Report, name: string, title: string): ResultTable | undefined {
  return sections.find((section) => section.name === name)?.tables.find((table) => table.title === title);
}

function findRow(table: ResultTable | undefined, { case: place, contender }: Row): Row | undefined {
  return table?.rows.find((row) => row.case === place && row.contender === contender);
}

function onlyIn(report: Report, other: Report): string[] {
  const isMissing = ({ name }: SectionResult) => !other.sections.some((section) => section.name === name);
  const missing = report.sections.filter(isMissing).map(({ name }) => name);
  const lines = ({ name, tables }: SectionResult) =>
    tables.flatMap(({ title, rows }) => {
      const table = findTable(other, name, title);
      const alone = rows.filter((row) => !findRow(table, row));
      const texts = table ? alone.map((row) => `${row.case} ${row.contender}`) : ["the whole table"];
      return alone.length > 0 ? [`${name}, ${title}: ${texts.join("; ")}`] : [];
    });
  const shared = report.sections.filter((section) => !isMissing(section));
  return [...(missing.length > 0 ? [`sections ${missing.join(", ")}`] : []), ...shared.flatMap(lines)];
}

/** The rows that two reports share, in the order of the new one. */
export function match(old: Report, now: Report): Match {
  const tables = now.sections.flatMap((section) =>
    section.tables.map(({ title, axis, rows }) => ({
      title: `${section.name}, ${title}`,
      axis,
      rows: rows.flatMap((row) => {
        const partner = findRow(findTable(old, section.name, title), row);
        return partner ? [{ old: partner, now: row }] : [];
      }),
    })),
  );
  return { tables: tables.filter(({ rows }) => rows.length > 0), onlyOld: onlyIn(old, now), onlyNow: onlyIn(now, old) };
}

const facts = ({ machine, runtime, backend, versions, quick }: Report): Record<string, unknown> => ({
  ...machine,
  runtime: `${runtime.name} ${runtime.version}`,
  backend: backend?.name ?? "wasm",
  ...(backend?.device && { device: backend.device }),
  ...(backend?.threads && { threads: backend.threads }),
  ...versions,
  quick,
});

/** Where two runs differ in machine, runtime, versions, and in how much was measured. */
export function differences(old: Report, now: Report): string[] {
  const [before, after] = [facts(old), facts(now)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name}: ${before[name] ?? "none"} (old), ${after[name] ?? "none"} (new)`);
}
