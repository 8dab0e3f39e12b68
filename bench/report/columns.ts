import type { ResultTable, Row } from "../results.js";
import { duration, nsPerElement, spread, UNITS } from "./format.js";

interface Column {
  head: string;
  cell(row: Row): string | undefined;
}

const gigabytesPerSecond = ({ timing }: Row) => timing?.bytes && timing.bytes / (timing.median * 1e6);

const TIMES: Column[] = [
  { head: "ns per element", cell: (row) => optional(nsPerElement(row), UNITS["ns per element"]) },
  { head: "GB/s", cell: (row) => optional(gigabytesPerSecond(row), (rate) => rate.toFixed(rate < 1 ? 3 : 1)) },
  { head: "median", cell: ({ timing }) => timing && duration(timing.median) },
  { head: "minimum", cell: ({ timing }) => timing && duration(timing.minimum) },
];

/** Of a quantity, by its unit. */
const QUANTITIES = { bytes: "size", ms: "time", "GFLOP/s": "GFLOP/s" } as const;

function optional(value: number | undefined, show: (value: number) => string): string | undefined {
  return value === undefined ? undefined : show(value);
}

function columns(rows: Row[]): Column[] {
  const quantities = Object.entries(QUANTITIES).map(([unit, head]) => ({
    head,
    cell: ({ quantity }: Row) => (quantity?.unit === unit ? UNITS[quantity.unit](quantity.value) : undefined),
  }));
  const references = [...new Set(rows.flatMap(({ ratio }) => ratio?.to ?? []))];
  const ratios = references.map((to) => ({
    head: `ratio to ${to}`,
    cell: ({ ratio }: Row) => (ratio?.to === to ? spread(ratio) : undefined),
  }));
  return [...TIMES, ...quantities, ...ratios];
}

/** A table of text, the first row its heads, without the columns that have a head only. */
export function withoutEmptyColumns([head = [], ...rows]: string[][]): string[][] {
  const isShown = head.map((_, column) => rows.some((row) => row[column] !== ""));
  return [head, ...rows].map((row) => row.filter((_, column) => isShown[column]));
}

/** Names of cases beside rows, each in its first row only. */
export const caseNames = (rows: Row[]) => rows.map((row, i) => (row.case === rows[i - 1]?.case ? "" : row.case));

/** A table as text, the first row its heads. */
export function tableCells({ axis, rows }: ResultTable): string[][] {
  const all = columns(rows);
  const names = caseNames(rows);
  const cells = rows.map((row, i) => [names[i] ?? "", row.contender, ...all.map(({ cell }) => cell(row) ?? "")]);
  return withoutEmptyColumns([[axis, "contender", ...all.map(({ head }) => head)], ...cells]);
}
