import { describe, expect, it } from "vitest";
import { classification } from "../../../paper/report/classification.js";
import { diverged, epoch, recalibrated, run, seeds } from "./madeUp.js";

const CIFAR = { name: "cifar-10", seed: 1 } as const;

describe("classification's tables", () => {
  it("list the methods in order, with means ± deviations over the seeds", () => {
    const { summary } = classification([
      run({ method: "uan-random", seed: 1 }, [epoch(1, 0.9, 0.8), epoch(4, 0.2, 0.9)]),
      ...recalibrated([run({ method: "bn", seed: 1 }, [epoch(1, 0.9, 0.7), epoch(4, 0.1, 0.9)])], [0.8]),
      ...recalibrated([run({ method: "bn", seed: 2 }, [epoch(1, 0.9, 0.72), epoch(4, 0.3, 0.94)])], [0.84]),
      run({ method: "uan-random", seed: 2 }, [epoch(1, 0.9, 0.8), epoch(4, 0.2, 0.9)]),
    ]);
    expect(summary.names).toBe(3);
    expect(summary.rows).toEqual([
      ["data", "learning rate", "", "accuracy after 25 %", "accuracy", "recalibrated", "F1", "training loss"],
      ["MNIST", "0.001", "BN", "71.0 ± 1.4", "92.0 ± 2.8", "82.0 ± 2.8", "89.0 ± 2.8", "0.200 ± 0.141"],
      ["", "", "UAN, random start", "80.0 ± 0.0", "90.0 ± 0.0", "90.0 ± 0.0", "87.0 ± 0.0", "0.200 ± 0.000"],
    ]);
  });

  it("have rows for each learning rate and data set, and the paper's figures for CIFAR", () => {
    const { summary } = classification([
      ...seeds({ data: CIFAR, learningRate: 0.005 }, [0.5]),
      ...seeds({ data: CIFAR, learningRate: 0.001 }, [0.6]),
      ...seeds({ data: CIFAR, learningRate: 0.001, method: "uan-random" }, [0.7]),
      ...seeds({ data: CIFAR, learningRate: 0.001, method: "uan-data" }, [0.7]),
      ...seeds({ data: { ...CIFAR, name: "cifar-100" }, learningRate: 0.005, method: "mn" }, [0.8]),
    ]);
    expect(summary.rows.map((row) => [...row.slice(0, 3), row[4], row.at(-1)])).toEqual([
      ["data", "learning rate", "", "accuracy", "the paper's accuracy, 100 epochs"],
      ["CIFAR-10", "0.001", "BN", "60.0", "86.90"],
      ["", "", "UAN, random start", "70.0", "87.97"],
      ["", "", "UAN, learned moments", "70.0", ""],
      ["CIFAR-10", "0.005", "BN", "50.0", "85.65"],
      ["CIFAR-100", "0.005", "MN", "80.0", "57.09"],
    ]);
  });

  it("have every metric after every quarter", () => {
    const quarters = [0.6, 0.7, 0.8, 0.9].map((accuracy, i) => epoch(2 * i + 2, 0.5, accuracy));
    const { tables } = classification([run({ epochs: 8 }, [epoch(1, 1), ...quarters])]);
    const heads = ["", "25 %", "50 %", "75 %", "100 %"];
    expect(tables.map(({ title }) => title)).toEqual(
      ["accuracy", "precision", "recall", "F1"].map(
        (name) => `${name} after shares of the epochs, %: MNIST, learning rate 0.001`,
      ),
    );
    expect(tables.map(({ rows }) => rows)).toEqual([
      [heads, ["BN", "60.0", "70.0", "80.0", "90.0"]],
      [heads, ["BN", "59.0", "69.0", "79.0", "89.0"]],
      [heads, ["BN", "58.0", "68.0", "78.0", "88.0"]],
      [heads, ["BN", "57.0", "67.0", "77.0", "87.0"]],
    ]);
  });

  it("name the number of seeds if some are missing", () => {
    const { summary, setting } = classification([...seeds({ method: "bn" }, [0.8, 0.9]), ...seeds({ method: "mn" }, [0.7])]);
    expect(summary.rows.slice(1).map((row) => row[4])).toEqual(["85.0 ± 7.1", "70.0, n = 1"]);
    expect(setting).toContain("over the seeds 1 and 2, over n of them where a figure says so");
  });

  it("name diverged runs, and keep scores from before", () => {
    const { summary, tables } = classification([
      diverged({ method: "bn", seed: 1 }),
      ...seeds({ method: "mn" }, [0.7, 0.7, 0.7]).slice(1),
      diverged({ method: "mn", seed: 1 }),
    ]);
    expect(summary.rows.slice(1).map((row) => row.slice(2))).toEqual([
      ["BN", "30.0, n = 1", "diverged", "diverged", "diverged", "diverged"],
      ["MN", "56.7 ± 23.1", ...Array(4).fill("1 of 3 diverged")],
    ]);
    expect(tables[0]?.rows[1]).toEqual(["BN", "30.0, n = 1", "diverged", "diverged"]);
  });
});

describe("classification's verdicts", () => {
  it("are about accuracy compared with BN and MN, the speed of learning, and the library's options", () => {
    const of = (method: "bn" | "mn" | "uan-random" | "uan-data" | "uan-standardize", early: number, ...accuracies: number[]) =>
      accuracies.map((accuracy, i) => run({ method, seed: i + 1 }, [epoch(1, early + i / 100, 0.5), epoch(4, 0.1, accuracy)]));
    const { verdicts } = classification([
      ...of("bn", 0.5, 0.8, 0.82),
      ...of("mn", 0.5, 0.9, 0.92),
      ...of("uan-random", 0.3, 0.85, 0.87),
      ...of("uan-data", 0.7, 0.8, 0.82),
      ...of("uan-standardize", 0.7, 0.7, 0.72),
    ]);
    const where = "MNIST, learning rate 0.001";
    expect(verdicts).toEqual([
      {
        claim: `UAN classifies better than BN (${where})`,
        found:
          "Beside BN (81.0 ± 1.4 %), better: UAN, random start (86.0 ± 1.4 %); " +
          "not to be told apart: UAN, learned moments (81.0 ± 1.4 %); worse: UAN, standardize (71.0 ± 1.4 %)",
        comparisons: 3,
        won: ["UAN, random start"],
        lost: ["UAN, standardize"],
        isPapers: true,
      },
      {
        claim: `UAN classifies better than MN (${where})`,
        found:
          "Beside MN (91.0 ± 1.4 %), worse: UAN, random start (86.0 ± 1.4 %), UAN, learned moments (81.0 ± 1.4 %), " +
          "UAN, standardize (71.0 ± 1.4 %)",
        comparisons: 3,
        won: [],
        lost: ["UAN, random start", "UAN, learned moments", "UAN, standardize"],
        isPapers: true,
      },
      {
        claim: `UAN learns faster than BN (training loss in the epoch that ends at 25 %; ${where})`,
        found:
          "Beside BN (0.505 ± 0.007), better: UAN, random start (0.305 ± 0.007); " +
          "worse: UAN, learned moments (0.705 ± 0.007), UAN, standardize (0.705 ± 0.007)",
        comparisons: 3,
        won: ["UAN, random start"],
        lost: ["UAN, learned moments", "UAN, standardize"],
        isPapers: true,
      },
      {
        claim: `Options beside the paper's formula (${where})`,
        found:
          "Beside UAN, learned moments (81.0 ± 1.4 %), better: UAN, random start (86.0 ± 1.4 %); worse: UAN, standardize (71.0 ± 1.4 %)",
        comparisons: 2,
        won: ["UAN, random start"],
        lost: ["UAN, standardize"],
        isPapers: false,
      },
    ]);
  });

  it("are first about whether normalization helps at all", () => {
    const { verdicts } = classification([
      ...seeds({ method: "none" }, [0.8, 0.82]),
      ...seeds({ method: "bn" }, [0.7, 0.72]),
      ...seeds({ method: "gn" }, [0.9, 0.92]),
    ]);
    expect(verdicts).toEqual([
      {
        claim: "A normalization classifies better than none (MNIST, learning rate 0.001)",
        found: "Beside none (81.0 ± 1.4 %), better: GN (91.0 ± 1.4 %); worse: BN (71.0 ± 1.4 %)",
        comparisons: 2,
        won: ["GN"],
        lost: ["BN"],
        isPapers: true,
      },
    ]);
  });

  it("compare UAN with BN once more where both are recalibrated", () => {
    const { verdicts } = classification([
      ...recalibrated(seeds({ method: "bn" }, [0.8, 0.82]), [0.9, 0.92]),
      ...seeds({ method: "uan-data" }, [0.85, 0.87]),
    ]);
    expect(verdicts.slice(0, 2).map(({ claim, found }) => [claim, found])).toEqual([
      [
        "UAN classifies better than BN (MNIST, learning rate 0.001)",
        "Beside BN (81.0 ± 1.4 %), better: UAN, learned moments (86.0 ± 1.4 %)",
      ],
      [
        "UAN classifies better than BN (MNIST, learning rate 0.001; all recalibrated)",
        "Beside BN (91.0 ± 1.4 %), worse: UAN, learned moments (86.0 ± 1.4 %)",
      ],
    ]);
  });

  it("come with the paper's own figures, for any data", () => {
    expect(classification(seeds({}, [0.8])).papers?.rows).toEqual([
      ["", "CIFAR-10, 0.001", "CIFAR-10, 0.005", "CIFAR-100, 0.001", "CIFAR-100, 0.005"],
      ["BN", "86.90", "85.65", "59.82", "56.29"],
      ["MN", "87.07", "85.80", "60.10", "57.09"],
      ["UAN, random start", "87.97", "87.49", "61.10", "60.29"],
    ]);
  });

  it("exist only for experiments with runs, even of one seed", () => {
    const { verdicts } = classification([...seeds({ method: "bn" }, [0.8]), ...seeds({ method: "uan-data" }, [0.9])]);
    expect(verdicts.map(({ found }) => found)).toEqual([
      "Beside BN (80.0 %), a single seed cannot tell: UAN, learned moments (90.0 %)",
      "Beside BN (0.500), a single seed cannot tell: UAN, learned moments (0.500)",
    ]);
  });
});

describe("classification's charts", () => {
  it("show the mean loss of parts of epochs, and the accuracy after every quarter", () => {
    const [loss, accuracy] = classification([
      run({ method: "bn", seed: 1 }, [epoch(1, 0.5, 0.8), epoch(2, 0.3, 0.9)]),
      run({ method: "bn", seed: 2 }, [epoch(1, 0.7, 0.84), epoch(2, 0.5, 0.94)]),
      run({ method: "uan-standardize", seed: 1 }, [epoch(1, 0.5, 0.8), epoch(2, 0.3, 0.9)]),
    ]).charts;
    const points = loss?.data.datasets[0]?.data.map(({ x, y }) => [x, Number(y.toFixed(6))]);
    expect(points).toEqual([
      [0.25, 0.7],
      [0.75, 0.5],
      [1.25, 0.5],
      [1.75, 0.3],
    ]);
    expect(loss?.options?.scales?.y?.type).toBe("logarithmic");
    const [bn, standardize] = accuracy?.data.datasets ?? [];
    expect(bn?.data.map(({ x, y, deviation = 0 }) => [x, Number(y.toFixed(6)), Number(deviation.toFixed(6))])).toEqual([
      [1, 82, 2.828427],
      [2, 92, 2.828427],
    ]);
    expect([bn?.label, standardize?.label]).toEqual(["BN", "UAN, standardize"]);
  });
});
