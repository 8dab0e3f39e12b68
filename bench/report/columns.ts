import type { ResultTable, Row } from "../results.js";
import { duration, nsPerElement, UNITS } from "./format.js";
import { multipleOf, relation, spread } from "./multiple.js";

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
  { head: "processor time", cell: ({ timing }) => optional(timing?.processor, duration) },
  { head: "of the whole", cell: ({ part }) => optional(part, (part) => `${(100 * part).toFixed(1)} %`) },
  { head: "calls", cell: ({ calls }) => optional(calls, String) },
];

/** The heads of quantities, by unit. */
const QUANTITIES = { bytes: "size", ms: "time", "GFLOP/s": "GFLOP/s" } as const;

function optional<T>(value: T | undefined, show: (value: T) => string): string | undefined {
  return value === undefined ? undefined : show(value);
}

const relationOf = (row: Row) => optional(multipleOf(row), relation);

function columns(rows: Row[]): Column[] {
  const quantities = Object.entries(QUANTITIES).map(([unit, head]) => ({
    head,
    cell: ({ quantity }: Row) => (quantity?.unit === unit ? UNITS[quantity.unit](quantity.value) : undefined),
  }));
  const relations = [...new Set(rows.flatMap((row) => relationOf(row) ?? []))];
  const multiples = relations.map((head) => ({
    head,
    cell: (row: Row) => (relationOf(row) === head ? optional(multipleOf(row), spread) : undefined),
  }));
  return [...TIMES, ...quantities, ...multiples];
}

/** A table of text without the columns that have nothing but a head. The first row is the heads. */
export function withoutEmptyColumns([head = [], ...rows]: string[][]): string[][] {
  const isShown = head.map((_, column) => rows.some((row) => row[column] !== ""));
  return [head, ...rows].map((row) => row.filter((_, column) => isShown[column]));
}

/** The names of the cases, each in its first row only. */
export const caseNames = (rows: Row[]) => rows.map((row, i) => (row.case === rows[i - 1]?.case ? "" : row.case));

/** A table as text. The first row is its heads. */
export function tableCells({ axis, rows }: ResultTable): string[][] {
  const all = columns(rows);
  const names = caseNames(rows);
  const cells = rows.map((row, i) => [names[i] ?? "", row.contender, ...all.map(({ cell }) => cell(row) ?? "")]);
  return withoutEmptyColumns([[axis, "contender", ...all.map(({ head }) => head)], ...cells]);
}
