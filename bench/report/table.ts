import { textTable } from "../../reporting/textTable.js";
import type { Report, SectionResult } from "../results.js";
import { tableCells } from "./columns.js";
import { headingLines } from "./heading.js";

export function renderHeading(report: Report): string {
  return headingLines(report).join("\n");
}

export function renderSection({ title, tables }: SectionResult): string {
  const texts = tables.map((table) => {
    const lines = [table.title, textTable(tableCells(table), 2)];
    return [...lines, ...(table.note ? [table.note] : [])].join("\n");
  });
  return [title, ...texts].join("\n\n");
}
