import { describe, expect, it } from "vitest";
import type { Mixture } from "../../../learning/data/mixed.js";
import type { MethodName } from "../../../paper/methods.js";
import { batchSize } from "../../../paper/report/batchSize.js";
import { choice } from "../../../paper/report/choice.js";
import { components } from "../../../paper/report/components.js";
import { domainAdaptation } from "../../../paper/report/domainAdaptation.js";
import { gradients } from "../../../paper/report/gradients.js";
import { longer } from "../../../paper/report/longer.js";
import { mixedDomains } from "../../../paper/report/mixedDomains.js";
import { recalibration } from "../../../paper/report/recalibration.js";
import { sectionsOf } from "../../../paper/report/sections.js";
import { diverged, epoch, everything, gradient, mixture, recalibrated, results, run, SHIFTED, seeds } from "./madeUp.js";

describe("sectionsOf", () => {
  it("has a section for each experiment that has runs, in the plan's order", () => {
    const { runs } = everything();
    const experiments = (some: typeof runs) => sectionsOf(results(some)).map(({ experiment }) => experiment);
    const all = ["classification", "gradients", "batch-size", "components", "mixed-domains", "longer", "domain-adaptation"];
    all.push("recalibration");
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
      [
        "UAN, learned moments",
        "0.200 ± 0.000",
        "0.150 ± 0.000",
        "4.00 ± 0.00",
        "0.00400 ± 0.00000",
        "15.5 ± 0.7",
        "0.820 ± 0.028",
      ],
    ]);
    expect(section.summary.rows.map(([first]) => first)).toEqual(["", "learning rate 0.001", ""]);
  });

  it("are more stable if they fluctuate and turn less", () => {
    expect(section.verdicts).toEqual([
      {
        claim: "UAN makes gradients more stable than BN (learning rate 0.001)",
        found:
          "Fluctuation: beside BN (0.400 ± 0.000), better: UAN, learned moments (0.150 ± 0.000). " +
          "Variance, convolution 2: beside BN (0.00200 ± 0.00000), worse: UAN, learned moments (0.00400 ± 0.00000). " +
          "Turn along a step: beside BN (16.0 ± 1.4°), not to be told apart: UAN, learned moments (15.5 ± 0.7°)",
        comparisons: 3,
        won: ["UAN, learned moments (fluctuation)"],
        lost: ["UAN, learned moments (variance, convolution 2)"],
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
    ...recalibrated(seeds({ experiment, method: "bn", batchSize: 2 }, [0.5, 0.52]), [0.6, 0.62]),
    ...seeds({ experiment, method: "bn", batchSize: 8 }, [0.8, 0.82]),
    ...seeds({ experiment, method: "bn", batchSize: 32 }, [0.7, 0.72]),
    ...seeds({ experiment, method: "uan-data", batchSize: 2 }, [0.8, 0.82]),
    ...seeds({ experiment, method: "uan-data", batchSize: 8 }, [0.7, 0.72]),
    ...seeds({ experiment, method: "gn", batchSize: 2 }, [0.56, 0.57]),
    ...seeds({ experiment, method: "bn", batchSize: 4, learningRate: 0.02, network: "mlp", width: 1 }, [0.6]),
    diverged({ experiment, method: "uan-moments", batchSize: 4, learningRate: 0.02, network: "mlp", width: 1 }),
  ]);

  it("are columns, judged both ways; the methods of each network and learning rate are rows", () => {
    expect(section.summary.rows).toEqual([
      ["", "", "2", "4", "8", "32", "2, recalibrated", "4, recalibrated", "8, recalibrated", "32, recalibrated"],
      ["CNN, learning rate 0.001", "BN"].concat(
        ["51.0 ± 1.4", "–", "81.0 ± 1.4", "71.0 ± 1.4"],
        ["61.0 ± 1.4", "–", "81.0 ± 1.4", "71.0 ± 1.4"],
      ),
      ["", "GN", "56.5 ± 0.7", "–", "–", "–", "56.5 ± 0.7", "–", "–", "–"],
      ["", "UAN, learned moments"].concat(["81.0 ± 1.4", "–", "71.0 ± 1.4", "–"], ["81.0 ± 1.4", "–", "71.0 ± 1.4", "–"]),
      ["perceptron, learning rate 0.02", "BN", "–", "60.0, n = 1", "–", "–", "–", "60.0, n = 1", "–", "–"],
      ["", "UAN, batch moments", "–", "diverged", "–", "–", "–", "diverged", "–", "–"],
    ]);
  });

  it("are compared between methods at the same size and rate, judged in the same way", () => {
    const cnn = section.verdicts.filter(({ claim }) => claim.includes("CNN"));
    expect(cnn).toEqual([
      {
        claim: "UAN beats BN, by batch size (CNN of 1000 images, as it is)",
        found: "UAN, learned moments, better: batches of 2; worse: batches of 8",
        comparisons: 2,
        won: ["UAN, learned moments (batches of 2)"],
        lost: ["UAN, learned moments (batches of 8)"],
        isPapers: true,
      },
      {
        claim: "Other normalizations beside BN (CNN of 1000 images, as it is)",
        found: "GN, better: batches of 2",
        comparisons: 1,
        won: ["GN (batches of 2)"],
        lost: [],
        isPapers: false,
      },
      {
        claim: "UAN beats BN, by batch size (CNN of 1000 images, recalibrated)",
        found: "UAN, learned moments, better: batches of 2; worse: batches of 8",
        comparisons: 2,
        won: ["UAN, learned moments (batches of 2)"],
        lost: ["UAN, learned moments (batches of 8)"],
        isPapers: true,
      },
      {
        claim: "Other normalizations beside BN (CNN of 1000 images, recalibrated)",
        found: "GN, worse: batches of 2",
        comparisons: 1,
        won: [],
        lost: ["GN (batches of 2)"],
        isPapers: false,
      },
    ]);
    const perceptron = section.verdicts.find(({ claim }) => claim.includes("perceptron"));
    expect(perceptron?.found).toBe("UAN, batch moments, diverged: batches of 4");
  });

  it("are told by learning rate if there are several", () => {
    const of = (learningRate: number, batchSize: number, method: MethodName, ...accuracies: number[]) =>
      seeds({ experiment, learningRate, batchSize, method }, accuracies);
    const { verdicts } = batchSize([
      ...of(0.001, 2, "none", 0.8, 0.82),
      ...of(0.001, 4, "none", 0.8, 0.82),
      ...of(0.005, 8, "none", 0.8, 0.82),
      ...of(0.001, 2, "bn", 0.5, 0.52),
      ...of(0.001, 4, "bn", 0.5, 0.52),
      ...of(0.005, 8, "bn", 0.4, 0.42),
    ]);
    expect(verdicts[0]).toMatchObject({
      claim: "BN needs its batch (CNN of 1000 images, as it is; beside no normalization)",
      found: "BN, worse: at 0.001 batches of 2 and 4, at 0.005 batches of 8",
      comparisons: 3,
    });
  });

  it("have a table that marks what is better and worse than BN, and than no normalization", () => {
    const of = (method: MethodName, as: number[], after?: number[]) => {
      const runs = seeds({ experiment, batchSize: 2, method }, as);
      return after ? recalibrated(runs, after) : runs;
    };
    const { compact } = batchSize([
      ...of("none", [0.8, 0.82]),
      ...of("bn", [0.5, 0.52], [0.9, 0.92]),
      ...of("gn", [0.81, 0.82]),
      ...of("uan-standardize", [0.7, 0.72], [0.9, 0.92]),
      diverged({ experiment, batchSize: 2, method: "uan-moments" }),
    ]);
    expect(compact[0]?.title).toBe("Does it help? Test accuracy, %, by batch size: CNN, learning rate 0.001");
    expect(compact[0]?.rows).toEqual([
      ["", "2"],
      ["none", "81.0 ▲"],
      ["BN", "51.0 ▽ / 91.0 △"],
      ["GN", "81.5 ▲"],
      ["UAN, standardize", "71.0 ▲▽ / 91.0 △"],
      ["UAN, batch moments", "diverged ▼▽"],
    ]);
  });

  it("have a table of mean ranks and accuracies over all sizes and rates, in which equal values share their ranks", () => {
    const of = (method: MethodName, batchSize: number, accuracy: number) => seeds({ experiment, method, batchSize }, [accuracy]);
    const { compact } = batchSize([
      ...of("none", 2, 0.8),
      ...of("none", 8, 0.6),
      ...recalibrated(of("bn", 2, 0.7), [0.8]),
      ...recalibrated(of("bn", 8, 0.8), [0.9]),
      ...of("gn", 2, 0.9),
      diverged({ experiment, method: "gn", batchSize: 8 }),
    ]);
    expect(compact.at(-1)?.rows).toEqual([
      ["", "rank, as it is", "accuracy, as it is", "rank, recalibrated", "accuracy, recalibrated"],
      ["none", "2.00", "70.0", "2.25", "70.0"],
      ["BN", "2.00", "75.0", "1.75", "85.0"],
      ["GN", "2.00", "–", "2.00", "–"],
    ]);
  });

  it("answer whether standardize is nowhere worse than BN in large batches, and better in small ones", () => {
    const of = (method: MethodName, batchSize: number, accuracy: number) =>
      seeds({ experiment, method, batchSize }, [accuracy, accuracy + 0.01]);
    const bn = [2, 8, 16, 32, 128].flatMap((size) => of("bn", size, 0.8));
    const answer = (...standardize: [number, number][]) => {
      const runs = standardize.flatMap(([size, accuracy]) => of("uan-standardize", size, accuracy));
      const { verdicts } = batchSize([...bn, ...runs]);
      return verdicts.find(({ claim }) => claim.startsWith("Is standardize"));
    };
    expect(answer([2, 0.9], [8, 0.9], [16, 0.5], [32, 0.8], [128, 0.9])).toEqual({
      claim:
        "Is standardize with a prior mass nowhere worse than BN in batches of 32 and more, and better in batches of 8 and less? " +
        "(CNN, as it is)",
      found: "UAN, standardize: yes",
      comparisons: 0,
      won: [],
      lost: [],
      isPapers: false,
      isQuestion: true,
    });
    expect(answer([2, 0.8], [8, 0.7], [32, 0.8], [128, 0.7])?.found).toBe(
      "UAN, standardize: no, it is worse at 0.001 batches of 8 and 128; " +
        "of 2 comparisons in small batches it is better in 0, not at 0.001 batches of 2 and 8",
    );
  });

  it("name epochs and steps", () => {
    // The last batch of 32 is a smaller one.
    expect(section.summary.note).toBe(
      "Training: 4 epochs of batches of 2 (2000 steps), 4 epochs of batches of 4 (1000 steps), 4 epochs of batches of 8 (500 steps) " +
        "and 4 epochs of batches of 32 (128 steps).",
    );
  });

  it("are drawn as a line for each method of a network", () => {
    expect(section.charts.map(({ options }) => options?.plugins?.title?.text)).toEqual([
      "test accuracy by batch size: CNN, learning rate 0.001",
      "test accuracy by batch size: perceptron, learning rate 0.02",
    ]);
    const [bn] = section.charts[0]?.data.datasets ?? [];
    expect(bn?.data.map(({ x, y }) => [x, Math.round(y)])).toEqual([
      [2, 51],
      [8, 81],
      [32, 71],
    ]);
  });
});

describe("components", () => {
  const of = (count: number, seed: number, accuracy: number) =>
    run({ experiment: "components", method: "uan-standardize-scaled", components: count, seed }, [epoch(4, 0.2, accuracy)], {
      mixtures: [mixture(count - seed / 10, count), mixture(count, count)],
    });
  const runs = [of(2, 1, 0.9), of(2, 2, 0.92), of(1, 1, 0.8), of(1, 2, 0.82), of(3, 1, 0.85), of(3, 2, 0.85)];
  const section = components(runs);

  it("have a row for each K", () => {
    expect(section.summary.rows).toEqual([
      ["", "K", "accuracy, %", "recalibrated, %", "training loss", "in use at the start", "in use at the end"],
      ["UAN, standardize, scaled", "1", "81.0 ± 1.4", "81.0 ± 1.4", "0.200 ± 0.000", "0.85 ± 0.07", "1.00 ± 0.00"],
      ["", "2", "91.0 ± 1.4", "91.0 ± 1.4", "0.200 ± 0.000", "1.85 ± 0.07", "2.00 ± 0.00"],
      ["", "3", "85.0 ± 0.0", "85.0 ± 0.0", "0.200 ± 0.000", "2.85 ± 0.07", "3.00 ± 0.00"],
    ]);
    expect(section.compact.map(({ rows }) => rows)).toEqual([section.summary.rows]);
  });

  it("are compared with one component, and with the library's default", () => {
    expect(section.verdicts.map(({ found }) => found)).toEqual([
      "Beside K = 1, better: K = 2 and 3",
      "Beside K = 3, better: K = 2; worse: K = 1",
    ]);
    expect(section.verdicts[1]).toMatchObject({
      claim: "Numbers of components, beside 3 (UAN, standardize, scaled; as it is)",
      comparisons: 2,
      won: ["UAN, standardize, scaled, of K = 2"],
      lost: ["UAN, standardize, scaled, of K = 1"],
    });
    expect(components([of(1, 1, 0.8)]).verdicts).toEqual([]);
    expect(components([of(2, 1, 0.8)]).verdicts).toEqual([]);
  });

  it("are compared at each scale of outputs, which are the same with one component", () => {
    const other = (count: number, accuracy: number) =>
      seeds({ experiment: "components", method: "uan-standardize", components: count }, [accuracy, accuracy + 0.01]);
    const { verdicts, summary } = components([of(1, 1, 0.8), of(1, 2, 0.82), of(2, 1, 0.9), of(2, 2, 0.92), ...other(2, 0.5)]);
    expect(verdicts.map(({ claim, found }) => [claim, found])).toEqual([
      ["More components than one classify better (UAN, standardize; as it is)", "Beside K = 1, worse: K = 2"],
      ["More components than one classify better (UAN, standardize, scaled; as it is)", "Beside K = 1, better: K = 2"],
    ]);
    expect(summary.rows.slice(1).map((row) => row.slice(0, 3))).toEqual([
      ["UAN, standardize", "1", "81.0 ± 1.4"],
      ["", "2", "50.5 ± 0.7"],
      ["UAN, standardize, scaled", "1", "81.0 ± 1.4"],
      ["", "2", "91.0 ± 1.4"],
    ]);
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
    expect(summary.rows[1]?.slice(1)).toEqual(["2", "diverged", "diverged", "diverged", "2.00", "diverged"]);
    expect(small?.charts.map(({ options }) => options?.plugins?.title?.text)).toEqual([
      "K = 2, channel 0, start",
      "K = 2, channel 5, start",
    ]);
  });
});

describe("mixed domains", () => {
  const experiment = "mixed-domains";
  const of = (mixed: Mixture, method: MethodName, batchSize: number, ...accuracies: number[]) =>
    seeds({ experiment, method, batchSize, network: "mlp", data: { name: "mnist", train: 1000, seed: 1, mixed } }, accuracies);
  const section = mixedDomains([
    ...of("inverted", "bn", 32, 0.8, 0.82),
    ...of("inverted", "bn", 128, 0.8, 0.82),
    ...of("inverted", "uan-moments", 32, 0.9, 0.92),
    ...of("inverted", "uan-moments", 128, 0.7, 0.72),
    ...of("inverted", "uan-moments-1", 32, 0.9, 0.92),
    ...of("textured", "bn", 32, 0.5, 0.52),
  ]);

  it("have a column for each mixture, network and batch size, with marks", () => {
    const [table] = section.compact;
    expect(table?.rows).toEqual([
      [
        "",
        ...[32, 128].map((size) => `half of every batch inverted, perceptron, ${size}`),
        "half of every batch textured, perceptron, 32",
      ],
      ["BN", "81.0", "81.0", "51.0"],
      ["UAN, batch moments, K = 1", "91.0 ▲", "–", "–"],
      ["UAN, batch moments", "91.0 ▲", "71.0 ▼", "–"],
    ]);
    expect(section.summary.rows[1]?.slice(0, 5)).toEqual([
      "half of every batch inverted, perceptron",
      "BN",
      "81.0 ± 1.4",
      "81.0 ± 1.4",
      "0.500 ± 0.000",
    ]);
  });

  it("compare UAN with BN, and several components with one", () => {
    const asIs = section.verdicts.filter(({ claim }) => claim.includes("as it is"));
    expect(asIs.map(({ claim, found }) => `${claim}: ${found}`)).toEqual([
      "UAN beats BN on mixed domains (half of every batch inverted, perceptron, as it is): " +
        "UAN, batch moments, K = 1, better: batches of 32. " +
        "UAN, batch moments, better: batches of 32; worse: batches of 128",
      "More components than one help on mixed domains (half of every batch inverted, perceptron, as it is; outputs of the same scale): " +
        "UAN, batch moments, not to be told apart: batches of 32",
    ]);
  });
});

describe("longer training", () => {
  const experiment = "longer";
  const section = longer([
    ...seeds({ experiment, method: "none" }, [0.9, 0.91]),
    ...recalibrated(seeds({ experiment, method: "bn" }, [0.9, 0.91]), [0.95, 0.96]),
    ...recalibrated(seeds({ experiment, method: "uan-standardize" }, [0.95, 0.96]), [0.95, 0.96]),
  ]);

  it("has scores after shares of the epochs, and recalibrated at the end", () => {
    expect(section.summary.rows).toEqual([
      ["", "", "after 100 %", "recalibrated", "training loss"],
      ["CNN", "none", "90.5 ± 0.7", "90.5 ± 0.7", "0.500 ± 0.000"],
      ["", "BN", "90.5 ± 0.7", "95.5 ± 0.7", "0.500 ± 0.000"],
      ["", "UAN, standardize", "95.5 ± 0.7", "95.5 ± 0.7", "0.500 ± 0.000"],
    ]);
  });

  it("compares with none and with BN, judged both ways", () => {
    expect(section.verdicts.map(({ won, lost }) => [won, lost])).toEqual([
      [["UAN, standardize"], []],
      [["UAN, standardize"], []],
      [["BN", "UAN, standardize"], []],
      [[], []],
    ]);
  });
});

describe("recalibration", () => {
  const of = (method: MethodName, asIs: number, after?: number) => {
    const runs = [1, 2].map((seed) =>
      run({ experiment: "recalibration", method, seed, elsewhere: SHIFTED }, [epoch(4, 1, 0.9, asIs + seed / 100)]),
    );
    return after === undefined ? runs : recalibrated(runs, [0.9, 0.9], [after, after + 0.01]);
  };
  const adapted = [1, 2].map((seed) =>
    run({ experiment: "domain-adaptation", method: "bn", seed, target: SHIFTED }, [epoch(4, 1, 0.9, 0.7 + seed / 100)]),
  );
  const own = [...of("none", 0.2), ...of("bn", 0.2, 0.5), ...of("uan-standardize", 0.3, 0.6)];
  const section = recalibration(own, [...own, ...adapted]);

  it("has the scores on the domain that is not trained on, beside AdaMatch's", () => {
    const other = "MNIST-shifted (made from MNIST)";
    expect(section.summary.rows).toEqual([
      ["", "MNIST", `${other}, as it is`, `${other}, recalibrated`, "AdaMatch's"],
      ["none", "90.0 ± 0.0", "21.5 ± 0.7", "21.5 ± 0.7", "–"],
      ["BN", "90.0 ± 0.0", "21.5 ± 0.7", "50.5 ± 0.7", "71.5 ± 0.7"],
      ["UAN, standardize", "90.0 ± 0.0", "31.5 ± 0.7", "60.5 ± 0.7", "–"],
    ]);
    expect(section.setting).toContain(`With labels: MNIST: a box of digits. Not trained on: ${other}: a box of digits.`);
  });

  it("compares with the network as it is, with AdaMatch and with BN", () => {
    expect(section.verdicts.map(({ found, won, lost }) => [found, won, lost])).toEqual([
      [
        "Beside BN, as it is (21.5 ± 0.7 %), better: BN, recalibrated (50.5 ± 0.7 %). " +
          "Beside UAN, standardize, as it is (31.5 ± 0.7 %), better: UAN, standardize, recalibrated (60.5 ± 0.7 %)",
        ["BN", "UAN, standardize"],
        [],
      ],
      ["Beside BN, AdaMatch (71.5 ± 0.7 %), worse: BN, recalibrated (50.5 ± 0.7 %)", [], ["BN"]],
      ["Beside BN (50.5 ± 0.7 %), better: UAN, standardize (60.5 ± 0.7 %)", ["UAN, standardize"], []],
    ]);
  });
});

describe("the choice", () => {
  const of = (priorMass: number, memory: number, batchSize: number, ...accuracies: number[]) =>
    recalibrated(
      seeds({ experiment: "choose", method: "uan-standardize-scaled", network: "mlp", priorMass, memory, batchSize }, accuracies),
      accuracies.map((accuracy) => 0.9 * accuracy),
    );
  const section = choice([
    ...of(1, 32, 2, 0.8, 0.8),
    ...of(1, 32, 8, 0.5, 0.7),
    ...of(2, 32, 2, 0.7, 0.7),
    ...of(2, 32, 8, 0.9, 0.9),
    ...of(2, 96, 2, 0.75, 0.75),
    ...of(2, 96, 8, 0.85, 0.95),
    ...of(1, 96, 2, 0.75, 0.75),
    ...of(1, 96, 8, 0.1, 0.1),
  ]);

  it("has mean ranks and accuracies of all candidates", () => {
    expect(section.summary.rows.map((row) => row.slice(0, 4))).toEqual([
      ["prior mass", "memory", "rank: all, as it is", "accuracy: all, as it is"],
      ["1", "32", "2.00", "70.0"],
      ["1", "96", "3.25", "42.5"],
      ["2", "32", "2.75", "80.0"],
      ["2", "96", "2.00", "82.5"],
    ]);
    expect(section.summary.rows[4]?.slice(4, 6)).toEqual(["2.00", "74.3"]);
  });

  it("says which is best by either", () => {
    expect(section.verdicts[0]).toMatchObject({
      claim: "The best prior mass and memory (all, as it is)",
      found: "By mean rank: mass 1, memory 32 (2.00). By mean accuracy: mass 2, memory 96 (82.5 %)",
    });
    expect(section.verdicts.map(({ claim }) => claim)).toContain("The best prior mass and memory (perceptron, recalibrated)");
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
    heads.push("target accuracy, recalibrated");
    const same = (percent: number) => [0, 1, 2, 3].map((less) => `${percent - less}.0 ± 0.0`);
    expect(section.summary.rows).toEqual([
      ["", ...heads],
      ["BN", ...same(90), "41.0 ± 1.4", "40.0 ± 1.4", "39.0 ± 1.4", "38.0 ± 1.4", "41.0 ± 1.4"],
      ["UAN, learned moments", ...same(80), "61.0 ± 1.4", "60.0 ± 1.4", "59.0 ± 1.4", "58.0 ± 1.4", "61.0 ± 1.4"],
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
        found: "Beside BN (41.0 ± 1.4 %), better: UAN, learned moments (61.0 ± 1.4 %)",
        comparisons: 1,
        won: ["UAN, learned moments"],
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

  it("is judged once more with moving moments of the target's training images", () => {
    const runs = [of("bn", 1, 0.9, 0.4), of("bn", 2, 0.9, 0.42), of("uan-data", 1, 0.8, 0.6), of("uan-data", 2, 0.8, 0.62)];
    const { verdicts, summary } = domainAdaptation([
      ...recalibrated(runs.slice(0, 2), [0.9, 0.9], [0.7, 0.72]),
      ...runs.slice(2),
    ]);
    expect(verdicts.map(({ found }) => found)).toEqual([
      "Beside BN (41.0 ± 1.4 %), better: UAN, learned moments (61.0 ± 1.4 %)",
      "Beside BN (71.0 ± 1.4 %), worse: UAN, learned moments (61.0 ± 1.4 %)",
    ]);
    expect(verdicts[1]?.claim).toContain("(recalibrated, accuracy on ");
    expect(summary.rows.map((row) => row.at(-1))).toEqual(["target accuracy, recalibrated", "71.0 ± 1.4", "61.0 ± 1.4"]);
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
