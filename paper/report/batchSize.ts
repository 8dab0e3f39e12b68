import type { RunConfig } from "../config.js";
import { type MethodName, methodOf } from "../methods.js";
import { type LineChart, lineChart, methodLines, pointOf } from "./charts.js";
import { compareBySetting, type Finding } from "./compare.js";
import { FORMATS, listed } from "./format.js";
import { finalScore } from "./measures.js";
import { OPTIONS, type Part, type Runs, seedsOf, UAN, unique, valuesOf, withConfig, withoutVariants } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { settingText, trainingImages } from "./setting.js";
import { besideNames, type Column, heads, methodRows, methodTable } from "./table.js";
import { reworded, verdict } from "./verdict.js";

const NETWORKS: Record<RunConfig["network"], string> = { cnn: "CNN", mlp: "perceptron" };

const accuracy = finalScore("accuracy");

/** The runs of a network. */
function partsOf(runs: Runs): Part[] {
  const networks = unique(runs.map(({ config }) => config.network));
  return networks.map((network) => ({ name: NETWORKS[network], runs: withConfig(runs, { network }) }));
}

const columns = (sizes: number[]): Column[] =>
  sizes.map((size) => {
    return { head: `${size}`, measure: accuracy, format: FORMATS.percent, where: ({ batchSize }) => batchSize === size };
  });

/** A network sees the same images equally often at every batch size, so it makes fewer steps with larger batches. */
function stepsText(runs: Runs): string {
  const steps = runs.map(({ config }) => config.epochs * Math.ceil(trainingImages(config.data).used / config.batchSize));
  const counts = unique(steps).sort((a, b) => b - a);
  return (
    `Larger batches make fewer steps, which costs accuracy by itself: ${listed(counts)}. ` +
    "MN fits its components to the rows of a batch: of few rows, little is left."
  );
}

function summary(runs: Runs, parts: Part[], seeds: number): Table {
  const shown = columns(valuesOf(runs, "batchSize"));
  const rows = parts.flatMap(({ name, runs }) => besideNames([name], methodRows(runs, shown, seeds)));
  const title = "Test accuracy at the end, %, by batch size";
  return { title, note: stepsText(runs), rows: [["", "", ...heads(shown)], ...rows], names: 2 };
}

/** The summary without the variants, with the networks side by side. */
function compact(runs: Runs): Table {
  const networks = unique(runs.map(({ config }) => config.network));
  const shown = networks.flatMap((network) =>
    columns(valuesOf(runs, "batchSize")).map((column) => ({
      ...column,
      head: `${NETWORKS[network]}, ${column.head}`,
      where: (config: RunConfig) => config.network === network && (column.where?.(config) ?? true),
    })),
  );
  return {
    title: "Test accuracy, %, by network and batch size",
    note: stepsText(runs),
    rows: methodTable(withoutVariants(runs), shown, seedsOf(runs).length),
  };
}

/** The batch sizes at which a method is better or worse than another one at the same size. */
function bySize(runs: Runs, method: MethodName, reference: MethodName): Finding | undefined {
  const values = (method: MethodName, batchSize: number) => withConfig(runs, { method, batchSize }).map(accuracy);
  return compareBySetting("batches of", valuesOf(runs, "batchSize"), (size) => [values(method, size), values(reference, size)]);
}

/** Adds a name to a finding, so that it can be told from others. */
const named = (name: string, finding: Finding | undefined) =>
  reworded(
    finding,
    (text) => `${name}, ${text}`,
    (sizes) => `${name} (${sizes})`,
  );

function verdicts({ name, runs }: Part): Verdict[] {
  const each = (methods: MethodName[], reference: MethodName) =>
    methods.map((method) => named(methodOf(method).label, bySize(runs, method, reference)));
  const images = unique(runs.map(({ config }) => trainingImages(config.data).used));
  const trained = `${name}, ${listed(valuesOf(runs, "epochs"))} epochs of ${listed(images)} images`;
  return [
    ...verdict(`BN needs its batch (${trained}; beside no normalization)`, each(["bn"], "none")),
    ...verdict(`UAN does without large batches (${trained}; beside no normalization)`, each(UAN, "none")),
    ...verdict(`UAN beats BN, by batch size (${trained})`, each(UAN, "bn")),
  ];
}

/** The batch sizes at which the library's options are better or worse than the data start. */
function optionVerdicts(parts: Part[]): Verdict[] {
  return OPTIONS.flatMap((option) => {
    const findings = parts.map(({ name, runs }) => named(name, bySize(runs, option, "uan-data")));
    return verdict(`${methodOf(option).label}, beside the data start, by batch size`, findings, false);
  });
}

function chart({ name, runs }: Part): LineChart {
  const points = (runs: Runs) =>
    valuesOf(runs, "batchSize").map((size) => pointOf(size, withConfig(runs, { batchSize: size }), accuracy, 100));
  const x = { title: "batch size, logarithmic", type: "logarithmic" } as const;
  return lineChart(`test accuracy by batch size: ${name}`, x, { title: "%" }, methodLines(runs, points, true));
}

export function batchSize(runs: Runs): Section {
  const [parts, seeds] = [partsOf(runs), seedsOf(runs).length];
  return {
    experiment: "batch-size",
    title: "Does UAN do without large batches?",
    setting: settingText(runs),
    summary: summary(runs, parts, seeds),
    compact: compact(runs),
    tables: [],
    verdicts: [...parts.flatMap(verdicts), ...optionVerdicts(parts)],
    charts: parts.map(chart),
  };
}
