import { writeWhole } from "../../reporting/files.js";
import { escapeHtml, htmlTable } from "../../reporting/html.js";
import { scriptLiteral, selfContainedPage } from "../../reporting/page.js";
import type { Results } from "../results.js";
import type { LineChart } from "./charts.js";
import { emphasized, howCompared } from "./compare.js";
import { methodsText } from "./runs.js";
import { scaleText } from "./scale.js";
import type { Section, Table, Verdict } from "./section.js";
import { comparisonsOf, sectionsOf } from "./sections.js";

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1280px; margin: 24px auto; padding: 0 16px; }
  h1 { font-size: 24px; margin: 0; }
  h2 { font-size: 20px; margin: 56px 0 4px; padding-top: 16px; border-top: 1px solid #ddd; }
  p { color: #555; margin: 4px 0; max-width: 960px; }
  a { color: inherit; }
  nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 12px 0; }
  details { margin: 16px 0; }
  summary { cursor: pointer; color: #555; }
  .table { overflow-x: auto; margin: 16px 0; }
  table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
  caption { text-align: left; color: #555; padding-bottom: 4px; }
  th, td { padding: 3px 12px; border-bottom: 1px solid #ddd; text-align: right; white-space: nowrap; }
  th { vertical-align: bottom; white-space: normal; }
  .names-1 :is(th, td):nth-child(-n + 1), .names-2 :is(th, td):nth-child(-n + 2), .names-3 :is(th, td):nth-child(-n + 3),
  .verdicts :is(th, td) { text-align: left; }
  :is(th, td):first-child { padding-left: 0; }
  .verdicts table { width: 100%; }
  .verdicts td { white-space: normal; vertical-align: top; }
  .verdicts td:first-child { width: 38%; }
  .charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 24px; margin: 24px 0; }
  .charts div { height: 380px; position: relative; }
  .charts.small { grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 16px; }
  .charts.small div { height: 220px; }
  @media (max-width: 800px) { .charts { grid-template-columns: minmax(0, 1fr); }
    .charts.small { grid-template-columns: repeat(2, minmax(0, 1fr)); } }`;

const SCRIPT = `Chart.defaults.color = "#222";
Chart.defaults.font.size = 12;
Chart.defaults.plugins.title.font = { size: 14 };
Chart.defaults.plugins.legend.position = "bottom";
const { labels } = Chart.defaults.plugins.legend;
const { generateLabels } = labels;
Object.assign(labels, { usePointStyle: true, pointStyle: "line", pointStyleWidth: 32 });
labels.generateLabels = (chart) => // with the line's dashes; by default they have the point's
  generateLabels(chart).map((label) => ({ ...label, lineDash: chart.data.datasets[label.datasetIndex].borderDash }));
const figure = (value) => Number(value.toPrecision(4));
Chart.defaults.plugins.tooltip.callbacks.label = ({ dataset, raw: { y, deviation } }) =>
  dataset.label + ": " + figure(y) + (deviation === undefined ? "" : " ± " + figure(deviation));
const deviations = {
  id: "deviations",
  afterDatasetsDraw(chart) {
    const { ctx, scales: { x, y }, chartArea } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(chartArea.left - 8, chartArea.top, chartArea.width + 16, chartArea.height);
    ctx.clip();
    chart.data.datasets.forEach((dataset, i) => {
      if (!chart.isDatasetVisible(i)) return;
      ctx.strokeStyle = dataset.borderColor;
      ctx.globalAlpha = 0.5;
      ctx.beginPath();
      for (const point of dataset.data) {
        if (point.y === null || !point.deviation) continue;
        ctx.moveTo(x.getPixelForValue(point.x), y.getPixelForValue(point.y - point.deviation));
        ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.y + point.deviation));
      }
      ctx.stroke();
    });
    ctx.restore();
  },
};
// Horizontal logarithmic axes have ticks at the points.
function setTicks({ data, options: { scales: { x } } }) {
  if (x.type !== "logarithmic") return;
  const values = [...new Set(data.datasets.flatMap(({ data }) => data.map((point) => point.x)))].sort((a, b) => a - b);
  x.min = values[0];
  x.max = values.at(-1);
  x.afterBuildTicks = (scale) => { scale.ticks = values.map((value) => ({ value })); };
  x.ticks = { callback: String };
}
charts.forEach(setTicks);
document.querySelectorAll("canvas").forEach((canvas, i) => new Chart(canvas, { ...charts[i], plugins: [deviations] }));`;

const element = (tag: string, text: string) => `<${tag}>${escapeHtml(text)}</${tag}>`;

const tableHtml = ({ title, note, rows, names = 1 }: Table) =>
  `<div class="table names-${names}">${htmlTable(rows).replace("<table>", `<table>${element("caption", title)}`)}</div>${note ? element("p", note) : ""}`;

function verdictsHtml(head: string, verdicts: Verdict[]): string {
  if (verdicts.length === 0) return "";
  const row = ({ claim, found }: Verdict) =>
    `<tr>${element("td", claim)}<td>${emphasized(escapeHtml(found), "<b>", "</b>")}</td></tr>`;
  return `<div class="table verdicts"><table><tr><th>${head}</th><th>here</th></tr>${verdicts.map(row).join("")}</table></div>`;
}

const chartsHtml = (charts: LineChart[], kind = "charts") =>
  `<div class="${kind}">${"<div><canvas></canvas></div>".repeat(charts.length)}</div>`;

function sectionHtml({ experiment, title, setting, summary, papers, tables, verdicts, charts, small }: Section): string {
  return [
    `<h2 id="${experiment}">${escapeHtml(title)}</h2>`,
    element("p", setting),
    verdictsHtml(
      "claim",
      verdicts.filter(({ isPapers }) => isPapers),
    ),
    verdictsHtml(
      "option of the library",
      verdicts.filter(({ isPapers }) => !isPapers),
    ),
    tableHtml(summary),
    ...(papers ? [tableHtml(papers)] : []),
    chartsHtml(charts),
    ...(small ? [`<details open>${element("summary", small.title)}${chartsHtml(small.charts, "charts small")}</details>`] : []),
    ...(tables.length > 0 ? [`<details>${element("summary", "Tables")}${tables.map(tableHtml).join("\n")}</details>`] : []),
  ].join("\n");
}

/** Writes a self-contained HTML file with all findings, charts and tables. */
export async function writePage(file: string, results: Results): Promise<void> {
  const sections = sectionsOf(results);
  const { preset, presetDescription, machine, software, date } = results;
  const body = [
    element("p", `Preset ${preset}: ${presetDescription}. ${machine}; ${software}; ${date}.`),
    element("p", scaleText(results)),
    element("p", howCompared(results.runs, comparisonsOf(sections))),
    element("p", methodsText(results.runs)),
    `<nav>${sections.map(({ experiment }) => `<a href="#${experiment}">${experiment}</a>`).join("")}</nav>`,
    ...sections.map(sectionHtml),
  ].join("\n");
  const charts = sections.flatMap(({ charts, small }) => [...charts, ...(small?.charts ?? [])]);
  const script = `const charts = ${scriptLiteral(charts)};\n${SCRIPT}`;
  const page = await selfContainedPage({ title: "tfjs-uan: does it keep what the paper promises?", style: STYLE, body, script });
  await writeWhole(file, page);
}
