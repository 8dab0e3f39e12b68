import { describe, expect, it } from "vitest";
import { batchSize } from "../../../paper/report/batchSize.js";
import { components } from "../../../paper/report/components.js";
import { domainAdaptation } from "../../../paper/report/domainAdaptation.js";
import { gradients } from "../../../paper/report/gradients.js";
import { sectionsOf } from "../../../paper/report/sections.js";
import { diverged, epoch, everything, gradient, mixture, results, run, SHIFTED, seeds } from "./madeUp.js";

describe("sectionsOf", () => {
  it("has a section for each experiment that has runs, in the plan's order", () => {
    const { runs } = everything();
    const experiments = (some: typeof runs) => sectionsOf(results(some)).map(({ experiment }) => experiment);
    const all = ["classification", "gradients", "batch-size", "components", "domain-adaptation"];
    expect(experiments(runs.toReversed())).toEqual(all);
    expect(experiments(runs.filter(({ config }) => config.experiment === "components"))).toEqual(["components"]);
    expect(experiments([])).toEqual([]);
  });
});

describe("gradients", () => {
  const of = (method: "bn" | "uan-data", seed: number, ...records: ReturnType<typeof gradient>[]) =>
    run({ experiment: "gradients", method, seed }, [epoch(4, 0.2, 0.9)], { gradients: records });
  const section = gradients([
    of("bn", 1, gradient(0.5, 0.3, 0.3, 20), gradient(1, 0.1, 0.5, 10)),
    of("bn", 2, gradient(0.5, 0.3, 0.3, 22), gradient(1, 0.1, 0.5, 12)),
    of("uan-data", 1, gradient(0.5, 0.5, 0.1, 20), gradient(1, 0.3, 0.2, 10)),
    of("uan-data", 2, gradient(0.5, 0.5, 0.1, 21), gradient(1, 0.3, 0.2, 11)),
  ]);

  it("have means over layers and records, and the largest change at the largest distance", () => {
    expect(section.summary.rows.map((row) => row.slice(1))).toEqual([
      ["", "training loss", "fluctuation of norms", "norm, convolution 2", "variance, convolution 2"].concat([
        "turn along a step, °",
        "largest change, 4 steps' length ahead",
      ]),
      ["BN", "0.200 ± 0.000", "0.400 ± 0.000", "2.00 ± 0.00", "0.00200 ± 0.00000", "16.0 ± 1.4", "0.840 ± 0.057"],
      ["UAN, data start", "0.200 ± 0.000", "0.150 ± 0.000", "4.00 ± 0.00", "0.00400 ± 0.00000", "15.5 ± 0.7", "0.820 ± 0.028"],
    ]);
    expect(section.summary.rows.map(([first]) => first)).toEqual(["", "learning rate 0.001", ""]);
  });

  it("are more stable if they fluctuate and turn less", () => {
    expect(section.verdicts).toEqual([
      {
        claim: "UAN makes gradients more stable than BN (learning rate 0.001)",
        found:
          "Fluctuation: beside BN (0.400 ± 0.000), better: UAN, data start (0.150 ± 0.000). " +
          "Variance, convolution 2: beside BN (0.00200 ± 0.00000), worse: UAN, data start (0.00400 ± 0.00000). " +
          "Turn along a step: beside BN (16.0 ± 1.4°), not to be told apart: UAN, data start (15.5 ± 0.7°)",
        comparisons: 3,
        won: ["UAN, data start (fluctuation)"],
        lost: ["UAN, data start (variance, convolution 2)"],
        isPapers: true,
      },
    ]);
  });

  it("are drawn over time, along a step, and for each layer", () => {
    const [over, along] = section.charts.map(({ data }) => data.datasets[0]?.data.map(({ x, y }) => [x, y]));
    expect(over).toEqual([
      [0.5, 21],
      [1, 11],
    ]);
    expect(along).toEqual([
      [0.5, 8],
      [1, 16],
      [2, 32],
      [4, 64],
    ]);
    const titles = section.small?.charts.map(({ options }) => options?.plugins?.title?.text);
    expect(titles).toEqual(
      ["norm, convolution 1", "variance, convolution 1", "norm, convolution 2", "variance, convolution 2"].map(
        (name) => `${name}, learning rate 0.001`,
      ),
    );
    const norms = section.small?.charts[2]?.data.datasets[1]?.data.map(({ y }) => y);
    expect(norms).toEqual([5, 3]);
  });

  it("name diverged runs", () => {
    const nan = gradient(1, Number.NaN, Number.NaN, Number.NaN);
    const { config } = diverged({ experiment: "gradients", method: "bn" });
    const { summary } = gradients([run(config, [epoch(4, Number.NaN, 0.1)], { gradients: [gradient(0.5, 1, 1, 1), nan] })]);
    expect(summary.rows[1]?.slice(2)).toEqual(Array(6).fill("diverged"));
  });
});

describe("batch sizes", () => {
  const experiment = "batch-size";
  const section = batchSize([
    ...seeds({ experiment, method: "bn", batchSize: 2 }, [0.5, 0.52]),
    ...seeds({ experiment, method: "bn", batchSize: 8 }, [0.8, 0.82]),
    ...seeds({ experiment, method: "bn", batchSize: 32 }, [0.7, 0.72]),
    ...seeds({ experiment, method: "uan-data", batchSize: 2 }, [0.8, 0.82]),
    ...seeds({ experiment, method: "uan-data", batchSize: 8 }, [0.7, 0.72]),
    ...seeds({ experiment, method: "uan-random", batchSize: 2 }, [0.5, 0.52]),
    ...seeds({ experiment, method: "uan-random", batchSize: 8 }, [0.51, 0.52]),
    ...seeds({ experiment, method: "bn", batchSize: 4, network: "mlp", width: 1 }, [0.6]),
    diverged({ experiment, method: "uan-both", batchSize: 4, network: "mlp", width: 1 }),
  ]);

  it("are columns; the methods of each network are rows", () => {
    expect(section.summary.rows).toEqual([
      ["", "", "2", "4", "8", "32"],
      ["CNN", "BN", "51.0 ± 1.4", "–", "81.0 ± 1.4", "71.0 ± 1.4"],
      ["", "UAN, random start", "51.0 ± 1.4", "–", "51.5 ± 0.7", "–"],
      ["", "UAN, data start", "81.0 ± 1.4", "–", "71.0 ± 1.4", "–"],
      ["perceptron", "BN", "–", "60.0, n = 1", "–", "–"],
      ["", "UAN, both", "–", "diverged", "–", "–"],
    ]);
  });

  it("are compared between methods at the same size", () => {
    expect(section.verdicts).toEqual([
      {
        claim: "UAN beats BN, by batch size (CNN, 4 epochs of 1000 images)",
        found:
          "UAN, random start, not to be told apart: batches of 2; worse: batches of 8. " +
          "UAN, data start, better: batches of 2; worse: batches of 8",
        comparisons: 4,
        won: ["UAN, data start (batches of 2)"],
        lost: ["UAN, random start (batches of 8)", "UAN, data start (batches of 8)"],
        isPapers: true,
      },
      {
        claim: "UAN, random start, beside the data start, by batch size",
        found: "CNN, worse: batches of 2 and 8",
        comparisons: 2,
        won: [],
        lost: ["CNN (batches of 2 and 8)"],
        isPapers: false,
      },
    ]);
  });

  it("are compared with no normalization at the same size, and count as worse if a run diverged", () => {
    const { verdicts } = batchSize([
      ...seeds({ experiment, method: "none", batchSize: 2 }, [0.8, 0.82]),
      ...seeds({ experiment, method: "none", batchSize: 8 }, [0.8, 0.82]),
      ...seeds({ experiment, method: "none", batchSize: 32 }, [0.8, 0.82]),
      ...seeds({ experiment, batchSize: 2 }, [0.5, 0.52]),
      ...seeds({ experiment, batchSize: 8 }, [0.9, 0.92]),
      diverged({ experiment, batchSize: 32, seed: 1 }),
      ...seeds({ experiment, method: "uan-data", batchSize: 2 }, [0.8, 0.81]),
    ]);
    expect(verdicts.map(({ claim, found }) => `${claim}: ${found}`)).toEqual([
      "BN needs its batch (CNN, 4 epochs of 1000 images; beside no normalization): " +
        "BN, better: batches of 8; worse: batches of 2; diverged: batches of 32",
      "UAN does without large batches (CNN, 4 epochs of 1000 images; beside no normalization): " +
        "UAN, data start, not to be told apart: batches of 2",
      "UAN beats BN, by batch size (CNN, 4 epochs of 1000 images): UAN, data start, better: batches of 2",
    ]);
    expect(verdicts[0]?.lost).toEqual(["BN (batches of 2)", "BN (batches of 32)"]);
  });

  it("name the numbers of steps", () => {
    // 4 epochs of 1000 images; the last batch of 32 is a smaller one.
    expect(section.summary.note).toBe(
      "Larger batches make fewer steps, which costs accuracy by itself: 2000, 1000, 500 and 128. " +
        "MN fits its components to the rows of a batch: of few rows, little is left.",
    );
  });

  it("are drawn as a line for each method of a network", () => {
    expect(section.charts.map(({ options }) => options?.plugins?.title?.text)).toEqual([
      "test accuracy by batch size: CNN",
      "test accuracy by batch size: perceptron",
    ]);
    const [bn] = section.charts[0]?.data.datasets ?? [];
    expect(bn?.data.map(({ x, y }) => [x, Math.round(y)])).toEqual([
      [2, 51],
      [8, 81],
      [32, 71],
    ]);
  });

  it("are side by side in the documents, without the variants", () => {
    const { compact } = batchSize([
      ...seeds({ experiment, batchSize: 2 }, [0.5]),
      ...seeds({ experiment, batchSize: 8 }, [0.6]),
      ...seeds({ experiment, batchSize: 2, network: "mlp" }, [0.7]),
      ...seeds({ experiment, batchSize: 2, method: "uan-momentum" }, [0.8]),
    ]);
    expect(compact.rows).toEqual([
      ["", "CNN, 2", "CNN, 8", "perceptron, 2", "perceptron, 8"],
      ["BN", "50.0", "60.0", "70.0", "–"],
    ]);
  });
});

describe("components", () => {
  const of = (count: number, seed: number, accuracy: number) =>
    run({ experiment: "components", method: "uan-data", components: count, seed }, [epoch(4, 0.2, accuracy)], {
      mixtures: [mixture(count - seed / 10, count), mixture(count, count)],
    });
  const runs = [of(2, 1, 0.9), of(2, 2, 0.92), of(1, 1, 0.8), of(1, 2, 0.82), of(3, 1, 0.85), of(3, 2, 0.85)];
  const section = components(runs);

  it("have a row for each K", () => {
    expect(section.summary.rows).toEqual([
      ["K", "accuracy, %", "training loss", "in use at the start", "in use at the end"],
      ["1", "81.0 ± 1.4", "0.200 ± 0.000", "0.85 ± 0.07", "1.00 ± 0.00"],
      ["2", "91.0 ± 1.4", "0.200 ± 0.000", "1.85 ± 0.07", "2.00 ± 0.00"],
      ["3", "85.0 ± 0.0", "0.200 ± 0.000", "2.85 ± 0.07", "3.00 ± 0.00"],
    ]);
    expect(section.compact.rows).toEqual([
      ["K", "1", "2", "3"],
      ["accuracy, %", "81.0 ± 1.4", "91.0 ± 1.4", "85.0 ± 0.0"],
      ["training loss", "0.200 ± 0.000", "0.200 ± 0.000", "0.200 ± 0.000"],
      ["in use at the start", "0.85 ± 0.07", "1.85 ± 0.07", "2.85 ± 0.07"],
      ["in use at the end", "1.00 ± 0.00", "2.00 ± 0.00", "3.00 ± 0.00"],
    ]);
  });

  it("are compared with one component, and with the library's default", () => {
    expect(section.verdicts.map(({ found }) => found)).toEqual([
      "Beside K = 1, better: K = 2 and 3",
      "Beside K = 3, better: K = 2; worse: K = 1",
    ]);
    expect(section.verdicts[1]).toMatchObject({
      comparisons: 2,
      won: ["UAN, data start, of K = 2"],
      lost: ["UAN, data start, of K = 1"],
    });
    expect(components([of(1, 1, 0.8)]).verdicts).toEqual([]);
    expect(components([of(2, 1, 0.8)]).verdicts).toEqual([]);
  });

  it("are drawn over the activations of at most two channels, at the start and at the end", () => {
    const charts = section.small?.charts ?? [];
    expect(charts.slice(4, 8).map(({ options }) => options?.plugins?.title?.text)).toEqual([
      "K = 2, channel 0, start",
      "K = 2, channel 0, end",
      "K = 2, channel 5, start",
      "K = 2, channel 5, end",
    ]);
    expect(charts).toHaveLength(12);
    const [first, second, sum, activations] = charts[4]?.data.datasets ?? [];
    // Half of a normal density of mean −0.5, then of 0.5, and variance 1.
    const at = (line: typeof sum, x: number) => line?.data.find((point) => point.x === x)?.y;
    expect(at(first, 0)).toBeCloseTo(0.17603, 4);
    expect(at(first, 2)).toBeCloseTo(0.008764, 4);
    expect(at(second, 2)).toBeCloseTo(0.064759, 4);
    expect(at(sum, 2)).toBeCloseTo(0.073523, 4);
    expect(activations?.data).toEqual([
      { x: -2, y: 0.1 },
      { x: -1, y: 0.4 },
      { x: 0, y: 0.4 },
      { x: 1, y: 0.1 },
      { x: 2, y: 0.1 },
    ]);
    expect(charts[0]?.data.datasets.map(({ label }) => label)).toEqual(["component 1", "activations"]);
  });

  it("of a diverged run are not drawn at the end, and none is in use", () => {
    const lost = mixture(1, 2);
    lost.channels.forEach((channel) => {
      channel.mean.fill(Number.NaN);
    });
    const { record, ...rest } = of(2, 1, 0.1);
    const epochs = [epoch(4, Number.NaN, 0.1)];
    const { summary, small } = components([{ ...rest, record: { epochs, mixtures: [mixture(2, 2), lost] } }]);
    expect(record.mixtures).toHaveLength(2);
    expect(summary.rows[1]).toEqual(["2", "diverged", "diverged", "2.00", "diverged"]);
    expect(small?.charts.map(({ options }) => options?.plugins?.title?.text)).toEqual([
      "K = 2, channel 0, start",
      "K = 2, channel 5, start",
    ]);
  });
});

describe("domain adaptation", () => {
  const experiment = "domain-adaptation";
  const of = (method: "bn" | "uan-data", seed: number, accuracy: number, onTarget: number, target = SHIFTED) =>
    run({ experiment, method, seed, target }, [epoch(2, 2, 0.5, 0.2), epoch(4, 1, accuracy, onTarget)]);
  const section = domainAdaptation([
    of("bn", 1, 0.9, 0.4),
    of("bn", 2, 0.9, 0.42),
    of("uan-data", 1, 0.8, 0.6),
    of("uan-data", 2, 0.8, 0.62),
  ]);

  it("has the scores on both domains", () => {
    const names = ["accuracy", "precision", "recall", "F1"];
    const heads = ["source", "target"].flatMap((domain) => names.map((name) => `${domain} ${name}`));
    const same = (percent: number) => [0, 1, 2, 3].map((less) => `${percent - less}.0 ± 0.0`);
    expect(section.summary.rows).toEqual([
      ["", ...heads],
      ["BN", ...same(90), "41.0 ± 1.4", "40.0 ± 1.4", "39.0 ± 1.4", "38.0 ± 1.4"],
      ["UAN, data start", ...same(80), "61.0 ± 1.4", "60.0 ± 1.4", "59.0 ± 1.4", "58.0 ± 1.4"],
    ]);
  });

  it("names the domain made from MNIST, and says that it is not SVHN", () => {
    const name = "MNIST-shifted (made from MNIST)";
    const { title, summary, verdicts, charts, setting } = section;
    expect(title).toBe(`Does UAN help domain adaptation, from MNIST to ${name}?`);
    expect(summary.title).toContain(`target: ${name}`);
    expect(verdicts).toEqual([
      {
        claim: `UAN helps domain adaptation (accuracy on ${name}; the paper: on SVHN)`,
        found: "Beside BN (41.0 ± 1.4 %), better: UAN, data start (61.0 ± 1.4 %)",
        comparisons: 1,
        won: ["UAN, data start"],
        lost: [],
        isPapers: true,
      },
    ]);
    const titles = charts.map(({ options }) => options?.plugins?.title?.text);
    expect(titles).toEqual(["test accuracy on the source, MNIST", `test accuracy on the target, ${name}`]);
    expect(setting).toContain(`Without, by AdaMatch: ${name}: a box of digits`);
    expect(setting).toContain("from 25.08 % to 33.4 %");
    expect(setting).toContain(`${name} is not SVHN`);
  });

  it("names SVHN", () => {
    const { title, charts, setting } = domainAdaptation([of("bn", 1, 0.9, 0.4, { name: "svhn", seed: 2 })]);
    expect(title).toBe("Does UAN help domain adaptation, from MNIST to SVHN?");
    expect(charts[1]?.options?.plugins?.title?.text).toBe("test accuracy on the target, SVHN");
    expect(setting).not.toContain("is not SVHN");
  });

  it("draws each domain's accuracy after every quarter", () => {
    const lines = section.charts.map(({ data }) => data.datasets[1]?.data.map(({ x, y }) => [x, Math.round(y)]));
    expect(lines).toEqual([
      [
        [2, 50],
        [4, 80],
      ],
      [
        [2, 20],
        [4, 61],
      ],
    ]);
  });
});
