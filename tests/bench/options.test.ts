import { describe, expect, it } from "vitest";
import { parseOptions } from "../../bench/options.js";
import type { Section } from "../../bench/section.js";

const ALL: Section[] = ["forward", "memory"].map((name) => ({ name, question: `${name}?`, run: async () => [] }));
const parse = (...args: string[]) => parseOptions(args, ALL);

describe("parseOptions", () => {
  it("has defaults", () => {
    const files = { json: "out/bench.json", page: "out/bench.html" };
    expect(parse()).toEqual({ ...files, sections: ALL, quick: false, relaxedSimd: false, seconds: 2.5 });
  });

  it("reads sections and options in any order", () => {
    const options = parse("--relaxed-simd", "memory", "--seconds", "7", "--quick", "--compare=old.json");
    expect(options).toMatchObject({ quick: true, relaxedSimd: true, seconds: 7, compare: "old.json" });
    expect(options?.sections.map(({ name }) => name)).toEqual(["memory"]);
  });

  it("is undefined for help", () => {
    expect(parse("--help")).toBeUndefined();
  });

  it.each([
    [["--fast"], "--fast is not an option: expected one of --quick, --relaxed-simd,"],
    [["training"], "'training' is not a section: expected some of forward, memory"],
    [["--seconds"], "--seconds must be followed by N, got nothing"],
    [["--seconds", "0"], "--seconds must be a number above 0, got '0'"],
    [["--quick=yes"], "--quick must be followed by nothing, got 'yes'"],
  ])("refuses %j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
