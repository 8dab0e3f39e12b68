import { markdownTable } from "../../reporting/markdown.js";
import { SECTIONS, STEP_CONTENDERS, TABLES } from "../names.js";
import type { Report, Row } from "../results.js";
import { duration, times } from "./format.js";
import { headingText } from "./heading.js";
import { pickRow, pickSpeed, pickTable, present } from "./pick.js";

const { theirs, ours, native } = STEP_CONTENDERS;

const time = (row: Row) => duration(present(row, "time", row.timing).median);

function runOf(report: Report) {
  return report.sections.find(({ name }) => name === SECTIONS.step)?.run ?? report;
}

/** A line of text for each step, with how many times as fast the library is. */
function table(report: Report, cases: string[]): string {
  const steps = pickTable(report, SECTIONS.step, TABLES.steps);
  const rows = cases.map((name) => {
    const without = steps.rows.find((row) => row.case === name && row.contender === theirs);
    const [own, natives] = [pickRow(steps, name, ours), pickRow(steps, name, native)];
    const speeds = [without ? times(pickSpeed(own, without)) : "–", times(pickSpeed(own, natives))];
    return [name, without ? time(without) : "–", time(own), time(natives), ...speeds];
  });
  return markdownTable([
    [steps.axis, theirs, ours, native, ...[theirs, native].map((other) => `times as fast as ${other}`)],
    ...rows,
  ]);
}

/** Every training step that was measured. */
export function stepBlock(report: Report): string {
  const { rows, note } = pickTable(report, SECTIONS.step, TABLES.steps);
  const cases = [...new Set(rows.map((row) => row.case))];
  const measured = `Medians of \`npm run bench -- ${SECTIONS.step}\` on ${headingText(runOf(report))}.`;
  return [measured, "", table(report, cases), ...(note ? ["", note] : [])].join("\n");
}

/** What README.md shows of them. */
export function shortStepBlock(report: Report, cases: string[]): string {
  const measured = `A training step on one thread. Medians of \`npm run bench -- ${SECTIONS.step}\` on ${headingText(runOf(report))}.`;
  return [table(report, cases), "", measured].join("\n");
}
