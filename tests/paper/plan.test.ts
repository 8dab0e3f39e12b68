import { describe, expect, it } from "vitest";
import type { Folders } from "../../learning/data/prepare.js";
import { ALL_EXPERIMENTS, EXPERIMENTS, type ExperimentName, isTested, type RunConfig } from "../../paper/config.js";
import { METHODS } from "../../paper/methods.js";
import { planOf } from "../../paper/plan.js";
import { MEMORY, PRESETS, PRIOR_MASS, type Preset } from "../../paper/presets.js";

const { quick, full } = PRESETS;
const CIFAR_10: Folders = { "cifar-10": "/data/cifar-10" };
const CIFAR_100: Folders = { "cifar-100": "/data/cifar-100" };
const BOTH: Folders = { ...CIFAR_10, ...CIFAR_100 };
const SVHN: Folders = { svhn: "/data/svhn" };

const planned = (preset: Preset, folders: Folders = {}) => ALL_EXPERIMENTS.flatMap((name) => planOf(name, preset, folders));
const different = <T>(values: T[]) => [...new Set(values)];
const namesOf = (runs: RunConfig[]) => different(runs.map(({ data }) => data.name));

describe.each([
  // Four seeds choose: 2 networks, 2 rates, 3 sizes, 4 masses, 3 memories. Then three seeds each.
  ["quick", quick, {}, [576, 78, 33, 945, 27, 216, 36, 15, 21]],
  ["quick, CIFAR-10", quick, CIFAR_10, [576, 78, 33, 945, 27, 216, 36, 15, 21]],
  ["quick, both CIFARs", quick, BOTH, [576, 156, 33, 945, 27, 216, 36, 15, 21]],
  ["full", full, {}, [576, 78, 66, 945, 45, 216, 36, 15, 21]],
  ["full, both CIFARs and SVHN", full, { ...BOTH, ...SVHN }, [576, 156, 66, 945, 45, 216, 36, 15, 21]],
] as const)("%s", (_, preset, folders, counts) => {
  it("has as many runs of each experiment as there are choices", () => {
    expect(ALL_EXPERIMENTS.map((name) => planOf(name, preset, folders).length)).toEqual([...counts]);
  });

  it("has no run twice", () => {
    const runs = planned(preset, folders).map((run) => JSON.stringify(run));
    expect(new Set(runs).size).toBe(runs.length);
  });

  it("has runs that name their experiment and survive JSON", () => {
    for (const name of ALL_EXPERIMENTS) {
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
      expect(parts.map((part) => different(part.map(({ seed }) => seed)))).toEqual([[101], [102], [103]]);
      const [first, ...others] = parts.map((part) => part.map(({ seed: _, ...rest }) => rest));
      for (const other of others) expect(other).toEqual(first);
    }
  });

  it("tests after every quarter where scores over time are shown, else at the end", () => {
    const overTime = ["classification", "longer", "domain-adaptation"];
    for (const { experiment, epochs } of planned(preset, folders)) {
      const all = Array.from({ length: epochs }, (_, i) => i + 1);
      const tested = all.filter((epoch) => isTested(epoch, { experiment, epochs }));
      expect(tested).toHaveLength(overTime.includes(experiment) ? Math.min(4, epochs) : 1);
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

  it.each<ExperimentName>([
    "choose",
    "gradients",
    "batch-size",
    "components",
    "mixed-domains",
    "longer",
  ])("are only the first in %s", (name) => {
    expect(namesOf(planOf(name, quick, {}))).toEqual(["mnist"]);
    expect(namesOf(planOf(name, quick, CIFAR_100))).toEqual(["cifar-100"]);
    expect(namesOf(planOf(name, full, BOTH))).toEqual(["cifar-10"]);
  });

  it("share the quick preset's number of images, and are complete in the full preset", () => {
    const data = (preset: Preset, folders: Folders) => planOf("classification", preset, folders)[0]?.data;
    expect(data(quick, {})).toEqual({ name: "mnist", train: 2048, test: 2000, halved: true, setAside: "left-out", seed: 1 });
    expect(data(quick, BOTH)).toEqual({ name: "cifar-10", train: 1024, test: 2000, halved: true, setAside: "left-out", seed: 1 });
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
    const few = { train: 1536, test: 2000, halved: true, setAside: "left-out", asColor: true };
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

  it("have a target only in domain adaptation, and a domain that is not trained on only in recalibration: the same one", () => {
    for (const name of ALL_EXPERIMENTS) {
      const runs = planOf(name, quick, SVHN);
      expect(different(runs.map(({ target }) => target !== undefined))).toEqual([name === "domain-adaptation"]);
      expect(different(runs.map(({ elsewhere }) => elsewhere !== undefined))).toEqual([name === "recalibration"]);
    }
    const [adapted, recalibrated] = (["domain-adaptation", "recalibration"] as const).map((name) => planOf(name, quick, {})[0]);
    expect([recalibrated?.data, recalibrated?.elsewhere]).toEqual([adapted?.data, adapted?.target]);
  });

  it("of the choice are those that all other experiments of the quick preset leave out", () => {
    const asides = (name: ExperimentName) => {
      const used = planOf(name, quick, {}).flatMap(({ data, target, elsewhere }) => [data, target, elsewhere]);
      return different(used.flatMap((data) => (data ? [data.setAside] : [])));
    };
    expect(asides("choose")).toEqual(["only"]);
    for (const name of EXPERIMENTS) expect(asides(name)).toEqual(["left-out"]);
  });
});

describe("an experiment", () => {
  const of = <K extends keyof RunConfig>(name: ExperimentName, key: K, preset = quick) =>
    different(planOf(name, preset, {}).map((run) => run[key]));
  const STANDARDIZED = ["uan-standardize-1", "uan-standardize", "uan-standardize-scaled"];

  it("of classification compares all methods at both of the paper's learning rates, after the second convolution", () => {
    expect([...of("classification", "method"), "uan-moments-1"].sort()).toEqual(Object.keys(METHODS).sort());
    expect(of("classification", "learningRate")).toEqual([0.001, 0.005]);
    expect(of("classification", "normalizes")).toEqual(["second"]);
    expect([of("classification", "epochs"), of("classification", "epochs", full)]).toEqual([[6], [100]]);
    expect([of("classification", "width"), of("classification", "width", full)]).toEqual([[0.125], [1]]);
    expect(of("classification", "observe")).toEqual([undefined]);
  });

  it("of gradients records gradients", () => {
    expect(of("gradients", "method")).toEqual(expect.arrayContaining(["none", "bn", "bn-prior", "brn", ...STANDARDIZED]));
    expect(of("gradients", "observe")).toEqual(["gradients"]);
    expect([of("gradients", "learningRate"), of("gradients", "learningRate", full)]).toEqual([[0.001], [0.001, 0.005]]);
    expect([of("gradients", "epochs"), of("gradients", "epochs", full)]).toEqual([[4], [20]]);
  });

  it("of batch sizes normalizes all layers of both networks at three rates, and the perceptron has its full width", () => {
    const others = ["none", "bn", "bn-prior", "brn", "ln", "gn", "uan-data", "uan-moments"];
    expect(of("batch-size", "method").sort()).toEqual([...others, ...STANDARDIZED].sort());
    expect(of("batch-size", "batchSize")).toEqual([2, 4, 8, 32, 128]);
    expect(of("batch-size", "learningRate")).toEqual([0.001, 0.005, 0.02]);
    expect(of("batch-size", "normalizes")).toEqual(["all"]);
    const widths = planOf("batch-size", quick, {}).map(({ network, width }) => `${network} ${width}`);
    expect(different(widths)).toEqual(["mlp 1", "cnn 0.125"]);
  });

  it("of components compares numbers of components at both scales of outputs, which are the same with one, and records mixtures", () => {
    const runs = planOf("components", { ...quick, seeds: [101] }, {});
    expect(runs.map(({ method, components }) => `${method} ${components}`)).toEqual([
      ...[2, 3, 5, 8].map((components) => `uan-standardize ${components}`),
      ...[1, 2, 3, 5, 8].map((components) => `uan-standardize-scaled ${components}`),
    ]);
    expect(of("components", "observe")).toEqual(["mixtures"]);
  });

  it("of mixed domains has both mixtures in both networks, at two batch sizes", () => {
    const runs = planOf("mixed-domains", quick, {}).map(
      ({ data, network, batchSize }) => `${data.mixed} ${network} ${batchSize}`,
    );
    const wanted = ["inverted", "textured"].flatMap((mixed) =>
      ["mlp", "cnn"].flatMap((network) => [32, 128].map((batchSize) => `${mixed} ${network} ${batchSize}`)),
    );
    expect(different(runs)).toEqual(wanted);
  });

  it("of longer training has four times the epochs of the same batches", () => {
    const epochs = planOf("batch-size", quick, {}).find(({ batchSize }) => batchSize === 32)?.epochs as number;
    expect(of("longer", "epochs")).toEqual([4 * epochs]);
    expect(planOf("longer", quick, {})[0]?.data).toEqual(planOf("batch-size", quick, {})[0]?.data);
    expect(of("longer", "batchSize")).toEqual([32]);
    expect(of("longer", "network")).toEqual(["mlp", "cnn"]);
  });

  it("of two domains normalizes all layers", () => {
    for (const name of ["domain-adaptation", "recalibration"] as const) {
      expect(of(name, "method")).toEqual(
        expect.arrayContaining(["bn", "bn-prior", "uan-standardize-1", "uan-standardize-scaled"]),
      );
      expect(of(name, "normalizes")).toEqual(["all"]);
      expect([of(name, "batchSize"), of(name, "batchSize", full)]).toEqual([[32], [64]]);
    }
  });

  it("of the choice compares prior masses and memories, with other seeds than all others", () => {
    expect(of("choose", "priorMass")).toEqual([1, 2, 4, 8]);
    expect(of("choose", "memory")).toEqual([32, 96, 320]);
    expect(of("choose", "batchSize")).toEqual([2, 8, 32]);
    expect(of("choose", "seed")).toEqual([301, 302, 303, 304]);
    for (const name of EXPERIMENTS) expect(of(name, "seed")).toEqual([101, 102, 103]);
  });

  it("has the default mass and memory unless it chooses, and as many components as the method's name says", () => {
    for (const name of EXPERIMENTS) {
      expect([of(name, "priorMass"), of(name, "memory")]).toEqual([[PRIOR_MASS], [MEMORY]]);
      if (name === "components") continue;
      for (const { method, components } of planOf(name, quick, {})) expect(components).toBe(method.endsWith("-1") ? 1 : 3);
    }
  });
});
