import { folded, markdownTable } from "../../reporting/markdown.js";
import type { Report, ResultTable } from "../results.js";
import { tableCells } from "./columns.js";
import { headingText } from "./heading.js";

const tableText = (table: ResultTable) =>
  [`**${table.title}**`, ...(table.note ? [table.note] : []), markdownTable(tableCells(table))].join("\n\n");

/** Every table of a report, folded by section. */
export const sectionsBlock = ({ sections }: Report): string =>
  sections
    .map(({ name, title, tables, run }) => {
      const from = run ? [`Measured on ${headingText(run)}.`] : [];
      return folded(`${name}: ${title}`, [...from, ...tables.map(tableText)]);
    })
    .join("\n\n");
