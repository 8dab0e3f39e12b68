import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { type Options, parseOptions } from "../../examples/mnist/options.js";
import { explanations, summarize, tableRows } from "../../examples/mnist/report.js";
import { type Runner, type Target, withRunner } from "../../examples/mnist/runner.js";
import type { Step } from "../../examples/mnist/train.js";
import { describeInChromium } from "../helpers/browser.js";

const SIZES = "--model mlp --width 0.1 --digits 48 --test-digits 20 --batch-size 16 --epochs 2".split(" ");
const NAMES = ["none", "batch norm", "UAN"];

/** @returns the losses of each contender, and what the program prints */
async function train(runner: Runner) {
  const steps: Step[] = [];
  const options = parseOptions(SIZES) as Options;
  const results = await runner.train(options, (step) => void steps.push(step));
  const summaries = results.map(summarize);
  const [, ...rows] = tableRows(summaries);
  return { steps, losses: results.map(({ losses }) => losses), rows, lines: explanations(summaries) };
}

async function trainTwice(backend: Target["backend"], threads = 1) {
  return withRunner({ backend, threads }, async (runner) => {
    const first = await train(runner);
    expect(first.steps.map(({ name, epoch }) => `${name} ${epoch}`)).toEqual(
      [1, 2].flatMap((epoch) => NAMES.flatMap((name) => Array(3).fill(`${name} ${epoch}`))),
    );
    expect(first.rows.map(([name]) => name)).toEqual(NAMES);
    for (const own of first.losses) {
      expect(own).toHaveLength(6);
      expect(own[0]).toBeGreaterThan(1.5);
      expect(own[0]).toBeLessThan(4);
    }
    expect((await train(runner)).losses).toEqual(first.losses);
    return { runner, ...first };
  });
}

const lastCells = (rows: string[][]) => rows.map((row) => row.at(-1));

describe("the example in Node.js", () => {
  it.each(["wasm", "cpu"] as const)("trains on '%s', and gives the same seed the same numbers", async (backend) => {
    const { runner, rows, lines } = await trainTwice(backend);
    expect(runner.backend.name).toBe(backend);
    expect(runner.runtime).toEqual({ name: "Node.js", version: process.version });
    expect(lastCells(rows)).toEqual(NAMES.map(() => expect.stringMatching(/^\d\.\d\d s$/)));
    expect(lines.at(-1)).toContain("measured in training");
  });

  it("trains on the fastest backend", async () => {
    const { runner } = await trainTwice("fastest");
    expect(["wasm", "tensorflow"]).toContain(runner.backend.name);
  });

  it("names the packages that provide 'tensorflow'", async () => {
    const missing = "needs the package @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node: install one of them";
    await withRunner({ backend: "tensorflow", threads: 1 }, async ({ backend }) => backend).then(
      ({ device }) => expect(device).toContain("@tensorflow/tfjs-node"),
      (error: Error) => expect(error.message).toMatch(new RegExp(`${missing}|does not load`)),
    );
  });

  it("trains 'wasm' on two threads", async () => {
    // They need a backend that is made anew.
    tf.removeBackend("wasm");
    const { runner } = await trainTwice("wasm", 2);
    expect(runner.backend).toEqual({ name: "wasm", simd: true, threads: 2 });
  });
});

describeInChromium("the example in Chromium", () => {
  it.each(["webgl", "webgpu"] as const)("trains on '%s', and gives the same seed the same numbers", async (backend) => {
    const { runner, rows, lines } = await trainTwice(backend);
    expect(runner.backend).toMatchObject({ name: backend, device: expect.stringMatching(/./) });
    expect(runner.runtime).toEqual({ name: "Chromium", version: expect.stringMatching(/^\d+\./) });
    // A call returns before its work is done, so that the time of a layer is unknown.
    expect(lastCells(rows)).toEqual(["–", "–", "–"]);
    expect(lines.at(-1)).toContain("cannot be measured on this backend");
  });
});
