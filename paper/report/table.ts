import type { RunConfig } from "../config.js";
import { methodOf } from "../methods.js";
import { type Format, spreadText } from "./format.js";
import type { Measure } from "./measures.js";
import { methodsOf, type Runs, withConfig } from "./runs.js";

export interface Column {
  head: string;
  measure: Measure;
  format: Format;
  /** Selects the runs of the column. Default: all. */
  where?(config: RunConfig): boolean;
}

/** The figures of some runs. In each column they differ only in their seeds. */
export const cells = (runs: Runs, columns: Column[], seeds: number): string[] =>
  columns.map(({ measure, format, where }) => {
    const own = where ? runs.filter(({ config }) => where(config)) : runs;
    return spreadText(own.map(measure), format, seeds);
  });

export const heads = (columns: Pick<Column, "head">[]): string[] => columns.map(({ head }) => head);

/** A row for each method. */
export function methodRows(runs: Runs, columns: Column[], seeds: number): string[][] {
  return methodsOf(runs).map((method) => [methodOf(method).label, ...cells(withConfig(runs, { method }), columns, seeds)]);
}

/** A table with a row for each method. */
export function methodTable(runs: Runs, columns: Column[], seeds: number): string[][] {
  return [["", ...heads(columns)], ...methodRows(runs, columns, seeds)];
}

/** The rows of a part, with its names in front of the first row. */
export function besideNames(names: string[], rows: string[][]): string[][] {
  return rows.map((cells, i) => [...names.map((name) => (i === 0 ? name : "")), ...cells]);
}
