import { describe, expect, it } from "vitest";
import { GRADIENTS, SECTIONS, TABLES } from "../../bench/names.js";
import { benchDocs } from "../../bench/report/docsBlocks.js";
import { pickTable } from "../../bench/report/pick.js";
import type { Report } from "../../bench/results.js";
import { docsReport } from "./docsReport.js";

const MACHINE = `4 cores of Abacus 9000, Node 20.1.0,
@tensorflow/tfjs-core 4.22.0, binary simd, 2025-01-02.`;

/** What stands in docs/benchmarks.md, by the name of the block. */
function blocks(report = docsReport()): Record<string, string> {
  return benchDocs(report)["docs/benchmarks.md"] ?? {};
}

describe("benchDocs", () => {
  it("says on what machine the bench ran", () => {
    expect(blocks()["bench:machine"]).toBe(`\`npm run bench\` on ${MACHINE}`);
  });

  it("has four rows of speed for the README, each of the first case", () => {
    expect(benchDocs(docsReport())["README.md"]).toMatchObject({
      "bench:speed": `|  | TensorFlow.js | tfjs-uan | times as fast |
|---|---|---|---|
| a training step of a CNN, 8×8 | 16.82 s (its \`cpu\` backend: \`wasm\` alone cannot train it) | 35.50 ms | 474 |
| batch normalization, forward and backward, [2, 500] | 8.000 µs (\`tf.moments\`, \`tf.batchNorm\`) | 2.000 µs | 2.00 |
| layer normalization, forward, [2, 500] | 500.0 µs (\`tf.layers.layerNormalization\`) | 2.000 µs | 250 |
| UAN, forward and backward, [2, 500] | 60.00 µs (batch normalization, as above) | 5.000 µs | 2.00 |

Medians of \`npm run bench\` on ${MACHINE}`,
    });
  });

  const HEAD =
    "| step | wasm without tfjs-uan | tfjs-uan | tfjs-node | times as fast as wasm without tfjs-uan | times as fast as tfjs-node |";

  it("has the training steps of which kernels are shown for the README", () => {
    expect(benchDocs(docsReport())["README.md"]?.["bench:step"]).toBe(`${HEAD}
|---|---|---|---|---|---|
| perceptron, batch 128 | 16.00 ms | 2.000 ms | 1.000 ms | 8.00 | 0.500 |
| perceptron, fusedAdam, batch 128 | 16.00 ms | 2.000 ms | 1.000 ms | 8.00 | 0.500 |
| CNN, batch 32 | 160.0 ms | 20.00 ms | 10.00 ms | 8.00 | 0.500 |
| CNN, BN, batch 32 | 160.0 ms | 20.00 ms | 10.00 ms | 8.00 | 0.500 |
| CNN, UAN, batch 32 | – | 20.00 ms | 10.00 ms | – | 0.500 |
| LSTM, batch 128 | 16.00 ms | 2.000 ms | 1.000 ms | 8.00 | 0.500 |
| transformer, LN, batch 8 | 16.00 ms | 2.000 ms | 1.000 ms | 8.00 | 0.500 |
| CNN of volumes, batch 2 | 16.00 ms | 2.000 ms | 1.000 ms | 8.00 | 0.500 |

A training step on one thread. Medians of \`npm run bench -- step\` on ${MACHINE}`);
  });

  it("has all training steps, with the note of their table", () => {
    const lines = blocks()["bench:step"]?.split("\n") ?? [];
    expect(lines.slice(0, 4)).toEqual([
      `Medians of \`npm run bench -- step\` on ${MACHINE.split("\n")[0]}`,
      MACHINE.split("\n")[1],
      "",
      HEAD,
    ]);
    expect(lines).toContain("| CNN, GN, batch 128 | 160.0 ms | 20.00 ms | 10.00 ms | 8.00 | 0.500 |");
    expect(lines.at(-1)).toBe("With one abacus.");
  });

  it("says of a section from another run where it was measured, and checks that run, too", () => {
    const report = docsReport();
    const { version, sections, ...other } = docsReport();
    const run = { ...other, date: "2026-12-24T00:00:00.000Z" };
    const step = report.sections.find(({ name }) => name === SECTIONS.step) as Report["sections"][number];
    step.run = run;
    const moved = blocks(report);
    expect(moved["bench:step"]).toContain("binary simd, 2026-12-24.");
    expect(moved["bench:sections"]).toContain(
      "<summary>step: step?</summary>\n\nMeasured on 4 cores of Abacus 9000, Node 20.1.0,\n",
    );
    expect(moved["bench:machine"]).toBe(blocks()["bench:machine"]);
    step.run = { ...run, quick: true };
    expect(() => benchDocs(report)).toThrow("--quick");
  });

  it("has the normalizations, each case with both passes", () => {
    expect(
      blocks()["bench:normalization"],
    ).toBe(`K = 7 components. Medians, in nanoseconds per activation, and how many times as fast tfjs-uan is.

| activations | pass | tf.batchNorm | UAN of tf operations | tfjs-uan | times as fast as tf.batchNorm | times as fast as UAN of tf operations |
|---|---|---|---|---|---|---|
| [2, 500] | forward | 3.00 | 40.00 | 1.50 | 2.00 | 25.0 |
| [2, 500] | forward and backward | 60.00 | 700.00 | 5.00 | 2.00 | 25.0 |
| [1000] | forward | 4.00 | 40.00 | 1.50 | 2.00 | 25.0 |
| [1000] | forward and backward | 61.00 | 700.00 | 5.00 | 2.00 | 25.0 |`);
  });

  it("has the classical layers, with a dash where a case is missing", () => {
    const lines = blocks()
      ["bench:layers"]?.split("\n")
      .filter((line) => line.startsWith("|"));
    expect(lines?.slice(0, 5)).toEqual([
      "|  | pass | [2, 500] | [1000] |",
      "|---|---|---|---|",
      "| tf.batchNorm, replaced | inference | 2.00 (2.00) | – |",
      "| batchNormalization | inference | 2.00 (2.00) | 3.00 |",
      "| batchNormalization | forward and backward | 2.00 (2.00) | – |",
    ]);
    expect(lines).toContain("| layerNormalization | forward | 2.00 (250) | – |");
    expect(lines).toContain("| groupNormalization | forward | 2.00 | – |");
    expect(lines).toContain("| mixtureNormalization, 1 EM step | forward | 2.00 | – |");
  });

  it("has the convolutions, and the step of a network", () => {
    expect(blocks()["bench:convolution"]).toBe(`GFLOP/s, and how many times as fast the gradients are.

| convolution | tf.conv2d | gradient of filter | gradient of input | gradient of input, backend's | filter: times as fast as tf.conv2d | input: times as fast as tf.conv2d | input: times as fast as the backend's |
|---|---|---|---|---|---|---|---|
| [8, 8], 3×3 | 40.0 | 50.0 | 80.0 | 4.0 | 1.25 | 2.00 | 20.0 |

Padding 'none'.
A training step of a CNN (8×8) took 35.50 ms on \`wasm\` and 16.82 s on TensorFlow.js's \`cpu\`: \`wasm\` is 474 times as fast.`);
  });

  it("has every table, folded by section", () => {
    const text = blocks()["bench:sections"] ?? "";
    const titles = [...text.matchAll(/<summary>(.*)<\/summary>/g)].map(([, title]) => title);
    expect(titles).toEqual([
      "forward: forward?",
      "training: training?",
      "layers: layers?",
      "convolution: convolution?",
      "step: step?",
    ]);
    expect(text.match(/<\/details>/g)).toHaveLength(5);
    const convolution = text.slice(text.indexOf("<summary>convolution"));
    expect(
      convolution.startsWith(`<summary>convolution: convolution?</summary>

**gradients**

Padding 'none'.

| convolution | contender | ns per element | GB/s | median | minimum | GFLOP/s | times as fast as tf.conv2d |
|---|---|---|---|---|---|---|---|
| [8, 8], 3×3 | tf.conv2d | 1000.00 | 0.008 | 1.000 ms | 900.0 µs | 40.0 |  |
|  | gradient of filter | 1000.00 | 0.008 | 1.000 ms | 900.0 µs | 50.0 | 1.25 (1.11–1.43) |
`),
    ).toBe(true);
  });

  it("refuses a run elsewhere than on 'wasm' in Node.js", () => {
    const backend = { name: "webgl", device: "an abacus", software: true };
    expect(() => benchDocs({ ...docsReport(), backend })).toThrow("got those of 'webgl' in Node");
    const runtime = { name: "Chromium", version: "1" };
    expect(() => benchDocs({ ...docsReport(), runtime })).toThrow("got those of 'wasm' in Chromium");
    expect(benchDocs({ ...docsReport(), backend: { name: "wasm", simd: true } })).toEqual(benchDocs(docsReport()));
  });

  it("refuses a quick run", () => {
    expect(() => benchDocs({ ...docsReport(), quick: true })).toThrow("--quick");
  });

  it("refuses a run in which tf.conv2d fell to a part of its rate", () => {
    const report = docsReport();
    const filter = pickTable(report, SECTIONS.convolution, TABLES.gradients).rows.find(
      ({ contender }) => contender === GRADIENTS.filter,
    );
    Object.assign(filter?.ratio ?? {}, { median: 0.2 });
    expect(() => benchDocs(report)).toThrow("tf.conv2d fell to a part of its rate in the case '[8, 8], 3×3'");
  });

  it("refuses a report without what it needs, and names it", () => {
    const without = (change: (report: ReturnType<typeof docsReport>) => void) => () => {
      const report = docsReport();
      change(report);
      return benchDocs(report);
    };
    const section = `no table 'target shapes' in a section '${SECTIONS.forward}'`;
    expect(without((report) => report.sections.shift())).toThrow(section);
    const rows = (report: ReturnType<typeof docsReport>) => report.sections[0]?.tables[0]?.rows ?? [];
    expect(without((report) => rows(report).pop())).toThrow("'target shapes' has no 'UAN of tf operations' in the case '[1000]'");
    expect(without((report) => delete rows(report)[1]?.ratio)).toThrow(
      "no ratio to 'tf.batchNorm' of 'tfjs-uan' in the case '[2, 500]'",
    );
    expect(without((report) => delete rows(report)[0]?.timing)).toThrow("no time of 'tf.batchNorm'");
    const steps = (report: ReturnType<typeof docsReport>) => report.sections.at(-1)?.tables[0]?.rows ?? [];
    expect(without((report) => steps(report).splice(2, 1))).toThrow("has no 'tfjs-node' in the case 'perceptron, batch 128'");
    const isLayers = ({ name }: Report["sections"][number]) => name === SECTIONS.layers;
    expect(without((report) => report.sections.splice(report.sections.findIndex(isLayers), 1))).toThrow(
      `no table 'batch normalization, inference' in a section '${SECTIONS.layers}'`,
    );
  });
});
