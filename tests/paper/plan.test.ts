import { describe, expect, it } from "vitest";
import type { Folders } from "../../learning/data/prepare.js";
import { EXPERIMENTS, type ExperimentName, isTested, type RunConfig } from "../../paper/config.js";
import { METHODS } from "../../paper/methods.js";
import { planOf } from "../../paper/plan.js";
import { PRESETS, type Preset } from "../../paper/presets.js";

const { quick, full } = PRESETS;
const CIFAR_10: Folders = { "cifar-10": "/data/cifar-10" };
const CIFAR_100: Folders = { "cifar-100": "/data/cifar-100" };
const BOTH: Folders = { ...CIFAR_10, ...CIFAR_100 };
const SVHN: Folders = { svhn: "/data/svhn" };

const planned = (preset: Preset, folders: Folders = {}) => EXPERIMENTS.flatMap((name) => planOf(name, preset, folders));
const different = <T>(values: T[]) => [...new Set(values)];
const namesOf = (runs: RunConfig[]) => different(runs.map(({ data }) => data.name));

describe.each([
  ["quick", quick, {}, [72, 24, 360, 24, 15]],
  ["quick, CIFAR-10", quick, CIFAR_10, [72, 24, 360, 24, 15]],
  ["quick, both CIFARs", quick, BOTH, [144, 24, 360, 24, 15]],
  ["full", full, {}, [48, 48, 240, 24, 15]],
  ["full, both CIFARs and SVHN", full, { ...BOTH, ...SVHN }, [96, 48, 240, 24, 15]],
] as const)("%s", (_, preset, folders, counts) => {
  it("has as many runs of each experiment as there are choices", () => {
    expect(EXPERIMENTS.map((name) => planOf(name, preset, folders).length)).toEqual([...counts]);
  });

  it("has no run twice", () => {
    const runs = planned(preset, folders).map((run) => JSON.stringify(run));
    expect(new Set(runs).size).toBe(runs.length);
  });

  it("has runs that name their experiment and survive JSON", () => {
    for (const name of EXPERIMENTS) {
      const runs = planOf(name, preset, folders);
      expect(different(runs.map(({ experiment }) => experiment))).toEqual([name]);
      expect(JSON.parse(JSON.stringify(runs))).toEqual(runs);
    }
  });

  it("orders runs by seed, with the same runs for every seed", () => {
    for (const name of EXPERIMENTS) {
      const runs = planOf(name, preset, folders);
      const share = runs.length / 3;
      const parts = [0, 1, 2].map((i) => runs.slice(i * share, (i + 1) * share));
      expect(parts.map((part) => different(part.map(({ seed }) => seed)))).toEqual([[1], [2], [3]]);
      const [first, ...others] = parts.map((part) => part.map(({ seed: _, ...rest }) => rest));
      for (const other of others) expect(other).toEqual(first);
    }
  });

  it("tests after every quarter, or after every epoch if there are fewer than four, and at the end", () => {
    for (const { epochs } of planned(preset, folders)) {
      const tested = Array.from({ length: epochs }, (_, i) => i + 1).filter((epoch) => isTested(epoch, epochs));
      expect(tested).toHaveLength(Math.min(4, epochs));
      expect(tested.at(-1)).toBe(epochs);
    }
  });
});

describe("data sets", () => {
  const classification = (folders: Folders) => namesOf(planOf("classification", quick, folders));

  it("are the user's, else MNIST", () => {
    expect(classification({})).toEqual(["mnist"]);
    expect(classification(SVHN)).toEqual(["mnist"]);
    expect(classification(CIFAR_10)).toEqual(["cifar-10"]);
    expect(classification(CIFAR_100)).toEqual(["cifar-100"]);
    expect(classification(BOTH)).toEqual(["cifar-10", "cifar-100"]);
  });

  it.each<ExperimentName>(["gradients", "batch-size", "components"])("are only the first in %s", (name) => {
    expect(namesOf(planOf(name, quick, {}))).toEqual(["mnist"]);
    expect(namesOf(planOf(name, quick, CIFAR_100))).toEqual(["cifar-100"]);
    expect(namesOf(planOf(name, full, BOTH))).toEqual(["cifar-10"]);
  });

  it("share the quick preset's number of images, and are complete in the full preset", () => {
    const data = (preset: Preset, folders: Folders) => planOf("classification", preset, folders)[0]?.data;
    expect(data(quick, {})).toEqual({ name: "mnist", train: 2048, test: 2000, halved: true, seed: 1 });
    expect(data(quick, BOTH)).toEqual({ name: "cifar-10", train: 1024, test: 2000, halved: true, seed: 1 });
    expect(data(full, BOTH)).toEqual({ name: "cifar-10", seed: 1 });
    expect(planOf("batch-size", quick, {})[0]?.data).toMatchObject({ train: 1024 });
    expect(planOf("batch-size", full, {})[0]?.data).toEqual({ name: "mnist", seed: 1 });
  });

  it("are other choices of images for the target domain: SVHN if the user has it, else MNIST-shifted", () => {
    const domains = (preset: Preset, folders: Folders) => {
      const runs = planOf("domain-adaptation", preset, folders);
      const pairs = different(runs.map(({ data, target }) => JSON.stringify([data, target])));
      return pairs.map((pair) => JSON.parse(pair) as unknown[]);
    };
    const few = { train: 1536, test: 2000, halved: true, asColor: true };
    const [source, all] = [{ name: "mnist", ...few, seed: 1 }, { asColor: true }];
    expect(domains(quick, BOTH)).toEqual([[source, { name: "mnist-shifted", ...few, seed: 2 }]]);
    expect(domains(quick, SVHN)).toEqual([[source, { name: "svhn", ...few, seed: 2 }]]);
    expect(domains(full, {})).toEqual([
      [
        { name: "mnist", ...all, seed: 1 },
        { name: "mnist-shifted", ...all, seed: 2 },
      ],
    ]);
  });

  it("have a target only in domain adaptation", () => {
    for (const name of EXPERIMENTS) {
      const has = different(planOf(name, quick, SVHN).map(({ target }) => target !== undefined));
      expect(has).toEqual([name === "domain-adaptation"]);
    }
  });
});

describe("an experiment", () => {
  const of = <K extends keyof RunConfig>(name: ExperimentName, key: K, preset = quick) =>
    different(planOf(name, preset, {}).map((run) => run[key]));
  const COMPARED = ["none", "bn", "ln", "gn", "mn", "uan-random", "uan-data", "uan-standardize"];

  it("of classification compares all methods at both of the paper's learning rates, after the second convolution", () => {
    expect(of("classification", "method").sort()).toEqual(Object.keys(METHODS).sort());
    expect(of("classification", "learningRate")).toEqual([0.001, 0.005]);
    expect(of("classification", "normalizes")).toEqual(["second"]);
    expect([of("classification", "epochs"), of("classification", "epochs", full)]).toEqual([[8], [100]]);
    expect([of("classification", "width"), of("classification", "width", full)]).toEqual([[0.125], [1]]);
    expect(of("classification", "observe")).toEqual([undefined]);
  });

  it("of the full preset leaves out the library's variants", () => {
    expect(of("classification", "method", full)).toEqual(COMPARED);
    expect(of("batch-size", "method", full)).toEqual(COMPARED);
  });

  it("of gradients records gradients", () => {
    expect(of("gradients", "method")).toEqual(COMPARED);
    expect(of("gradients", "observe")).toEqual(["gradients"]);
    expect([of("gradients", "learningRate"), of("gradients", "learningRate", full)]).toEqual([[0.001], [0.001, 0.005]]);
    expect([of("gradients", "epochs"), of("gradients", "epochs", full)]).toEqual([[4], [20]]);
  });

  it("of batch sizes normalizes all layers of both networks, and the perceptron has its full width", () => {
    expect(of("batch-size", "method").sort()).toEqual(Object.keys(METHODS).sort());
    expect(of("batch-size", "batchSize")).toEqual([2, 4, 8, 32, 128]);
    expect(of("batch-size", "normalizes")).toEqual(["all"]);
    const widths = planOf("batch-size", quick, {}).map(({ network, width }) => `${network} ${width}`);
    expect(different(widths)).toEqual(["cnn 0.125", "mlp 1"]);
  });

  it("of components compares 1 to 8 components of UAN, and records mixtures", () => {
    expect(of("components", "components")).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(of("components", "method")).toEqual(["uan-data"]);
    expect(of("components", "observe")).toEqual(["mixtures"]);
  });

  it("of domain adaptation normalizes all layers", () => {
    expect(of("domain-adaptation", "method")).toEqual([
      "bn",
      "uan-random",
      "uan-data",
      "uan-standardize",
      "uan-standardize-affine",
    ]);
    expect(of("domain-adaptation", "normalizes")).toEqual(["all"]);
    expect([of("domain-adaptation", "batchSize"), of("domain-adaptation", "batchSize", full)]).toEqual([[32], [64]]);
  });

  it("has three components unless it compares components", () => {
    for (const name of EXPERIMENTS.filter((other) => other !== "components")) expect(of(name, "components")).toEqual([3]);
  });
});
