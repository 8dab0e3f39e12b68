import { markdownTable } from "../../reporting/markdown.js";
import { BACKENDS, CHROMIUM, GRADIENTS, NORMALIZATIONS, SECTIONS, TABLES } from "../names.js";
import type { Report, Row } from "../results.js";
import { duration, factor, nsPerElement, UNITS } from "./format.js";
import { headingText } from "./heading.js";
import { layersTable } from "./layersBlock.js";
import { pickCases, pickRatio, pickTable, present } from "./pick.js";

const PASSES = { forward: SECTIONS.forward, "forward and backward": SECTIONS.training };

const introduction = (report: Report) => `\`npm run bench\` on ${headingText(report)}:`;

/** A row of text for each case of a pass. */
function passRows(report: Report, pass: string, section: string): string[][] {
  const table = pickTable(report, section, TABLES.targets);
  return pickCases(table, NORMALIZATIONS).map(({ name, rows: { batchNorm, composed, uan } }) => {
    const times = [batchNorm, composed, uan].map((row) => UNITS["ns per element"](present(row, "time", nsPerElement(row))));
    // UAN of tf operations took turns with tfjs-uan alone: its ratio is the other way round.
    const ratios = [pickRatio(uan, batchNorm), 1 / pickRatio(composed, uan)].map(factor);
    return [name, pass, ...times, ...ratios];
  });
}

function normalization(report: Report): string {
  const rows = Object.entries(PASSES).flatMap(([pass, section]) => passRows(report, pass, section));
  const cases = rows.map(([name]) => name);
  const byCase = rows.toSorted(([a], [b]) => cases.indexOf(a) - cases.indexOf(b));
  const { batchNorm, composed, uan } = NORMALIZATIONS;
  const heads = ["activations", "pass", batchNorm, composed, uan, `${uan} to ${batchNorm}`, `${uan} to ${composed}`];
  const components = /K = \d+/.exec(pickTable(report, SECTIONS.forward, TABLES.targets).note ?? "")?.[0];
  if (components === undefined) throw new Error(`the note of '${TABLES.targets}' does not say K`);
  return [
    introduction(report),
    `${components} components; medians, in nanoseconds per activation, and the ratios of ${uan}'s time to that of the others.`,
    "",
    markdownTable([heads, ...byCase]),
  ].join("\n");
}

function network(report: Report): string {
  const table = pickTable(report, SECTIONS.convolution, TABLES.network);
  const sentences = pickCases(table, BACKENDS).map(({ name, rows: { wasm, cpu } }) => {
    const [ours, theirs] = [wasm, cpu].map((row) => duration(present(row, "time", row.timing).median));
    const times = `${ours} on \`wasm\`, ${theirs} on TensorFlow.js's \`cpu\``;
    return `A ${table.title} (${name}) took ${times}: ${pickRatio(cpu, wasm).toFixed(0)} times as long.`;
  });
  return sentences.join("\n");
}

function convolution(report: Report): string {
  const table = pickTable(report, SECTIONS.convolution, TABLES.gradients);
  const rate = (row: Row) => UNITS["GFLOP/s"](present(row, "rate", row.quantity).value);
  const rows = pickCases(table, GRADIENTS).map(({ name, rows: { forward, filter, input, theirs } }) => {
    const [ofFilter, ofInput, ofTheirs] = [filter, input, theirs].map((row) => pickRatio(row, forward)) as [
      number,
      number,
      number,
    ];
    const speeds = [1 / ofFilter, 1 / ofInput, ofTheirs / ofInput].map(factor);
    return [name, ...[forward, filter, input, theirs].map(rate), ...speeds];
  });
  const speeds = [`filter to ${GRADIENTS.forward}`, `input to ${GRADIENTS.forward}`, "input to backend's"];
  const heads = [table.axis, ...Object.values(GRADIENTS), ...speeds];
  return [
    introduction(report),
    "GFLOP/s, and how many times as fast.",
    "",
    markdownTable([heads, ...rows]),
    "",
    ...(table.note ? [table.note] : []),
    network(report),
  ].join("\n");
}

/** What stands between the README's markers, by their name. */
export function docsBlocks(report: Report): Record<string, string> {
  const [backend, runtime] = [report.backend?.name ?? "wasm", report.runtime.name];
  if (backend !== "wasm" || runtime === CHROMIUM) {
    throw new Error(`the README has the figures of backend 'wasm' in Node.js, these are of '${backend}' in ${runtime}`);
  }
  if (report.quick) throw new Error("the figures of a quick run (--quick) are too rough for the README");
  const hasLayers = report.sections.some(({ name }) => name === SECTIONS.layers);
  return {
    normalization: normalization(report),
    ...(hasLayers && { layers: `${introduction(report)}\n${layersTable(report)}` }),
    convolution: convolution(report),
  };
}
