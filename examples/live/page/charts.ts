import {
  BarController,
  BarElement,
  Chart,
  type ChartConfiguration,
  Legend,
  type LegendItem,
  LinearScale,
  LineController,
  LineElement,
  type LineOptions,
  PointElement,
} from "chart.js";
import { common } from "../../../reporting/charts.js";
import { binCenters } from "../histogram.js";
import { componentDensities, shownDensity } from "../mixture.js";
import { type Density, KIND_NAMES, KINDS, type OfEach } from "../protocol.js";
import { hues, inks } from "./theme.js";

Chart.register(BarController, BarElement, Legend, LinearScale, LineController, LineElement, PointElement);

export interface Point {
  x: number;
  y: number;
}

const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [1, 5]];
const POINTS = ["circle", "triangle", "rect"] as const;
/** Every so many points of a curve has a mark. */
const MARKED = 12;

function axes(x: string, y: string, range: { min?: number; max?: number } = {}) {
  const { faint, line, ink } = inks();
  const axis = (text: string) => ({ title: { display: true, text, color: ink }, ticks: { color: faint }, grid: { color: line } });
  return { x: { type: "linear" as const, ...axis(x) }, y: { type: "linear" as const, beginAtZero: true, ...axis(y), ...range } };
}

/** Its marks are those of the curves: points, or lines with their dashes. */
const legend = () => ({
  legend: {
    labels: {
      color: inks().ink,
      usePointStyle: true,
      generateLabels: (chart: Chart): LegendItem[] =>
        Chart.defaults.plugins.legend.labels.generateLabels(chart).map((item) => {
          const { borderDash, borderWidth } = chart.data.datasets[item.datasetIndex as number] as LineOptions;
          return { ...item, lineDash: (borderDash ?? []) as number[], lineWidth: borderWidth as number };
        }),
    },
  },
});

/** Marks wide enough for a dash. */
function wideLegend() {
  const { labels } = legend().legend;
  return { legend: { labels: { ...labels, pointStyleWidth: 36 } } };
}

/** A chart that is drawn anew where the scheme changes. */
class Redrawn {
  protected readonly chart: Chart;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly options: () => ChartConfiguration["options"],
  ) {
    this.chart = new Chart(canvas, { type: "line", data: { datasets: [] }, options: options() as object });
  }

  restyle(): void {
    this.chart.options = this.options() as object;
    this.chart.update();
  }
}

/** A curve for each network, by step. */
export class CurvesChart extends Redrawn {
  constructor(canvas: HTMLCanvasElement, name: string, range: { min?: number; max?: number } = {}) {
    super(canvas, () => ({ ...common, scales: axes("step", name, range), plugins: legend() }));
  }

  show(curves: OfEach<Point[]>): void {
    const colors = hues();
    this.chart.data.datasets = KINDS.map((kind, i) => ({
      label: KIND_NAMES[kind],
      data: curves[kind],
      borderColor: colors[i],
      backgroundColor: colors[i],
      borderDash: DASHES[i],
      borderWidth: 2,
      pointStyle: POINTS[i],
      pointRadius: ({ dataIndex }: { dataIndex: number }) => (dataIndex % MARKED === 0 || curves[kind].length < MARKED ? 4 : 0),
    }));
    this.chart.update();
  }
}

/** A channel's histogram, with its mixture over it. */
export class DensityChart extends Redrawn {
  constructor(canvas: HTMLCanvasElement) {
    super(canvas, () => ({ ...common, scales: axes("activation", "density"), plugins: wideLegend() }));
  }

  show({ histogram, mixture }: Density): void {
    const colors = hues();
    const { ink, line } = inks();
    const xs = binCenters(histogram);
    const densities = xs.map((x) => componentDensities(mixture, x));
    const curve = (y: (of: number[]) => number): Point[] => xs.map((x, i) => ({ x, y: y(densities[i] as number[]) }));
    this.chart.data.datasets = [
      {
        label: "mixture",
        data: curve((of) => of.reduce((sum, density) => sum + density, 0)),
        borderColor: ink,
        borderWidth: 3,
        pointRadius: 0,
        pointStyle: "line",
      },
      ...mixture.mean.map((_, k) => ({
        label: `component ${k + 1}`,
        data: curve((of) => of[k] as number),
        borderColor: colors[k],
        borderDash: DASHES[k + 1] ?? [12, 6],
        borderWidth: 2,
        pointRadius: 0,
        pointStyle: "line" as const,
      })),
      {
        type: "bar" as const,
        label: "activations",
        data: xs.map((x, i) => ({ x, y: histogram.densities[i] as number })),
        backgroundColor: line,
        barPercentage: 1,
        categoryPercentage: 1,
        pointStyle: "rect",
      } as never,
    ];
    const { x, y } = this.chart.options.scales ?? {};
    if (y) Object.assign(y, { max: shownDensity(histogram, mixture) });
    if (x) Object.assign(x, { min: histogram.start, max: histogram.start + histogram.width * xs.length });
    this.chart.update();
  }
}
