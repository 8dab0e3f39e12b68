import { OKABE_ITO } from "../../reporting/charts.js";
import { COMPONENTS, type MethodName, methodOf } from "../methods.js";
import { type LineChart, line, lineChart, pointOf } from "./charts.js";
import { compareBySetting } from "./compare.js";
import { densityCharts } from "./densities.js";
import { FORMATS, listed } from "./format.js";
import { finalLoss, finalScore, type Measure, waysOf } from "./measures.js";
import { methodsOf, type Part, type Runs, seedsOf, valuesOf, withConfig } from "./runs.js";
import type { Section, Verdict } from "./section.js";
import { settingText } from "./setting.js";
import { besideNames, type Column, cells, heads } from "./table.js";
import { reworded, verdict } from "./verdict.js";

const accuracy = finalScore("accuracy");
const usedAtStart: Measure = ({ record }) => record.mixtures?.[0]?.used ?? Number.NaN;
const usedAtEnd: Measure = (run) =>
  Number.isFinite(finalLoss(run)) ? (run.record.mixtures?.at(-1)?.used ?? Number.NaN) : Number.NaN;

const COLUMNS: Column[] = [
  { head: "accuracy, %", measure: accuracy, format: FORMATS.percent },
  { head: "recalibrated, %", measure: finalScore("accuracy", "recalibrated"), format: FORMATS.percent },
  { head: "training loss", measure: finalLoss, format: FORMATS.loss },
  { head: "in use at the start", measure: usedAtStart, format: FORMATS.count },
  { head: "in use at the end", measure: usedAtEnd, format: FORMATS.count },
];

/** Explains the columns' names. */
const TERMS =
  "In use: the effective number of components, K where all have equal shares of the activations, 1 where one has all of them; " +
  "at the start: after the first step.";

/** The runs of a scale of outputs. K = 1, where the scales are the same, is in every part. */
function partsOf(runs: Runs): Part[] {
  const ofOne = withConfig(runs, { components: 1 });
  return methodsOf(runs).map((method) => ({
    name: methodOf(method).label,
    runs: [...ofOne, ...withConfig(runs, { method }).filter(({ config }) => config.components > 1)],
  }));
}

/** A row for each K. */
function rowsOf(parts: Part[], seeds: number): string[][] {
  const rows = parts.flatMap(({ name, runs }) => {
    const row = (components: number) => [`${components}`, ...cells(withConfig(runs, { components }), COLUMNS, seeds)];
    return besideNames([name], valuesOf(runs, "components").map(row));
  });
  return [["", "K", ...heads(COLUMNS)], ...rows];
}

function verdicts({ name, runs }: Part): Verdict[] {
  return waysOf(runs).flatMap((judged) => {
    const group = (components: number) => withConfig(runs, { components }).map(finalScore("accuracy", judged));
    const beside = (reference: number) => {
      const others = valuesOf(runs, "components").filter((components) => components !== reference);
      const found = compareBySetting(
        others,
        (components) => `K = ${listed(components)}`,
        (components) => [group(components), group(reference)],
      );
      return reworded(
        found,
        (text) => `beside K = ${reference}, ${text}`,
        (components) => `${name}, of ${components}`,
      );
    };
    return [
      ...verdict(`More components than one classify better (${name}; ${judged})`, [beside(1)]),
      ...verdict(`Numbers of components, beside ${COMPONENTS} (${name}; ${judged})`, [beside(COMPONENTS)], false),
    ];
  });
}

function chart(parts: Part[]): LineChart {
  const lines = parts.map(({ name, runs }, i) => {
    const points = valuesOf(runs, "components").map((components) =>
      pointOf(components, withConfig(runs, { components }), accuracy, 100),
    );
    return line(name, { color: i === 0 ? OKABE_ITO.blue : OKABE_ITO.orange }, points, true);
  });
  return lineChart("test accuracy by K", { title: "K" }, { title: "%" }, lines);
}

export function components(runs: Runs): Section {
  const seeds = seedsOf(runs);
  const parts = partsOf(runs);
  const table = { note: TERMS, rows: rowsOf(parts, seeds.length), names: 2 };
  const ofFirst = withConfig(runs, { seed: seeds[0] as number });
  const last = withConfig(ofFirst, { method: methodsOf(runs).at(-1) as MethodName });
  const drawn = valuesOf(last, "components").flatMap((components) => withConfig(last, { components }).flatMap(densityCharts));
  return {
    experiment: "components",
    title: "How many components?",
    setting: settingText(runs),
    summary: { title: "At the end, by the number of components", ...table },
    compact: [{ title: "By the number of components", ...table }],
    tables: [],
    verdicts: parts.flatMap(verdicts),
    charts: [chart(parts)],
    ...(drawn.length > 0 && {
      small: {
        title:
          `Standardized activations of single channels (grey), the mixture's components over them (colors), and their sum (dark), seed ${seeds[0]}: ` +
          "after the first step, and at the end",
        charts: drawn,
      },
    }),
  };
}
