import { markdownTable } from "../../reporting/markdown.js";
import { EM_STEPS, LAYER_TABLES, LAYERS, mixtureName, NORMALIZATIONS, SECTIONS } from "../names.js";
import type { Report, ResultTable } from "../results.js";
import { nsPerElement, times, UNITS } from "./format.js";
import { pickTable, present, speedBeside } from "./pick.js";

const { replaced, batch, layer, group, instance } = LAYERS;
const layers = [layer, group, instance];
const mixtures = EM_STEPS.map(mixtureName);
const ROWS: [pass: string, table: string, contenders: string[]][] = [
  ["inference", LAYER_TABLES.inference, [replaced, batch]],
  ["forward and backward", LAYER_TABLES.step, [batch]],
  ["forward", LAYER_TABLES.layerForward, layers],
  ["forward and backward", LAYER_TABLES.layerTraining, layers],
  ["forward", LAYER_TABLES.mixtureForward, mixtures],
  ["forward and backward", LAYER_TABLES.mixtureTraining, mixtures],
];
/** TensorFlow.js's own contenders, which a layer of the library may have been compared with. */
const THEIRS: string[] = [NORMALIZATIONS.batchNorm, LAYERS.theirs];

/** A contender's cells, "–" for the cases that it has no part in. */
function cells(table: ResultTable, contender: string, cases: string[]): string[] {
  const own = table.rows.filter((row) => row.contender === contender);
  if (own.length === 0) throw new Error(`the report's table '${table.title}' has no '${contender}'`);
  return cases.map((name) => {
    const row = own.find((row) => row.case === name);
    if (!row) return "–";
    const time = UNITS["ns per element"](present(row, "time", nsPerElement(row)));
    const theirs = table.rows.find((other) => other.case === name && THEIRS.includes(other.contender));
    const speed = theirs && speedBeside(row, theirs);
    return speed === undefined ? time : `${time} (${times(speed)})`;
  });
}

/** The speed of the classical layers: a row for each pass of each layer, a column for each case. */
export function layersTable(report: Report): string {
  const first = pickTable(report, SECTIONS.layers, LAYER_TABLES.inference);
  const cases = [...new Set(first.rows.map((row) => row.case))];
  const lines = ROWS.flatMap(([pass, title, contenders]) => {
    const table = pickTable(report, SECTIONS.layers, title);
    return contenders.map((contender) => [contender, pass, ...cells(table, contender, cases)]);
  });
  return [
    "Medians, in nanoseconds per activation. In brackets: how many times as fast it is as TensorFlow.js's own, which is tf.batchNorm",
    "(in training tf.moments and tf.batchNorm) or tf.layers.layerNormalization.",
    "",
    markdownTable([["", "pass", ...cases], ...lines]),
  ].join("\n");
}
