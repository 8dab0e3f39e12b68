import { OKABE_ITO } from "../../reporting/charts.js";
import { COMPONENTS } from "../plan.js";
import { type LineChart, line, lineChart, pointOf } from "./charts.js";
import { compareBySetting } from "./compare.js";
import { densityCharts } from "./densities.js";
import { FORMATS } from "./format.js";
import { finalLoss, finalScore, type Measure } from "./measures.js";
import { type Runs, seedsOf, valuesOf, withConfig } from "./runs.js";
import type { Section, Table, Verdict } from "./section.js";
import { settingText } from "./setting.js";
import { type Column, cells, heads } from "./table.js";
import { reworded, verdict } from "./verdict.js";

const accuracy = finalScore("accuracy");
const usedAtStart: Measure = ({ record }) => record.mixtures?.[0]?.used ?? Number.NaN;
const usedAtEnd: Measure = (run) =>
  Number.isFinite(finalLoss(run)) ? (run.record.mixtures?.at(-1)?.used ?? Number.NaN) : Number.NaN;

const COLUMNS: Column[] = [
  { head: "accuracy, %", measure: accuracy, format: FORMATS.percent },
  { head: "training loss", measure: finalLoss, format: FORMATS.loss },
  { head: "in use at the start", measure: usedAtStart, format: FORMATS.count },
  { head: "in use at the end", measure: usedAtEnd, format: FORMATS.count },
];

/** Explains the columns' names. */
const TERMS =
  "In use: the effective number of components, K where all have equal shares of the activations, 1 where one has all of them; " +
  "at the start: after the first step.";

/** A row for each K. */
function rowsOf(runs: Runs): string[][] {
  const seeds = seedsOf(runs).length;
  const row = (components: number) => [`${components}`, ...cells(withConfig(runs, { components }), COLUMNS, seeds)];
  return [["K", ...heads(COLUMNS)], ...valuesOf(runs, "components").map(row)];
}

/** A column for each K. */
function compact(runs: Runs): Table {
  const rows = rowsOf(runs);
  const turned = (rows[0] as string[]).map((_, column) => rows.map((row) => row[column] as string));
  return { title: "By the number of components", note: TERMS, rows: turned };
}

function verdicts(runs: Runs): Verdict[] {
  const group = (components: number) => withConfig(runs, { components }).map(accuracy);
  const beside = (reference: number) => {
    const others = valuesOf(runs, "components").filter((components) => components !== reference);
    const found = compareBySetting("K =", others, (components) => [group(components), group(reference)]);
    return reworded(
      found,
      (text) => `beside K = ${reference}, ${text}`,
      (components) => `UAN, data start, of ${components}`,
    );
  };
  return [
    ...verdict("More components than one classify better", [beside(1)]),
    ...verdict("Numbers of components, beside the default", [beside(COMPONENTS)], false),
  ];
}

function chart(runs: Runs): LineChart {
  const points = valuesOf(runs, "components").map((components) =>
    pointOf(components, withConfig(runs, { components }), accuracy, 100),
  );
  const lines = [line("test accuracy", { color: OKABE_ITO.blue }, points, true)];
  return lineChart("test accuracy by K", { title: "K" }, { title: "%" }, lines, false);
}

export function components(runs: Runs): Section {
  const seeds = seedsOf(runs);
  const ofFirst = withConfig(runs, { seed: seeds[0] as number });
  const drawn = valuesOf(ofFirst, "components").flatMap((components) =>
    withConfig(ofFirst, { components }).flatMap(densityCharts),
  );
  return {
    experiment: "components",
    title: "How many components?",
    setting: settingText(runs),
    summary: { title: "At the end, by the number of components", note: TERMS, rows: rowsOf(runs) },
    compact: compact(runs),
    tables: [],
    verdicts: verdicts(runs),
    charts: [chart(runs)],
    ...(drawn.length > 0 && {
      small: {
        title:
          `Activations of single channels (grey), the mixture's components over them (colors), and their sum (dark), seed ${seeds[0]}: ` +
          "after the first step, and at the end",
        charts: drawn,
      },
    }),
  };
}
