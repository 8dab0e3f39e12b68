import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readResults, writeResults } from "../../../paper/report/json.js";
import type { Finished } from "../../../paper/results.js";
import { diverged, epoch, everything, gradient, mixture, results, run } from "./madeUp.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "uan-paper-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a file of this text is refused with. */
async function refusal(text: string): Promise<string> {
  const file = join(folder, "bad.json");
  await writeFile(file, text);
  const error = await readResults(file).catch((error: Error) => error);
  expect(error).toBeInstanceOf(Error);
  const { message } = error as Error;
  expect(message.startsWith(file)).toBe(true);
  expect(message).not.toContain("\n");
  return message.slice(file.length);
}

async function roundTrip(runs: Finished[]): Promise<Finished[]> {
  const file = join(folder, "results.json");
  await writeResults(file, results(runs));
  return (await readResults(file)).runs;
}

describe("a file of results", () => {
  it("gives back what was written, also in a new folder, and leaves nothing beside it", async () => {
    const file = join(folder, "new", "results.json");
    const written = results([
      run({ target: { name: "svhn", seed: 2 }, observe: "gradients" }, [epoch(1, 0.5, 0.25, 0.125)], {
        gradients: [gradient(0.5, 4, 2, 8)],
        mixtures: [mixture(1.5, 2)],
      }),
    ]);
    await writeResults(file, written);
    expect(await readResults(file)).toEqual({ ...written, runs: [expect.anything()] });
    expect((await readResults(file)).runs[0]?.record.mixtures).toEqual([mixture(1.5, 2)]);
    expect((await readResults(file)).runs[0]?.config).toEqual(written.runs[0]?.config);
    expect(await readdir(join(folder, "new"))).toEqual(["results.json"]);
  });

  it("has numbers of six digits, and whole numbers as they are", async () => {
    const [read] = await roundTrip([run({ seed: 123456789, learningRate: 1 / 3000 }, [epoch(1, 2 / 3)])]);
    expect(read?.config).toMatchObject({ seed: 123456789, learningRate: 0.000333333 });
    expect(read?.record.epochs[0]).toMatchObject({ loss: 0.666667, losses: [0.766667, 0.566667] });
  });

  it("keeps that a run diverged", async () => {
    const [read] = await roundTrip([diverged({})]);
    expect(read?.record.epochs.map(({ loss }) => loss)).toEqual([2, Number.NaN, Number.NaN]);
    expect(await readFile(join(folder, "results.json"), "utf8")).toContain('"loss":null');
  });

  const good = JSON.parse(JSON.stringify(everything()));
  const changed = (change: (value: typeof good) => void) => {
    const value = structuredClone(good);
    change(value);
    return value;
  };
  it.each<[string, unknown, string]>([
    ["a list", [1], ": wanted an object, got [1]"],
    ["another version", { ...good, version: 1 }, ".version: wanted 2, got 1"],
    ["no runs", { ...good, runs: undefined }, ".runs: wanted a list, got nothing"],
    ["no machine", { ...good, machine: 7 }, ".machine: wanted a string, got 7"],
    [
      "an unknown experiment",
      { ...good, experiments: ["alchemy"] },
      '.experiments[0]: wanted "choose" or "classification" or "gradients" or "batch-size" or "components" or "mixed-domains" or "longer" ' +
        'or "domain-adaptation" or "recalibration", got "alchemy"',
    ],
    [
      "an unknown data set",
      changed(({ runs }) => {
        runs[1].config.data.name = "emnist";
      }),
      '.runs[1].config.data.name: wanted "mnist" or "mnist-shifted" or "cifar-10" or "cifar-100" or "svhn", got "emnist"',
    ],
    [
      "a run without epochs",
      changed(({ runs }) => {
        runs[0].record.epochs = [];
      }),
      ".runs[0].record.epochs: wanted at least 1 in the list, got []",
    ],
    [
      "a score of text",
      changed(({ runs }) => {
        runs[0].record.epochs[0].test.f1 = "high";
      }),
      '.runs[0].record.epochs[0].test.f1: wanted a number, got "high"',
    ],
    [
      "a run without a seed",
      changed(({ runs }) => {
        delete runs[2].config.seed;
      }),
      ".runs[2].config.seed: wanted a number, got nothing",
    ],
  ])("is refused: %s", async (_, value, message) => {
    expect(await refusal(JSON.stringify(value))).toBe(message);
  });

  it("is refused of a method that is not known", async () => {
    const text = JSON.stringify(
      changed(({ runs }) => {
        runs[0].config.method = "xn";
      }),
    );
    expect(await refusal(text)).toMatch(/^\.runs\[0\]\.config\.method: wanted "none" or "bn" or .*, got "xn"$/);
  });

  it("is refused where it is no JSON", async () => {
    expect(await refusal("{")).toMatch(/^: wanted results of npm run paper, as JSON: /);
  });

  it("is missed where there is none", async () => {
    await expect(readResults(join(folder, "none.json"))).rejects.toThrow("none.json");
  });
});
