import type { ChartConfiguration, ChartOptions } from "chart.js";
import { common, OKABE_ITO, titled } from "../../reporting/charts.js";
import { type MethodName, methodOf } from "../methods.js";
import { mean, spread } from "../metrics.js";
import type { Measure } from "./measures.js";
import { methodsOf, type Runs, withConfig } from "./runs.js";

export interface Point {
  x: number;
  y: number;
  /** The page draws it as a vertical line. */
  deviation?: number;
}

export type LineChart = ChartConfiguration<"line", Point[]>;
export type Line = LineChart["data"]["datasets"][number];

interface Pen {
  color: string;
  dash?: number[];
}

/** The lines of methods, the same in all charts. Dashes help color-blind readers to tell them apart. */
const PENS: Record<MethodName, Pen> = {
  none: { color: OKABE_ITO.grey },
  bn: { color: OKABE_ITO.orange },
  "bn-prior": { color: OKABE_ITO.orange, dash: [6, 3] },
  brn: { color: OKABE_ITO.orange, dash: [2, 3] },
  ln: { color: OKABE_ITO.green, dash: [6, 3] },
  gn: { color: OKABE_ITO.green },
  mn: { color: OKABE_ITO.purple },
  "uan-random": { color: OKABE_ITO.blue, dash: [2, 3] },
  "uan-data": { color: OKABE_ITO.blue },
  "uan-standardize-1": { color: OKABE_ITO.skyBlue, dash: [2, 3] },
  "uan-standardize": { color: OKABE_ITO.skyBlue, dash: [6, 3] },
  "uan-standardize-scaled": { color: OKABE_ITO.skyBlue },
  "uan-moments-1": { color: OKABE_ITO.vermilion, dash: [2, 3] },
  "uan-moments": { color: OKABE_ITO.vermilion },
};

export function line(label: string, { color, dash }: Pen, data: Point[], dots: boolean): Line {
  const drawn = { borderColor: color, backgroundColor: color, borderWidth: 2, borderDash: dash ?? [] };
  return { label, data, ...drawn, pointRadius: dots ? 3 : 0, clip: 8 };
}

/** A line for each method. */
export function methodLines(runs: Runs, points: (runs: Runs) => Point[], dots: boolean): Line[] {
  return methodsOf(runs).map((method) => line(methodOf(method).label, PENS[method], points(withConfig(runs, { method })), dots));
}

/** A point for runs that differ only in their seeds. A diverged run leaves a gap: its NaN is null in JSON. */
export function pointOf(x: number, runs: Runs, measure: Measure, factor = 1): Point {
  const values = runs.map((run) => factor * measure(run));
  if (values.length === 0) return { x, y: Number.NaN };
  const { mean: y, deviation } = spread(values);
  return { x, y, ...(deviation !== undefined && { deviation }) };
}

/** The means of the runs' points. */
export function meanPoints(runs: Runs, list: (run: Runs[number]) => Point[]): Point[] {
  const lists = runs.map(list);
  const length = Math.min(...lists.map((points) => points.length));
  return Array.from({ length }, (_, i) => {
    const points = lists.map((points) => points[i] as Point);
    return { x: (points[0] as Point).x, y: mean(points.map(({ y }) => y)) };
  });
}

export interface Axis {
  title: string;
  type?: "linear" | "logarithmic";
  min?: number;
  max?: number;
}

/** A horizontal axis over the whole training. */
export const epochsAxis = (runs: Runs): Axis => ({ title: "epochs", min: 0, max: runs[0]?.config.epochs ?? 1 });

/** The range of the lines and their deviations. Without deviations, Chart.js finds the range itself. */
function reach(lines: Line[]): { suggestedMin?: number; suggestedMax?: number } {
  const points = lines.flatMap(({ data }) => data.filter(({ y }) => Number.isFinite(y)));
  if (!points.some(({ deviation }) => deviation !== undefined)) return {};
  const ends = points.flatMap(({ y, deviation = 0 }) => [y - deviation, y + deviation]);
  return { suggestedMin: Math.min(...ends), suggestedMax: Math.max(...ends) };
}

export function lineChart(title: string, x: Axis, y: Axis, datasets: Line[], legend = true): LineChart {
  const axis = ({ title, type = "linear", ...range }: Axis) =>
    ({ type, title: titled(title), ...range, ticks: { includeBounds: false } }) as const;
  const options: ChartOptions<"line"> = {
    ...common,
    scales: { x: axis(x), y: { ...axis(y), ...reach(datasets) } },
    interaction: { mode: "nearest", axis: "x", intersect: false },
    plugins: { title: titled(title), legend: { display: legend } },
  };
  return { type: "line", data: { datasets }, options };
}
