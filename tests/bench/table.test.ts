import { describe, expect, it } from "vitest";
import { renderHeading, renderSection } from "../../bench/report/table.js";
import type { Report, ResultTable } from "../../bench/results.js";
import { madeUpReport, SHAPES, timedRow } from "./reports.js";

const section = (table: ResultTable) => renderSection({ name: "made-up", title: "Is it fast?", tables: [table] });

/** The cells of the line that has all these texts. */
function cells(text: string, ...parts: string[]): string[] {
  const line = text.split("\n").find((line) => parts.every((part) => line.includes(part)));
  return (line ?? "").split("│").map((cell) => cell.trim());
}

describe("renderSection", () => {
  it("has titles, heads, figures and notes", () => {
    const text = section(SHAPES);
    expect(text).toMatch(/^Is it fast\?\n\nshapes\n/);
    expect(text).toMatch(/\nBoth in turns\.$/);
    const heads = ["activations", "contender", "ns per element", "GB/s", "median", "minimum", "times as fast as tf.batchNorm"];
    expect(cells(text, "contender")).toEqual(["", ...heads, ""]);
    const uan = ["", "tfjs-uan", "2.00", "4.0", "2.000 µs", "1.800 µs", "2.00 (1.97–2.01)"];
    expect(cells(text, "tfjs-uan")).toEqual(["", ...uan, ""]);
  });

  it("leaves out columns without figures", () => {
    const rows = [{ case: "[8]", contender: "output", quantity: { value: 3 * 2 ** 20, unit: "bytes" as const } }];
    const text = section({ title: "heap", axis: "activations", rows });
    expect(cells(text, "contender")).toEqual(["", "activations", "contender", "size", ""]);
    expect(cells(text, "output")).toEqual(["", "[8]", "output", "3 MiB", ""]);
  });

  it("has a column for each unit and each reference, where more is faster, or larger", () => {
    const ratio = { median: 2, low: 1.5, high: 10.25 };
    const rows = [
      { case: "a", contender: "one", quantity: { value: 51.26, unit: "GFLOP/s" as const }, ratio: { to: "two", ...ratio } },
      { case: "a", contender: "two", quantity: { value: 12_345, unit: "ms" as const }, ratio: { to: "one", ...ratio } },
      { case: "a", contender: "three", quantity: { value: 2048, unit: "bytes" as const }, ratio: { to: "one", ...ratio } },
    ];
    const text = section({ title: "mixed", axis: "case", rows });
    const multiples = ["times as fast as two", "times as fast as one", "times as large as one"];
    expect(cells(text, "contender")).toEqual(["", "case", "contender", "size", "time", "GFLOP/s", ...multiples, ""]);
    expect(cells(text, "51.3")).toEqual(["", "a", "one", "", "", "51.3", "2.00 (1.50–10.3)", "", "", ""]);
    expect(cells(text, "12.35 s")).toEqual(["", "", "two", "", "12.35 s", "", "", "0.500 (0.0976–0.667)", "", ""]);
    expect(cells(text, "2 KiB")).toEqual(["", "", "three", "2 KiB", "", "", "", "", "2.00 (1.50–10.3)", ""]);
  });

  it("says what part of a whole a time is, of how many calls, and how long processors took", () => {
    const timing = { median: 2, minimum: 1, samples: 3, processor: 4 };
    const rows = [{ case: "Add", contender: "one", timing, part: 0.1234, calls: 5 }];
    const text = section({ title: "parts", axis: "kernel", rows });
    const heads = ["kernel", "contender", "median", "minimum", "processor time", "of the whole", "calls"];
    expect(cells(text, "contender")).toEqual(["", ...heads, ""]);
    expect(cells(text, "Add")).toEqual(["", "Add", "one", "2.000 ms", "1.000 ms", "4.000 ms", "12.3 %", "5", ""]);
  });

  it("takes the ratio of a row with a time and a rate for that of its times", () => {
    const rate = { value: 51.26, unit: "GFLOP/s" as const };
    const rows = [{ ...timedRow("a", "one", 1, { to: "two", median: 0.5, low: 0.4, high: 0.8 }), quantity: rate }];
    expect(cells(section({ title: "both", axis: "case", rows }), "51.3").at(-2)).toBe("2.00 (1.25–2.50)");
  });
});

describe("renderHeading", () => {
  it("says machine, runtime and versions", () => {
    const text = renderHeading(madeUpReport());
    expect(text).toContain("4 cores of Abacus 9000, 8 GiB of memory, linux x64");
    expect(text).toContain("Node 20.1.0; @tensorflow/tfjs-core 4.22.0, binary simd");
    expect(text).toContain("2025-01-02T03:04:05.000Z");
    expect(text).not.toContain("quick");
  });

  it("says which backend ran, and on what", () => {
    const heading = (backend: Report["backend"]) => renderHeading({ ...madeUpReport(), backend });
    expect(heading({ name: "wasm", simd: true })).toContain("\nwasm backend with SIMD, without threads\n");
    expect(heading({ name: "wasm", simd: true, threads: 4 })).toContain("\nwasm backend with SIMD, with 4 threads\n");
    expect(heading({ name: "wasm", simd: true, threads: 1 })).toContain("SIMD, with 1 thread\n");
    expect(heading({ name: "cpu" })).toContain("\ncpu backend\n");
    const gpu = heading({ name: "webgl", device: "an abacus", software: true });
    expect(gpu).toContain("\nwebgl backend on an abacus, software; tfjs-uan's programs compute there\n");
    const native = (device: string) => heading({ name: "tensorflow", device });
    expect(native("tfjs-node without a GPU")).toContain("\ntensorflow backend on tfjs-node without a GPU\n");
    expect(native("tfjs-node-gpu with a GPU")).toContain("with a GPU; tfjs-uan is composed of TensorFlow.js operations there\n");
  });

  it("says that a run was quick", () => {
    expect(renderHeading({ ...madeUpReport(), quick: true })).toContain("a quick run");
  });
});
