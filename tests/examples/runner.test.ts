import { describe, expect, it } from "vitest";
import { type BackendChoice, type Options, parseOptions } from "../../examples/mnist/options.js";
import { explanations, summarize, tableRows } from "../../examples/mnist/report.js";
import { inPlace, type Place } from "../../examples/mnist/runner.js";
import type { Step } from "../../examples/mnist/train.js";
import { describeInChromium } from "../helpers/browser.js";

const SIZES = "--model mlp --width 0.1 --digits 48 --test-digits 20 --batch-size 16 --epochs 2".split(" ");
const NAMES = ["none", "batch norm", "UAN"];

/** Trains in a place. @returns the losses of each contender, and what is shown of the run */
async function train(place: Place) {
  const steps: Step[] = [];
  const options = parseOptions(SIZES) as Options;
  const results = await place.train(options, (step) => void steps.push(step));
  const summaries = results.map(summarize);
  const [, ...rows] = tableRows(summaries);
  return { steps, losses: results.map(({ losses }) => losses), rows, lines: explanations(summaries) };
}

async function trainTwice(backend: BackendChoice) {
  return inPlace(backend, async (place) => {
    const first = await train(place);
    expect(first.steps.map(({ name, epoch }) => `${name} ${epoch}`)).toEqual(
      [1, 2].flatMap((epoch) => NAMES.flatMap((name) => Array(3).fill(`${name} ${epoch}`))),
    );
    expect(first.rows.map(([name]) => name)).toEqual(NAMES);
    for (const own of first.losses) {
      expect(own).toHaveLength(6);
      expect(own[0]).toBeGreaterThan(1.5);
      expect(own[0]).toBeLessThan(4);
    }
    expect((await train(place)).losses).toEqual(first.losses);
    return { place, ...first };
  });
}

const lastCells = (rows: string[][]) => rows.map((row) => row.at(-1));

describe("the example in Node.js", () => {
  it.each(["wasm", "cpu"] as const)("trains on '%s', and gives the same seed the same numbers", async (backend) => {
    const { place, rows, lines } = await trainTwice(backend);
    expect(place.backend.name).toBe(backend);
    expect(place.runtime).toBe(`Node.js ${process.version}`);
    expect(lastCells(rows)).toEqual(NAMES.map(() => expect.stringMatching(/^\d\.\d\d s$/)));
    expect(lines.at(-1)).toContain("measured while it trained");
  });

  it("trains on the fastest", async () => {
    const { place } = await trainTwice("fastest");
    expect(["wasm", "tensorflow"]).toContain(place.backend.name);
  });

  it("says which package 'tensorflow' comes with", async () => {
    const missing = "comes with @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node: install one of them";
    await inPlace("tensorflow", async ({ backend }) => backend).then(
      ({ device }) => expect(device).toContain("@tensorflow/tfjs-node"),
      (error: Error) => expect(error.message).toMatch(new RegExp(`${missing}|does not load`)),
    );
  });
});

describeInChromium("the example in Chromium", () => {
  it.each(["webgl", "webgpu"] as const)("trains on '%s', and gives the same seed the same numbers", async (backend) => {
    const { place, rows, lines } = await trainTwice(backend);
    expect(place.backend).toMatchObject({ name: backend, device: expect.stringMatching(/./) });
    expect(place.runtime).toMatch(/^Chromium \d+\./);
    // A call returns before its work is done: how long a layer takes is not to be told.
    expect(lastCells(rows)).toEqual(["–", "–", "–"]);
    expect(lines.at(-1)).toContain("not to be told on this backend");
  });
});
