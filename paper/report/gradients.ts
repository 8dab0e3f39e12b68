import type { RunConfig } from "../config.js";
import type { MethodName } from "../methods.js";
import { mean } from "../metrics.js";
import type { Finished } from "../results.js";
import { ALONG, type GradientRecord, type LayerGradient } from "../training/gradients.js";
import { epochsAxis, type LineChart, lineChart, meanPoints, methodLines, pointOf } from "./charts.js";
import { compareGroups, groupOf } from "./compare.js";
import { FORMATS, type Format } from "./format.js";
import { finalLoss, type Measure } from "./measures.js";
import { type Part, type Runs, seedsOf, UAN, unique, valuesOf, withConfig } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { settingText } from "./setting.js";
import { besideNames, type Column, heads, methodRows, methodTable } from "./table.js";
import { reworded, verdict } from "./verdict.js";

/** The methods differ after this layer. */
const LAYER = "convolution 2";
const STEP = ALONG.indexOf(1);
const FARTHEST = ALONG.length - 1;

const records = ({ record }: Finished): GradientRecord[] => record.gradients ?? [];
const layersOf = (run: Finished): LayerGradient[] => records(run).flatMap(({ layers }) => layers);

const fluctuation: Measure = (run) => mean(layersOf(run).map(({ fluctuation }) => fluctuation));
const turnAt = (far: number): Measure => {
  return (run) => mean(records(run).map(({ turn }) => turn[far] as number));
};
const ofLayer = (key: "norm" | "variance"): Measure => {
  return (run) => mean(layersOf(run).flatMap(({ layer, ...values }) => (layer === LAYER ? [values[key]] : [])));
};
const largestChange: Measure = (run) => Math.max(...records(run).map(({ change }) => change[FARTHEST] as number));

/** Explains the columns' names. */
const TERMS =
  "Fluctuation: the deviation of a layer's gradient norm from step to step, divided by its mean, over all layers. " +
  "Variance: of an entry of the gradient over the steps of a tenth of an epoch, mean of the entries. " +
  "Turn and change: by how many degrees, and by which part of its length, the gradient of a batch differs " +
  `from that at the start of a step, after it, and ${ALONG[FARTHEST]} times as far ahead.`;

const COLUMNS: Column[] = [
  { head: "training loss", measure: finalLoss, format: FORMATS.loss },
  { head: "fluctuation of norms", measure: fluctuation, format: FORMATS.significant },
  { head: `norm, ${LAYER}`, measure: ofLayer("norm"), format: FORMATS.significant },
  { head: `variance, ${LAYER}`, measure: ofLayer("variance"), format: FORMATS.significant },
  { head: "turn along a step, °", measure: turnAt(STEP), format: FORMATS.degrees },
  { head: `largest change, ${ALONG[FARTHEST]} steps' length ahead`, measure: largestChange, format: FORMATS.significant },
];

/** The runs of a learning rate. */
function partsOf(runs: Runs): Part[] {
  return valuesOf(runs, "learningRate").map((learningRate) => {
    return { name: `learning rate ${learningRate}`, runs: withConfig(runs, { learningRate }) };
  });
}

function summary(parts: Part[], seeds: number): Table {
  const rows = parts.flatMap(({ name, runs }) => besideNames([name], methodRows(runs, COLUMNS, seeds)));
  const title = "Training loss of the last epoch, and the kernels' gradients over the training";
  return { title, note: TERMS, rows: [["", "", ...heads(COLUMNS)], ...rows], names: 2 };
}

/** The summary with the learning rates side by side. */
function compact(runs: Runs): Table {
  const rates = valuesOf(runs, "learningRate");
  const columns = rates.flatMap((learningRate) => {
    const of = rates.length > 1 ? `${learningRate}: ` : "";
    const where = (config: RunConfig) => config.learningRate === learningRate;
    return COLUMNS.map((column) => ({ ...column, head: `${of}${column.head}`, where }));
  });
  return { title: "Gradients over the training", note: TERMS, rows: methodTable(runs, columns, seedsOf(runs).length) };
}

function verdicts({ name, runs }: Part, seeds: number): Verdict[] {
  const beside = (by: string, measure: Measure, format: Format) => {
    const group = (method: MethodName) => groupOf(runs, method, measure);
    const found = compareGroups(group("bn"), UAN.map(group), { wanted: "less", format, seeds });
    return reworded(
      found,
      (text) => `${by}: ${text}`,
      (method) => `${method} (${by})`,
    );
  };
  return verdict(`UAN makes gradients more stable than BN (${name})`, [
    beside("fluctuation", fluctuation, FORMATS.significant),
    beside(`variance, ${LAYER}`, ofLayer("variance"), FORMATS.significant),
    beside("turn along a step", turnAt(STEP), FORMATS.degrees),
  ]);
}

const overTime = (value: (record: GradientRecord) => number) => (runs: Runs) =>
  meanPoints(runs, (run) => records(run).map((record) => ({ x: record.at, y: value(record) })));

function charts({ name, runs }: Part): LineChart[] {
  const epochs = epochsAxis(runs);
  const over = overTime(({ turn }) => turn[STEP] as number);
  const along = (runs: Runs) => ALONG.map((steps, far) => pointOf(steps, runs, turnAt(far)));
  const steps = { title: "steps", type: "logarithmic" } as const;
  return [
    lineChart(`turn of the gradient along a step: ${name}`, epochs, { title: "°" }, methodLines(runs, over, false)),
    lineChart(`turn by how far along the step: ${name}`, steps, { title: "°" }, methodLines(runs, along, true)),
  ];
}

function layerCharts({ name, runs }: Part): LineChart[] {
  const epochs = epochsAxis(runs);
  const layers = unique(runs.flatMap(layersOf).map(({ layer }) => layer));
  const chart = (layer: string, key: "norm" | "variance") => {
    const value = ({ layers }: GradientRecord) => layers.find((one) => one.layer === layer)?.[key] ?? Number.NaN;
    const y = { title: "logarithmic", type: "logarithmic" } as const;
    return lineChart(`${key}, ${layer}, ${name}`, epochs, y, methodLines(runs, overTime(value), false), false);
  };
  return layers.flatMap((layer) => [chart(layer, "norm"), chart(layer, "variance")]);
}

export function gradients(runs: Runs): Section {
  const [parts, seeds] = [partsOf(runs), seedsOf(runs).length];
  return {
    experiment: "gradients",
    title: "Does UAN make gradients more stable?",
    setting: settingText(runs),
    summary: summary(parts, seeds),
    compact: [compact(runs)],
    tables: [],
    verdicts: parts.flatMap((part) => verdicts(part, seeds)),
    charts: parts.flatMap(charts),
    small: {
      title: "Norm of each layer's gradient, and its variance over steps; colors as above",
      charts: parts.flatMap(layerCharts),
    },
  };
}
