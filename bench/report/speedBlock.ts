import { markdownTable } from "../../reporting/markdown.js";
import { BACKENDS, LAYER_TABLES, LAYERS, NORMALIZATIONS, SECTIONS, TABLES } from "../names.js";
import type { Report } from "../results.js";
import { duration, times } from "./format.js";
import { headingText } from "./heading.js";
import { pickRow, pickSpeed, pickTable, present } from "./pick.js";

interface Line {
  what: string;
  section: string;
  table: string;
  ours: string;
  theirs: string;
  /** What of TensorFlow.js ours is compared with. */
  beside: string;
}

const LINES: Line[] = [
  {
    what: "a training step of a CNN",
    section: SECTIONS.convolution,
    table: TABLES.network,
    ours: BACKENDS.wasm,
    theirs: BACKENDS.cpu,
    beside: "its `cpu` backend: `wasm` alone cannot train it",
  },
  {
    what: "batch normalization, forward and backward",
    section: SECTIONS.layers,
    table: LAYER_TABLES.step,
    ours: LAYERS.batch,
    theirs: NORMALIZATIONS.batchNorm,
    beside: "`tf.moments`, `tf.batchNorm`",
  },
  {
    what: "layer normalization, forward",
    section: SECTIONS.layers,
    table: LAYER_TABLES.layerForward,
    ours: LAYERS.layer,
    theirs: LAYERS.theirs,
    beside: "`tf.layers.layerNormalization`",
  },
  {
    what: "UAN, forward and backward",
    section: SECTIONS.training,
    table: TABLES.targets,
    ours: NORMALIZATIONS.uan,
    theirs: NORMALIZATIONS.batchNorm,
    beside: "batch normalization, as above",
  },
];

/** A row for each of the things that the library is fast at, in the first case of their tables. */
export function speedBlock(report: Report): string {
  const rows = LINES.map(({ what, beside, section, table: title, ...contenders }) => {
    const table = pickTable(report, section, title);
    const name = table.rows[0]?.case ?? "";
    const [ours, theirs] = [pickRow(table, name, contenders.ours), pickRow(table, name, contenders.theirs)];
    const [time, theirTime] = [ours, theirs].map((row) => duration(present(row, "time", row.timing).median));
    return [`${what}, ${name}`, `${theirTime} (${beside})`, `${time}`, times(pickSpeed(ours, theirs))];
  });
  return [
    markdownTable([["", "TensorFlow.js", "tfjs-uan", "times as fast"], ...rows]),
    "",
    `Medians of \`npm run bench\` on ${headingText(report)}.`,
  ].join("\n");
}
