import type { Docs } from "../../reporting/docs.js";
import { markdownTable } from "../../reporting/markdown.js";
import { BACKENDS, CHROMIUM, GRADIENTS, NORMALIZATIONS, SECTIONS, TABLES } from "../names.js";
import type { Report, Row, Run } from "../results.js";
import { CASES, caseName } from "../step/cases.js";
import { duration, nsPerElement, times, UNITS } from "./format.js";
import { headingText } from "./heading.js";
import { layersTable } from "./layersBlock.js";
import { pickCases, pickSpeed, pickTable, present } from "./pick.js";
import { sectionsBlock } from "./sectionsBlock.js";
import { speedBlock } from "./speedBlock.js";
import { shortStepBlock, stepBlock } from "./stepBlock.js";

/**
 * In some processes tf.conv2d falls to 0.4 of its rate (bench/NOTES.md). The gradient of the filter is then more than so many times as
 * fast, and else up to 2.3 times.
 */
const FALLEN = 3.5;

/** The training steps that README.md shows: those of which there is a table of kernels. */
const SHORT_STEPS = CASES.filter(({ isProfiled }) => isProfiled).map(caseName);

const PASSES = { forward: SECTIONS.forward, "forward and backward": SECTIONS.training };

/** A row of text for each case of a pass. */
function passRows(report: Report, pass: string, section: string): string[][] {
  const table = pickTable(report, section, TABLES.targets);
  return pickCases(table, NORMALIZATIONS).map(({ name, rows: { batchNorm, composed, uan } }) => {
    const shown = [batchNorm, composed, uan].map((row) => UNITS["ns per element"](present(row, "time", nsPerElement(row))));
    return [name, pass, ...shown, times(pickSpeed(uan, batchNorm)), times(pickSpeed(uan, composed))];
  });
}

function normalization(report: Report): string {
  const rows = Object.entries(PASSES).flatMap(([pass, section]) => passRows(report, pass, section));
  const cases = rows.map(([name]) => name);
  const byCase = rows.toSorted(([a], [b]) => cases.indexOf(a) - cases.indexOf(b));
  const { batchNorm, composed, uan } = NORMALIZATIONS;
  const speeds = [batchNorm, composed].map((other) => `times as fast as ${other}`);
  const components = /K = \d+/.exec(pickTable(report, SECTIONS.forward, TABLES.targets).note ?? "")?.[0];
  if (components === undefined) throw new Error(`the note of '${TABLES.targets}' does not say K`);
  return [
    `${components} components. Medians, in nanoseconds per activation, and how many times as fast ${uan} is.`,
    "",
    markdownTable([["activations", "pass", batchNorm, composed, uan, ...speeds], ...byCase]),
  ].join("\n");
}

function network(report: Report): string {
  const table = pickTable(report, SECTIONS.convolution, TABLES.network);
  const sentences = pickCases(table, BACKENDS).map(({ name, rows: { wasm, cpu } }) => {
    const [ours, theirs] = [wasm, cpu].map((row) => duration(present(row, "time", row.timing).median));
    const speed = `${times(pickSpeed(wasm, cpu))} times as fast`;
    return `A ${table.title} (${name}) took ${ours} on \`wasm\` and ${theirs} on TensorFlow.js's \`cpu\`: \`wasm\` is ${speed}.`;
  });
  return sentences.join("\n");
}

function convolution(report: Report): string {
  const table = pickTable(report, SECTIONS.convolution, TABLES.gradients);
  const rate = (row: Row) => UNITS["GFLOP/s"](present(row, "rate", row.quantity).value);
  const rows = pickCases(table, GRADIENTS).map(({ name, rows: { forward, filter, input, theirs } }) => {
    const [ofFilter, ofInput] = [pickSpeed(filter, forward), pickSpeed(input, forward)];
    if (ofFilter > FALLEN) {
      throw new Error(
        `${GRADIENTS.forward} fell to a part of its rate in the case '${name}': measure section 'convolution' again`,
      );
    }
    const speeds = [ofFilter, ofInput, ofInput / pickSpeed(theirs, forward)].map(times);
    return [name, ...[forward, filter, input, theirs].map(rate), ...speeds];
  });
  const speeds = [
    `filter: times as fast as ${GRADIENTS.forward}`,
    `input: times as fast as ${GRADIENTS.forward}`,
    "input: times as fast as the backend's",
  ];
  return [
    "GFLOP/s, and how many times as fast the gradients are.",
    "",
    markdownTable([[table.axis, ...Object.values(GRADIENTS), ...speeds], ...rows]),
    "",
    ...(table.note ? [table.note] : []),
    network(report),
  ].join("\n");
}

/** Throws unless the documents can show a run's figures. */
function checkRun({ backend, runtime, quick }: Run): void {
  const name = backend?.name ?? "wasm";
  if (name !== "wasm" || runtime.name === CHROMIUM) {
    throw new Error(`the documents want figures of backend 'wasm' in Node.js, got those of '${name}' in ${runtime.name}`);
  }
  if (quick) throw new Error("the documents want figures of a full run, got those of a quick one (--quick)");
}

/** What the documents say of a report. */
export function benchDocs(report: Report): Docs {
  for (const run of [report, ...report.sections.flatMap(({ run }) => run ?? [])]) checkRun(run);
  const blocks = {
    "bench:step": stepBlock(report),
    "bench:normalization": normalization(report),
    "bench:layers": layersTable(report),
    "bench:convolution": convolution(report),
    "bench:sections": sectionsBlock(report),
  };
  return {
    "README.md": { "bench:speed": speedBlock(report), "bench:step": shortStepBlock(report, SHORT_STEPS) },
    "docs/benchmarks.md": { "bench:machine": `\`npm run bench\` on ${headingText(report)}.`, ...blocks },
  };
}
