import type { ChartConfiguration, ChartOptions } from "chart.js";
import { common, OKABE_ITO, titled } from "../../reporting/charts.js";
import type { ResultTable, Row } from "../results.js";
import { type Measure, measure } from "./format.js";

type LineChart = ChartConfiguration<"line", { x: number; y: number; case: string }[]>;
type BarChart = ChartConfiguration<"bar", (number | null)[], string>;
type Unit = Measure["unit"];

/** The rows of one contender. */
interface Series {
  label: string;
  color: string | undefined;
  rows: Row[];
}

const COLORS = Object.values(OKABE_ITO);
/** Where the longest bar is longer than so many times the shortest, a linear axis would hide the shortest. */
const LARGEST_LINEAR_RANGE = 30;

const unique = <T>(values: T[]) => [...new Set(values)];
const figure = (row: Row) => measure(row)?.value as number;

/** Gives the contenders of a table different colors. A contender of an earlier table keeps its color where that is free. */
export function colorPicker() {
  const kept = new Map<string, string>();
  return (contenders: string[]): Map<string, string> => {
    const picked = new Map<string, string>();
    const others = contenders.filter((contender) => !kept.has(contender));
    for (const contender of [...contenders.filter((contender) => kept.has(contender)), ...others]) {
      const free = COLORS.filter((color) => ![...picked.values()].includes(color));
      const color = free.find((color) => color === kept.get(contender)) ?? free[0] ?? OKABE_ITO.grey;
      picked.set(contender, color);
      kept.set(contender, color);
    }
    return picked;
  };
}

function lineChart(axis: string, unit: Unit, series: Series[]): LineChart {
  const datasets = series.map(({ label, color, rows }) => ({
    label,
    data: rows.map((row) => ({ x: row.x as number, y: figure(row), case: row.case })),
    borderColor: color,
    backgroundColor: color,
    borderWidth: 2,
    pointRadius: 3,
  }));
  const positions = datasets.flatMap(({ data }) => data.map(({ x }) => x));
  const range = { min: Math.min(...positions), max: Math.max(...positions) };
  const x = { type: "logarithmic", title: titled(axis), ...range } as const;
  const y = { type: "logarithmic", title: titled(unit) } as const;
  const options: ChartOptions<"line"> = { ...common, scales: { x, y }, interaction: { mode: "nearest", axis: "x" } };
  return { type: "line", data: { datasets }, options };
}

function barChart(axis: string, unit: Unit, series: Series[]): BarChart {
  const rows = series.flatMap(({ rows }) => rows);
  const labels = unique(rows.map((row) => row.case));
  const datasets = series.map(({ label, color, rows }) => {
    const values = new Map(rows.map((row) => [row.case, figure(row)]));
    return { label, data: labels.map((name) => values.get(name) ?? null), backgroundColor: color };
  });
  const values = rows.map(figure);
  const shortest = Math.min(...values);
  const y =
    Math.max(...values) > LARGEST_LINEAR_RANGE * shortest
      ? ({ type: "logarithmic", min: shortest / 2, title: titled(`${unit}, logarithmic`) } as const)
      : ({ beginAtZero: true, title: titled(unit) } as const);
  const x = { grid: { display: false }, title: titled(axis) };
  return { type: "bar", data: { labels, datasets }, options: { ...common, scales: { x, y } } };
}

/** A chart for each unit of the table's rows. */
export function tableCharts({ axis, rows }: ResultTable, pickColors: ReturnType<typeof colorPicker>): (LineChart | BarChart)[] {
  const contenders = unique(rows.map(({ contender }) => contender));
  const colors = pickColors(contenders);
  return unique(rows.flatMap((row) => measure(row)?.unit ?? [])).map((unit) => {
    const measured = rows.filter((row) => measure(row)?.unit === unit);
    const all = contenders.map((label) => ({
      label,
      color: colors.get(label),
      rows: measured.filter(({ contender }) => contender === label),
    }));
    const chart = measured.every(({ x }) => x !== undefined) ? lineChart : barChart;
    const series = all.filter(({ rows }) => rows.length > 0);
    return chart(axis, unit, series);
  });
}
