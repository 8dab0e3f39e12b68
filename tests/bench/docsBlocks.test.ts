import { describe, expect, it } from "vitest";
import { SECTIONS } from "../../bench/names.js";
import { docsBlocks } from "../../bench/report/docsBlocks.js";
import { replaceBlocks } from "../../bench/report/markdown.js";
import { docsReport } from "./docsReport.js";

const INTRODUCTION = `\`npm run bench\` on 4 cores of Abacus 9000, Node 20.1.0,
@tensorflow/tfjs-core 4.22.0, binary simd, 2025-01-02:`;

describe("docsBlocks", () => {
  it("has the normalizations, each case with both passes", () => {
    expect(docsBlocks(docsReport()).normalization).toBe(`${INTRODUCTION}
K = 7 components; medians, in nanoseconds per activation, and the ratios of tfjs-uan's time to that of the others.

| activations | pass | tf.batchNorm | UAN of tf operations | tfjs-uan | tfjs-uan to tf.batchNorm | tfjs-uan to UAN of tf operations |
|---|---|---|---|---|---|---|
| [2, 500] | forward | 3.00 | 40.00 | 1.50 | 0.500 | 0.0400 |
| [2, 500] | forward and backward | 60.00 | 700.00 | 5.00 | 0.500 | 0.0400 |
| [1000] | forward | 4.00 | 40.00 | 1.50 | 0.500 | 0.0400 |
| [1000] | forward and backward | 61.00 | 700.00 | 5.00 | 0.500 | 0.0400 |`);
  });

  it("has the classical layers, with a dash where a case is missing", () => {
    const { layers } = docsBlocks(docsReport());
    expect(layers?.startsWith(`${INTRODUCTION}\nMedians, in nanoseconds`)).toBe(true);
    const lines = layers?.split("\n").filter((line) => line.startsWith("|"));
    expect(lines?.slice(0, 5)).toEqual([
      "|  | pass | [2, 500] | [1000] |",
      "|---|---|---|---|",
      "| tf.batchNorm, replaced | inference | 2.00 (2.0×) | – |",
      "| batchNormalization | inference | 2.00 (2.0×) | 3.00 |",
      "| batchNormalization | forward and backward | 2.00 (2.0×) | – |",
    ]);
    expect(lines).toContain("| layerNormalization | forward | 2.00 (250×) | – |");
    expect(lines).toContain("| groupNormalization | forward | 2.00 | – |");
    expect(lines).toContain("| mixtureNormalization, 1 EM step | forward | 2.00 | – |");
  });

  it("has no block of layers where the report has no such section", () => {
    const report = docsReport();
    report.sections = report.sections.filter(({ name }) => name !== SECTIONS.layers);
    expect(Object.keys(docsBlocks(report))).toEqual(["normalization", "convolution"]);
  });

  it("has the convolutions, and the step of a network", () => {
    expect(docsBlocks(docsReport()).convolution).toBe(`${INTRODUCTION}
GFLOP/s, and how many times as fast.

| convolution | tf.conv2d | gradient of filter | gradient of input | gradient of input, backend's | filter to tf.conv2d | input to tf.conv2d | input to backend's |
|---|---|---|---|---|---|---|---|
| [8, 8], 3×3 | 40.0 | 50.0 | 80.0 | 4.0 | 1.250 | 2.000 | 20.00 |

Padding 'none'.
A training step of a CNN (8×8) took 35.50 ms on \`wasm\`, 16.82 s on TensorFlow.js's \`cpu\`: 474 times as long.`);
  });

  it("refuses a run elsewhere than on 'wasm' in Node.js", () => {
    const backend = { name: "webgl", device: "an abacus", software: true };
    expect(() => docsBlocks({ ...docsReport(), backend })).toThrow("these are of 'webgl' in Node");
    const runtime = { name: "Chromium", version: "1" };
    expect(() => docsBlocks({ ...docsReport(), runtime })).toThrow("these are of 'wasm' in Chromium");
    expect(docsBlocks({ ...docsReport(), backend: { name: "wasm", simd: true } })).toEqual(docsBlocks(docsReport()));
  });

  it("refuses a quick run", () => {
    expect(() => docsBlocks({ ...docsReport(), quick: true })).toThrow("--quick");
  });

  it("refuses a report without what it needs, and names it", () => {
    const without = (change: (report: ReturnType<typeof docsReport>) => void) => () => {
      const report = docsReport();
      change(report);
      return docsBlocks(report);
    };
    const section = `no table 'target shapes' in a section '${SECTIONS.forward}'`;
    expect(without((report) => report.sections.shift())).toThrow(section);
    const rows = (report: ReturnType<typeof docsReport>) => report.sections[0]?.tables[0]?.rows ?? [];
    expect(without((report) => rows(report).pop())).toThrow("'target shapes' has no 'UAN of tf operations' in the case '[1000]'");
    expect(without((report) => delete rows(report)[1]?.ratio)).toThrow(
      "no ratio to 'tf.batchNorm' of 'tfjs-uan' in the case '[2, 500]'",
    );
    expect(without((report) => delete rows(report)[0]?.timing)).toThrow("no time of 'tf.batchNorm'");
  });
});

describe("replaceBlocks", () => {
  const text = "a\n<!-- bench:one -->\nold\n<!-- /bench -->\nb\n<!-- bench:two -->\n<!-- /bench -->\nc\n";

  it("replaces what is between the markers, and nothing else", () => {
    const replaced = replaceBlocks(text, { one: "1 $& 1", two: "2" });
    expect(replaced).toBe(
      "a\n<!-- bench:one -->\n\n1 $& 1\n\n<!-- /bench -->\nb\n<!-- bench:two -->\n\n2\n\n<!-- /bench -->\nc\n",
    );
    expect(replaceBlocks(replaced, { one: "1 $& 1", two: "2" })).toBe(replaced);
  });

  it("refuses missing, doubled and unclosed markers", () => {
    expect(() => replaceBlocks(text, { three: "3" })).toThrow("'<!-- bench:three -->' must be there once");
    expect(() => replaceBlocks(text + text, { one: "1" })).toThrow("'<!-- bench:one -->' must be there once");
    const unclosed = text.replace("<!-- /bench -->", "");
    expect(() => replaceBlocks(unclosed, { one: "1" })).toThrow("'<!-- bench:one -->' must have '<!-- /bench -->' after it");
  });
});
