import { describe, expect, it } from "vitest";
import { helpText, parseOptions } from "../../examples/mnist/options.js";

const parse = (...args: string[]) => parseOptions(args);

describe("parseOptions", () => {
  it("has defaults", () => {
    expect(parse()).toEqual({
      backend: "wasm",
      threads: 1,
      model: "cnn",
      width: 0.25,
      digits: 6400,
      testDigits: 10000,
      epochs: 4,
      batchSize: 32,
      learningRate: 0.001,
      components: 3,
      seed: 1,
    });
  });

  it("reads backend, network and sizes", () => {
    const options = parse("--backend", "webgpu", "--model=mlp", "--digits", "64", "--test-digits", "50", "--epochs", "1");
    expect(options).toMatchObject({ backend: "webgpu", model: "mlp", digits: 64, testDigits: 50, epochs: 1, batchSize: 128 });
    expect(parse("--threads", "4")).toMatchObject({ backend: "wasm", threads: 4 });
    expect(parse("--backend", "fastest")).toMatchObject({ backend: "fastest" });
  });

  it("is undefined for --help, and the help names every option", () => {
    expect(parse("--help")).toBeUndefined();
    for (const name of ["backend", "threads", "test-digits", "seed", "help"]) expect(helpText()).toContain(`--${name} `);
  });

  it.each([
    [["--backend", "gpu"], "--backend must be wasm or cpu or webgl or webgpu or tensorflow or fastest, got 'gpu'"],
    [["--backend"], "--backend must be wasm or"],
    [["--test-digits", "10001"], "--test-digits must be an integer from 1 to 10000, got '10001'"],
    [["--threads", "0"], "--threads must be an integer from 1 to 64, got '0'"],
    [["--threads", "2", "--backend", "webgl"], "--threads must be used with backend 'wasm', got 'webgl'"],
    [["--browser"], "--browser is not an option"],
    [["webgl"], "expected an option"],
  ])("refuses %j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
