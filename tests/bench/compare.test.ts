import { describe, expect, it } from "vitest";
import { renderComparison } from "../../bench/report/compare.js";
import type { Row } from "../../bench/results.js";
import { madeUpReport, ratio, timedRow } from "./reports.js";

const reportOf = (...rows: Row[]) => madeUpReport({ title: "shapes", axis: "activations", rows });
const uan = (median: number, quotient: number, spread = 0.01) =>
  timedRow("[8]", "tfjs-uan", median, ratio("tf.batchNorm", quotient, spread));
const line = (text: string, part: string) => text.split("\n").find((line) => line.includes(part)) ?? "";

describe("renderComparison", () => {
  it("shows medians, how they compare, and how each compares to a contender of its run", () => {
    const text = renderComparison(reportOf(uan(0.004, 0.5)), reportOf(uan(0.002, 0.4)));
    const heads = line(text, "contender").split("│");
    expect(heads.map((cell) => cell.trim()).slice(3, -1)).toEqual([
      "old",
      "new",
      "new to old",
      "within a run",
      "old run",
      "new run",
      "change",
      "",
    ]);
    const cells = line(text, "tfjs-uan").split("│");
    expect(cells.map((cell) => cell.trim())).toEqual([
      "",
      "[8]",
      "tfjs-uan",
      "4.00 ns",
      "2.00 ns",
      "2.00 times as fast",
      "times as fast as tf.batchNorm",
      "2.00 (1.96–2.04)",
      "2.50 (2.44–2.56)",
      "+25.0%",
      "better",
      "",
    ]);
  });

  it("marks a change beyond both spreads", () => {
    expect(line(renderComparison(reportOf(uan(1, 0.5)), reportOf(uan(1, 0.6))), "tfjs-uan")).toContain("worse");
  });

  it("does not mark noise: a ratio within the spreads, however far the times", () => {
    const text = line(renderComparison(reportOf(uan(1, 0.5)), reportOf(uan(3, 0.515))), "tfjs-uan");
    expect(text).toContain("0.333 times as fast");
    expect(text).not.toMatch(/better|worse/);
    const wide = line(renderComparison(reportOf(uan(1, 0.5, 0.1)), reportOf(uan(1, 0.58))), "tfjs-uan");
    expect(wide).not.toMatch(/better|worse/);
  });

  it("does not mark a change of too few rounds", () => {
    const [old, now] = [uan(1, 0.5), uan(1, 0.6)];
    now.timing = { median: 1, minimum: 1, samples: 2 };
    expect(renderComparison(reportOf(old), reportOf(now))).not.toMatch(/│ +(better|worse) │/);
  });

  it("takes a higher ratio of rates for better", () => {
    const rate = (value: number): Row => ({
      case: "[8]",
      contender: "gradient",
      quantity: { value, unit: "GFLOP/s" },
      ratio: ratio("tf.conv2d", value / 40, 0.01),
    });
    const faster = line(renderComparison(reportOf(rate(40)), reportOf(rate(50))), "gradient");
    expect(faster).toContain("1.25 times as fast");
    expect(faster).toContain("better");
  });

  it("takes fewer bytes for better, and says how large they are", () => {
    const size = (value: number): Row => ({
      case: "[8]",
      contender: "tfjs-uan",
      quantity: { value, unit: "bytes" },
      ratio: ratio("the outputs alone", value / 1024, 0),
    });
    const larger = line(renderComparison(reportOf(size(2048)), reportOf(size(3072))), "tfjs-uan");
    for (const text of ["1.50 times as large", "times as large as the outputs alone", "3.00 (3.00–3.00)", "+50.0%", "worse"]) {
      expect(larger).toContain(text);
    }
  });

  it("does not compare ratios to different contenders", () => {
    const other = timedRow("[8]", "tfjs-uan", 1, ratio("UAN of tf operations", 0.1, 0.01));
    expect(line(renderComparison(reportOf(uan(1, 0.5)), reportOf(other)), "tfjs-uan")).not.toMatch(/0\.1|better|worse/);
  });

  it("lists rows that one report has alone", () => {
    const text = renderComparison(reportOf(uan(1, 1), timedRow("[9]", "a", 1)), reportOf(uan(1, 1), timedRow("[9]", "b", 1)));
    expect(text).toContain("only in the old: made-up, shapes: [9] a\n");
    expect(text).toContain("only in the new: made-up, shapes: [9] b\n");
    expect(renderComparison(reportOf(uan(1, 1)), madeUpReport())).toContain(
      "only in the old: made-up, shapes: the whole table\n",
    );
  });

  it("names sections that one report has alone, not their rows", () => {
    const whole = reportOf(uan(1, 1));
    const section = (name: string) => ({ name, title: name, tables: whole.sections[0]?.tables ?? [] });
    whole.sections.push(section("memory"), section("startup"));
    const text = renderComparison(whole, reportOf(uan(1, 1)));
    expect(text.match(/^only .*$/gm)).toEqual(["only in the old: sections memory, startup"]);
  });

  it("says where machine, runtime, versions and care differ, and only there", () => {
    const [old, now] = [reportOf(), reportOf()];
    expect(renderComparison(old, now)).not.toContain("differs");
    now.machine = { ...now.machine, cores: 8 };
    now.runtime = { name: "Node", version: "22.0.0" };
    now.versions = { ...now.versions, binary: "threaded" };
    now.backend = { name: "webgpu", device: "an abacus" };
    now.quick = true;
    expect(renderComparison(old, now).match(/^differs: .*$/gm)).toEqual([
      "differs: cores: 4 (old), 8 (new)",
      "differs: runtime: Node 20.1.0 (old), Node 22.0.0 (new)",
      "differs: backend: wasm (old), webgpu (new)",
      "differs: binary: simd (old), threaded (new)",
      "differs: quick: false (old), true (new)",
      "differs: device: none (old), an abacus (new)",
    ]);
  });
});
