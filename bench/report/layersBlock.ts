import { markdownTable } from "../../reporting/markdown.js";
import { EM_STEPS, LAYER_TABLES, LAYERS, mixtureName, NORMALIZATIONS, SECTIONS } from "../names.js";
import type { Report, ResultTable, Row } from "../results.js";
import { nsPerElement, UNITS } from "./format.js";
import { pickTable, present } from "./pick.js";

const { replaced, batch, layer, group, instance } = LAYERS;
const ofLayers = [layer, group, instance];
const mixtures = EM_STEPS.map(mixtureName);
const ROWS: [pass: string, table: string, contenders: string[]][] = [
  ["inference", LAYER_TABLES.inference, [replaced, batch]],
  ["forward and backward", LAYER_TABLES.step, [batch]],
  ["forward", LAYER_TABLES.layerForward, ofLayers],
  ["forward and backward", LAYER_TABLES.layerTraining, ofLayers],
  ["forward", LAYER_TABLES.mixtureForward, mixtures],
  ["forward and backward", LAYER_TABLES.mixtureTraining, mixtures],
];

/** How many times as fast as TensorFlow.js's a row's contender is, where that has it. */
function speed(row: Row, { rows }: ResultTable): number | undefined {
  if (row.ratio?.to === NORMALIZATIONS.batchNorm) return 1 / row.ratio.median;
  // tf.layers.layerNormalization took turns with ours alone: its ratio is the other way round.
  const theirs = rows.find((other) => other.case === row.case && other.contender === LAYERS.theirs);
  return theirs?.ratio?.to === row.contender ? theirs.ratio.median : undefined;
}

/** A contender's cells, "–" in the cases that it is not for. */
function cells(table: ResultTable, contender: string, cases: string[]): string[] {
  const own = table.rows.filter((row) => row.contender === contender);
  if (own.length === 0) throw new Error(`the report's table '${table.title}' has no '${contender}'`);
  return cases.map((name) => {
    const row = own.find((row) => row.case === name);
    if (!row) return "–";
    const time = UNITS["ns per element"](present(row, "time", nsPerElement(row)));
    const times = speed(row, table);
    return times === undefined ? time : `${time} (${times.toFixed(times < 10 ? 1 : 0)}×)`;
  });
}

/** The speed of the classical layers: a line for each pass of each, a column for each case. */
export function layersTable(report: Report): string {
  const first = pickTable(report, SECTIONS.layers, LAYER_TABLES.inference);
  const cases = [...new Set(first.rows.map((row) => row.case))];
  const lines = ROWS.flatMap(([pass, title, contenders]) => {
    const table = pickTable(report, SECTIONS.layers, title);
    return contenders.map((contender) => [contender, pass, ...cells(table, contender, cases)]);
  });
  return [
    "Medians, in nanoseconds per activation; in brackets, how many times as fast as TensorFlow.js's own: tf.batchNorm, with",
    "tf.moments before it in training, and tf.layers.layerNormalization.",
    "",
    markdownTable([["", "pass", ...cases], ...lines]),
  ].join("\n");
}
