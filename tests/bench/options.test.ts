import { describe, expect, it } from "vitest";
import { parseOptions } from "../../bench/options.js";
import { nameOn, type Section } from "../../bench/section.js";

const section = (name: string, rest: Partial<Section> = {}): Section => ({
  name,
  question: `${name}?`,
  run: async () => [],
  ...rest,
});
const ALL = [
  section("forward"),
  section("memory", { backends: ["wasm"] }),
  section("package", { inNodeOnly: true, threads: "none" }),
];
const parse = (...args: string[]) => parseOptions(args, ALL);

describe("parseOptions", () => {
  it("has defaults", () => {
    const files = { json: "out/bench.json", page: "out/bench.html" };
    const place = { backend: "wasm", browser: false, isolated: false };
    expect(parse()).toEqual({
      ...files,
      ...place,
      sections: ALL,
      leftOut: [],
      quick: false,
      relaxedSimd: false,
      seconds: 2.5,
    });
  });

  it("reads sections and options in any order", () => {
    const options = parse("--relaxed-simd", "memory", "--seconds", "7", "--quick", "--compare=old.json");
    expect(options).toMatchObject({ quick: true, relaxedSimd: true, seconds: 7, compare: "old.json" });
    expect(options?.sections.map(({ name }) => name)).toEqual(["memory"]);
  });

  it.each([
    [["--backend", "cpu"], { backend: "cpu", browser: false, isolated: false }],
    [["--backend", "tensorflow"], { backend: "tensorflow", browser: false, isolated: false }],
    [["--backend=webgl"], { backend: "webgl", browser: true, isolated: false }],
    [["--backend=webgpu"], { backend: "webgpu", browser: false, isolated: false }],
    [["--backend=webgpu", "--browser"], { backend: "webgpu", browser: true, isolated: false }],
    [["--browser"], { backend: "wasm", browser: true, isolated: false }],
    [["--threads", "2"], { backend: "wasm", browser: false, isolated: false, threads: 2 }],
    [["--threads", "2", "--browser"], { backend: "wasm", browser: true, isolated: true, threads: 2 }],
    [["--threads", "2", "--isolated"], { backend: "wasm", browser: true, isolated: true, threads: 2 }],
    [["--isolated"], { backend: "wasm", browser: true, isolated: true }],
  ])("knows where %j runs", (args, place) => {
    expect(parse(...args)).toMatchObject(place);
  });

  it("leaves out sections that do not apply, and says why", () => {
    const { sections, leftOut } = parse("--backend", "webgl") ?? {};
    expect(sections?.map(({ name }) => name)).toEqual(["forward"]);
    expect(leftOut).toEqual(["section 'memory' runs only on backend 'wasm'", "section 'package' runs only in Node.js"]);
    expect(parse("forward", "--backend", "webgl")?.leftOut).toEqual([]);
    expect(parse("--threads", "2")?.leftOut).toEqual(["section 'package' takes no --threads"]);
    expect(parse("--threads", "1")?.sections).toEqual(ALL);
  });

  it("is undefined for help", () => {
    expect(parse("--help")).toBeUndefined();
  });

  it.each([
    [["--fast"], "--fast is not an option: expected one of --backend, --browser,"],
    [["training"], "'training' is not a section: expected some of forward, memory, package"],
    [["--seconds"], "--seconds must be followed by N, got nothing"],
    [["--seconds", "0"], "--seconds must be a number above 0, got '0'"],
    [["--backend", "gpu"], "--backend must be one of wasm, cpu, webgl, webgpu, tensorflow, got 'gpu'"],
    [["--threads", "0"], "--threads must be an integer from 1 to 64, got '0'"],
    [["--threads", "9", "--isolated"], "--threads must be an integer from 1 to 8, got '9'"],
    [["package", "--threads", "2"], "section 'package' takes no --threads"],
    [["--threads", "2", "--backend", "webgl"], "--threads must be used with backend 'wasm', got 'webgl'"],
    [["--backend", "tensorflow", "--browser"], "--backend tensorflow must run in Node.js, got a browser"],
    [["--backend", "webgl", "--relaxed-simd"], "--relaxed-simd must be used with backend 'wasm' or 'cpu', got 'webgl'"],
    [["forward", "memory", "--backend", "cpu"], "section 'memory' runs only on backend 'wasm'"],
    [["package", "--browser"], "section 'package' runs only in Node.js"],
    [["--quick=yes"], "--quick must be followed by nothing, got 'yes'"],
  ])("refuses %j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});

describe("nameOn", () => {
  const named = (...args: string[]) => {
    const options = parseOptions(args, [section("forward"), section("threads", { threads: "all" })]);
    return options?.sections.map((section) => nameOn(section, options));
  };

  it("tells a section's results with threads from those without", () => {
    expect(named()).toEqual(["forward", "threads"]);
    expect(named("--threads", "1")).toEqual(["forward", "threads"]);
    expect(named("--threads", "2")).toEqual(["forward, 2 threads", "threads"]);
    expect(named("--threads", "2", "--isolated")).toEqual(["forward", "threads"]);
  });
});
