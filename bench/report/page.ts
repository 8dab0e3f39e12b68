import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { escapeHtml, htmlTable } from "../../reporting/html.js";
import { scriptLiteral, selfContainedPage } from "../../reporting/page.js";
import type { Report, ResultTable, SectionResult } from "../results.js";
import { colorPicker, tableCharts } from "./charts.js";
import { tableCells } from "./columns.js";
import { comparisonCells, EXPLANATION, unlikeLines } from "./compare.js";
import { headingLines } from "./heading.js";
import { match } from "./match.js";

const STYLE = `
  :root { color-scheme: light dark; --text: #222; --soft: #555; --line: #ddd; --ground: #fff; }
  @media (prefers-color-scheme: dark) { :root { --text: #e4e4e4; --soft: #aaa; --line: #444; --ground: #181818; } }
  body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--ground);
    max-width: 1280px; margin: 24px auto; padding: 0 16px; }
  h1 { font-size: 22px; margin: 0; }
  h2 { font-size: 19px; margin: 48px 0 0; }
  h3 { font-size: 16px; margin: 24px 0 0; }
  p, ul { color: var(--soft); margin: 4px 0; }
  a { color: inherit; }
  nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 8px 0; }
  .chart { height: 360px; position: relative; margin: 12px 0; }
  .table { overflow-x: auto; }
  table { border-collapse: collapse; margin: 8px 0; font-variant-numeric: tabular-nums; }
  th, td { padding: 3px 8px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
  th { vertical-align: bottom; white-space: normal; }
  th:nth-child(-n + 2), td:nth-child(-n + 2) { text-align: left; }
  th:first-child, td:first-child { padding-left: 0; }`;

const HOW_TO_READ = [
  "Times are those of one call: the median and the minimum of many calls. The time per element is the median divided by the " +
    "number of activations in a call.",
  "GB/s: the bytes that a call must at least read and write, divided by its median time.",
  "Times as fast as another contender: the two ran in turns. The figure is the median of the rounds, with the quartiles in " +
    "brackets. A figure above 1 is faster. The machine and its load change times more than they change these figures.",
  "Charts of lines have logarithmic axes. Where the axis of a chart of bars is logarithmic, its title says so.",
];

const SCRIPT = `const style = getComputedStyle(document.documentElement);
function paint() {
  Chart.defaults.color = style.getPropertyValue("--text");
  Chart.defaults.borderColor = style.getPropertyValue("--line");
}
// Charts of lines have a tick with its name at each case, but not where two names would overlap.
function nameTicks({ data, options }) {
  const names = new Map(data.datasets.flatMap(({ data }) => data.map((point) => [point.x, point.case])));
  const places = [...names.keys()].sort((a, b) => a - b);
  const ticks = places.filter((x, i) => i === 0 || x > 1.2 * places[i - 1]).map((value) => ({ value }));
  options.scales.x.afterBuildTicks = (scale) => { scale.ticks = ticks; };
  options.scales.x.ticks = { callback: (value) => names.get(value) };
}
for (const chart of charts) if (chart.type === "line") nameTicks(chart);
paint();
Chart.defaults.font.size = 13;
const drawn = [...document.querySelectorAll("canvas")].map((canvas, i) => new Chart(canvas, charts[i]));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  paint();
  for (const chart of drawn) chart.update();
});`;

const CANVAS = `<div class="chart"><canvas></canvas></div>`;
const element = (tag: string, text: string) => `<${tag}>${escapeHtml(text)}</${tag}>`;
const wide = (cells: string[][]) => `<div class="table">${htmlTable(cells)}</div>`;

function tableHtml(table: ResultTable, charts: number): string {
  const note = table.note ? element("p", table.note) : "";
  return [element("h3", table.title), note, CANVAS.repeat(charts), wide(tableCells(table))].join("\n");
}

function comparisonHtml(old: Report, now: Report): string {
  const tables = match(old, now).tables.flatMap((table) => [element("h3", table.title), wide(comparisonCells(table))]);
  const unlike = unlikeLines(old, now).map((line) => element("p", line));
  const dates = `${old.date} (old) and ${now.date} (new)`;
  return [`<h2 id="comparison">Comparison</h2>`, element("p", dates), element("p", EXPLANATION), ...unlike, ...tables].join("\n");
}

/** A section's place in the page: a name without spaces. */
const idOf = (name: string) => name.replace(/\W+/g, "-");

/** Writes one file of HTML that needs no other: charts and tables of a report, and its comparison with an older one. */
export async function writePage(file: string, report: Report, old?: Report): Promise<void> {
  const pickColors = colorPicker();
  const charts: object[] = [];
  const sectionHtml = ({ name, title, tables }: SectionResult) => {
    const parts = tables.map((table) => {
      const own = tableCharts(table, pickColors);
      charts.push(...own);
      return tableHtml(table, own.length);
    });
    return [`<h2 id="${idOf(name)}">${escapeHtml(title)}</h2>`, ...parts].join("\n");
  };
  const sections = report.sections.map(sectionHtml);
  const names = [...report.sections.map(({ name }) => name), ...(old ? ["comparison"] : [])];
  const body = [
    ...headingLines(report).map((line) => element("p", line)),
    `<nav>${names.map((name) => `<a href="#${idOf(name)}">${escapeHtml(name)}</a>`).join("")}</nav>`,
    `<details><summary>How to read</summary><ul>${HOW_TO_READ.map((line) => element("li", line)).join("")}</ul></details>`,
    ...sections,
    ...(old ? [comparisonHtml(old, report)] : []),
  ].join("\n");
  const script = `const charts = ${scriptLiteral(charts)};\n${SCRIPT}`;
  const page = await selfContainedPage({ title: "tfjs-uan: benchmark results", style: STYLE, body, script });
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, page);
}
