import { markdownTable } from "../../reporting/markdown.js";
import type { Results } from "../results.js";
import { emphasized, howCompared } from "./compare.js";
import { wrapped } from "./format.js";
import { methodsText, seedsOf } from "./runs.js";
import { scaleText } from "./scale.js";
import type { Section, Table, Verdict } from "./section.js";
import { sectionsOf } from "./sections.js";

const WIDTH = 130;

function verdictTable(head: string, sections: Section[], isPapers: boolean): string[] {
  const shown = sections.flatMap(({ verdicts }) => verdicts.filter((verdict) => verdict.isPapers === isPapers));
  const row = ({ claim, found }: Verdict) => [claim, emphasized(found, "**", "**")];
  return shown.length > 0 ? [markdownTable([[head, "here"], ...shown.map(row)])] : [];
}

/** What stands in README.md. */
export function readmeBlock(results: Results): string {
  const { preset, presetDescription, machine, software, date } = results;
  const sections = sectionsOf(results);
  const heading = `\`npm run paper\`, preset ${preset} (${presetDescription}), on ${machine}, ${software}, ${date.slice(0, 10)}.`;
  const tableText = (opening: string, { title, note, rows }: Table) =>
    `${wrapped(`${opening}${title}.${note ? ` ${note}` : ""}`, WIDTH)}\n\n${markdownTable(rows)}`;
  const tables = sections.flatMap(({ title, setting, compact, papers }) => [
    tableText(`_${title}_ ${setting} `, compact),
    ...(papers ? [tableText("", papers)] : []),
  ]);
  return [
    wrapped(heading, WIDTH),
    wrapped(`${scaleText(results)} ${howCompared(seedsOf(results.runs).length)}`, WIDTH),
    wrapped(methodsText(results.runs), WIDTH),
    ...verdictTable("claim", sections, true),
    ...verdictTable("the library's own options", sections, false),
    ...tables,
  ].join("\n\n");
}
