import { textTable } from "../../reporting/textTable.js";
import { wrapped } from "./format.js";
import type { Section, Table } from "./section.js";

const WIDTH = 120;

/** The text of a section for a terminal. */
export function renderSection({ title, setting, summary, papers, verdicts }: Section): string {
  const found = verdicts.map(({ claim, found }) => wrapped(`- ${claim}: ${found}.`, WIDTH));
  const table = ({ title, rows, names, note }: Table) =>
    [wrapped(`${title}:`, WIDTH), textTable(rows, names), ...(note ? [wrapped(note, WIDTH)] : [])].join("\n");
  return [
    title,
    wrapped(setting, WIDTH),
    table(summary),
    ...(papers ? [table(papers)] : []),
    ...(found.length > 0 ? [found.join("\n")] : []),
  ].join("\n\n");
}
