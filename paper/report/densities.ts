import { OKABE_ITO } from "../../reporting/charts.js";
import type { Finished } from "../results.js";
import type { ChannelMixture } from "../training/mixtures.js";
import { type Line, type LineChart, line, lineChart, type Point } from "./charts.js";

const CHANNELS = 2;
/** A curve has one point more. */
const STEPS = 72;
/** The height of a chart, in heights of the activations' density. Higher curves are cut off. */
const HEADROOM = 1.6;

const { blue, orange, green, vermilion, purple, skyBlue, yellow } = OKABE_ITO;
const COLORS = [blue, orange, green, vermilion, purple, skyBlue, yellow, "#7a5230"];
const SUM = "#333333";
const ACTIVATIONS = "#9a9a9a";

const normal = (x: number, mean: number, variance: number) =>
  Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance);

/** A number rounded to the precision of a chart. */
const short = (value: number) => Number(value.toPrecision(4));

/** A histogram. */
function density({ from, to, density }: ChannelMixture): Line {
  const width = (to - from) / density.length;
  const points = [...density, density.at(-1) ?? 0].map((y, i) => ({ x: short(from + i * width), y: short(y) }));
  const steps = line("activations", { color: ACTIVATIONS }, points, false);
  return { ...steps, backgroundColor: `${ACTIVATIONS}66`, borderWidth: 0, fill: "origin", stepped: "before", order: 1 };
}

function curve(label: string, color: string, { from, to }: ChannelMixture, height: (x: number) => number): Line {
  const points = Array.from({ length: STEPS + 1 }, (_, i): Point => {
    const x = from + (i / STEPS) * (to - from);
    return { x: short(x), y: short(height(x)) };
  });
  return { ...line(label, { color }, points, false), borderWidth: 1.5 };
}

function densityChart(title: string, channel: ChannelMixture): LineChart {
  const { mean, variance, prior, from, to } = channel;
  const height = (k: number, x: number) => (prior[k] as number) * normal(x, mean[k] as number, variance[k] as number);
  const components = mean.map((_, k) =>
    curve(`component ${k + 1}`, COLORS[k % COLORS.length] as string, channel, (x) => height(k, x)),
  );
  const sum = curve("their sum", SUM, channel, (x) => mean.reduce((total, _, k) => total + height(k, x), 0));
  const lines = [...components, ...(mean.length > 1 ? [sum] : []), density(channel)];
  const y = { title: "density", min: 0, max: short(HEADROOM * Math.max(...channel.density)) };
  return lineChart(title, { title: "activation", min: from, max: to }, y, lines, false);
}

const hasNumbers = ({ from, to, mean, variance, prior }: ChannelMixture) =>
  [from, to, ...mean, ...variance, ...prior].every(Number.isFinite);

/** Charts of some channels of a run, at the start and, if the run has not diverged, at the end. */
export function densityCharts({ config, record }: Finished): LineChart[] {
  const [start, end] = [record.mixtures?.[0], record.mixtures?.at(-1)];
  if (!start || !end) return [];
  const step = Math.ceil(start.channels.length / CHANNELS);
  return start.channels
    .filter((_, i) => i % step === 0)
    .flatMap((before) => {
      const after = end.channels.find(({ channel }) => channel === before.channel);
      const title = (when: string) => `K = ${config.components}, channel ${before.channel}, ${when}`;
      return [densityChart(title("start"), before), ...(after && hasNumbers(after) ? [densityChart(title("end"), after)] : [])];
    });
}
