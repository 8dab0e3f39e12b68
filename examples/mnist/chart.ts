import type { ChartConfiguration, ChartOptions } from "chart.js";
import { common, OKABE_ITO, titled } from "../../reporting/charts.js";
import { escapeHtml, htmlTable } from "../../reporting/html.js";
import { scriptLiteral, selfContainedPage } from "../../reporting/page.js";
import { explanations, type Summary, seconds, tableRows } from "./report.js";
import type { Result } from "./train.js";

interface Point {
  x: number;
  y: number;
}
type LineChart = ChartConfiguration<"line", Point[]>;
type BarChart = ChartConfiguration<"bar", number[], string[]>;
type Show = (value: number) => string;
type Figure = (summary: Summary) => number | undefined;

const COLORS = [OKABE_ITO.grey, OKABE_ITO.orange, OKABE_ITO.blue];
const SMOOTHED_POINTS = 80;

const colorOf = (i: number) => COLORS[i % COLORS.length] as string;

/** Training loss by epoch. Each point is the mean of the steps since the point before. */
function smoothedLoss({ losses, epochs }: Result): Point[] {
  const window = Math.ceil(losses.length / SMOOTHED_POINTS);
  return Array.from({ length: Math.ceil(losses.length / window) }, (_, i) => {
    const steps = losses.slice(i * window, (i + 1) * window);
    const middle = i * window + steps.length / 2;
    return { x: (middle / losses.length) * epochs.length, y: steps.reduce((sum, loss) => sum + loss, 0) / steps.length };
  });
}

function lineChart(title: string, results: Result[], points: (result: Result) => Point[], dots: boolean): LineChart {
  const datasets = results.map((result, i) => ({
    label: result.name,
    data: points(result),
    borderColor: colorOf(i),
    backgroundColor: colorOf(i),
    borderWidth: 2,
    pointRadius: dots ? 4 : 0,
    clip: 8,
  }));
  const epochs = results[0]?.epochs.length ?? 1;
  const x = { type: "linear", min: 0, max: epochs, title: titled("epochs") } as const;
  const y = { type: dots ? "linear" : "logarithmic", title: titled(title) } as const;
  const options: ChartOptions<"line"> = {
    ...common,
    scales: { x, y },
    interaction: { mode: "nearest", axis: "x", intersect: false },
    plugins: { title: titled(title) },
  };
  return { type: "line", data: { datasets }, options };
}

/** A bar for each contender, with its name and figure below. There is no chart if a figure is missing. */
function barChart(title: string, summaries: Summary[], value: Figure, show: Show): BarChart[] {
  const values = summaries.map(value).filter((value) => value !== undefined);
  if (values.length < summaries.length) return [];
  const labels = summaries.map(({ name }, i) => [name, show(values[i] as number)]);
  const options: ChartOptions<"bar"> = {
    ...common,
    scales: { x: { grid: { display: false }, ticks: { maxRotation: 0, autoSkip: false } }, y: { beginAtZero: true } },
    plugins: { title: titled(title), legend: { display: false } },
  };
  const data = { labels, datasets: [{ label: title, data: values, backgroundColor: COLORS }] };
  return [{ type: "bar", data, options }];
}

function charts(results: Result[], summaries: Summary[]): (LineChart | BarChart)[] {
  const accuracies = ({ epochs }: Result) => epochs.map(({ test }, i) => ({ x: i + 1, y: 100 * test.accuracy }));
  const bars = (title: string, value: Figure, show: Show) => barChart(title, summaries, value, show);
  return [
    lineChart("training loss", results, smoothedLoss, false),
    lineChart("test accuracy, %", results, accuracies, true),
    ...bars(
      "test error, % (100 − accuracy)",
      ({ testAccuracy }) => 100 * (1 - testAccuracy),
      (value) => `${value.toFixed(2)} %`,
    ),
    ...bars(
      "final loss",
      ({ finalLoss }) => finalLoss,
      (value) => value.toFixed(4),
    ),
    ...bars("time per epoch, s", ({ secondsPerEpoch }) => secondsPerEpoch, seconds),
    ...bars("time normalizing, s per epoch", ({ normalizingSecondsPerEpoch }) => normalizingSecondsPerEpoch, seconds),
  ];
}

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1180px; margin: 24px auto; padding: 0 16px; }
  h1 { font-size: 22px; margin: 0; }
  p { color: #555; margin: 4px 0; }
  table { border-collapse: collapse; margin: 16px 0; }
  th, td { padding: 4px 16px; border-bottom: 1px solid #ddd; text-align: right; }
  th:first-child, td:first-child { text-align: left; padding-left: 0; }
  .charts { display: grid; grid-template-columns: repeat(4, 1fr); gap: 24px; }
  .charts div { height: 280px; position: relative; min-width: 0; }
  .charts div:nth-child(-n + 2) { grid-column: span 2; height: 340px; }
  @media (max-width: 800px) { .charts div, .charts div:nth-child(-n + 2) { grid-column: span 4; } }`;

/** A page that loads nothing else: what was run, with charts and a table. */
export function chartPage(description: string, results: Result[], summaries: Summary[]): Promise<string> {
  return selfContainedPage({
    title: "MNIST: normalizations compared",
    style: STYLE,
    body: `<p>${escapeHtml(description)}</p>
${htmlTable(tableRows(summaries))}
<div class="charts"></div>
${explanations(summaries)
  .map((line) => `<p>${line}</p>`)
  .join("\n")}`,
    script: `Chart.defaults.color = "#222";
Chart.defaults.font.size = 13;
Chart.defaults.plugins.title.font = { size: 15 };
for (const configuration of ${scriptLiteral(charts(results, summaries))}) {
  const box = document.querySelector(".charts").appendChild(document.createElement("div"));
  new Chart(box.appendChild(document.createElement("canvas")), configuration);
}`,
  });
}
