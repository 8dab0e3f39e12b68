import { describe, expect, it } from "vitest";
import { evidenceBlock } from "../../../paper/report/block.js";
import { condensed } from "../../../paper/report/condensed.js";
import { fromJson, toJson } from "../../../paper/report/json.js";
import { replaceBlock } from "../../../reporting/markdown.js";
import { diverged, epoch, everything, recalibrated, results, run, SHIFTED, seeds } from "./madeUp.js";

describe("evidenceBlock", () => {
  it("has what ran where, the scale, the verdicts and the tables", () => {
    const runs = [
      ...recalibrated(seeds({ method: "bn" }, [0.8, 0.82]), [0.9, 0.92]),
      ...seeds({ method: "uan-data" }, [0.9, 0.92]),
      ...seeds({ method: "uan-random" }, [0.9, 0.92]),
    ];
    expect(
      evidenceBlock(results(runs)),
    ).toBe(`\`npm run paper -- --seeds 2\`, preset quick (made up), on 4 cores of Abacus 9000, Node.js v20.1.0, wasm, 2025-01-02.

This is not the paper's scale: images are MNIST's, not the paper's CIFAR-10 and CIFAR-100; images have half their height and
width; networks see 1000 of 60000 training images; the CNN has 0.125 times the paper's channels; networks learn for 4 epochs,
where the paper's classification has 100. Runs of 2 seeds. The figures compare the methods at this scale; they neither confirm nor
refute the paper's own. Better and worse: the means differ by more than 3 standard errors of their difference. Seeds change
initial weights and the order of images, not which images are used. 7 comparisons are made here.

UAN is nowhere **worse** than what a claim compares it with.

Where UAN is **better** than what a claim compares it with:

- UAN classifies better than BN (MNIST, learning rate 0.001): UAN, random start; UAN, learned moments.

<details>
<summary>What is compared</summary>

BN: batch normalization; UAN, random start: the paper's formula and start; UAN, learned moments: the paper's formula, started from
the first activations. What stands behind the normalized activations scales and shifts in every method: BN, BRN, LN, GN, MN and
UAN of batch moments have a trained γ and β, the others of UAN trained means and variances, which with K = 1 are no more than
that. In classification they differ after the second convolution alone: BN follows the others, with none, too.

</details>

<details>
<summary>Every claim</summary>

| claim | here |
|---|---|
| UAN classifies better than BN (MNIST, learning rate 0.001) | Beside BN (81.0 ± 1.4 %), **better**: UAN, random start (91.0 ± 1.4 %), UAN, learned moments (91.0 ± 1.4 %) |
| UAN classifies better than BN (MNIST, learning rate 0.001; all recalibrated) | Beside BN (91.0 ± 1.4 %), **not to be told apart**: UAN, random start (91.0 ± 1.4 %), UAN, learned moments (91.0 ± 1.4 %) |
| UAN learns faster than BN (training loss in the epoch that ends at 100 %; MNIST, learning rate 0.001) | Beside BN (0.500 ± 0.000), **not to be told apart**: UAN, random start (0.500 ± 0.000), UAN, learned moments (0.500 ± 0.000) |

</details>

<details>
<summary>The library&#39;s own options</summary>

| option | here |
|---|---|
| Options beside the paper's formula (MNIST, learning rate 0.001) | Beside UAN, learned moments (91.0 ± 1.4 %), **not to be told apart**: UAN, random start (91.0 ± 1.4 %) |

</details>

<details>
<summary>Does UAN classify better?</summary>

Data: MNIST: a box of digits. Network: the paper's shallow CNN of 8, 16, 16 and 32 channels (in the place of 64, 128, 128 and
256), what is compared after the second convolution, batch normalization after the others; K = 3. Adam at 0.001, batches of 32, 4
epochs, moving moments with a prior mass of 2 and a memory of 96 images, or of momentum 0.9; means ± sample deviations over the
seeds 1 and 2.

Test accuracy, %, and training loss, by learning rate.

|  | 0.001: accuracy after 100 % | 0.001: accuracy | 0.001: recalibrated | 0.001: training loss |
|---|---|---|---|---|
| BN | 81.0 ± 1.4 | 81.0 ± 1.4 | 91.0 ± 1.4 | 0.500 ± 0.000 |
| UAN, random start | 91.0 ± 1.4 | 91.0 ± 1.4 | 91.0 ± 1.4 | 0.500 ± 0.000 |
| UAN, learned moments | 91.0 ± 1.4 | 91.0 ± 1.4 | 91.0 ± 1.4 | 0.500 ± 0.000 |

The paper's own accuracies, %, of its shallow CNN on CIFAR after 100 epochs, by learning rate.

|  | CIFAR-10, 0.001 | CIFAR-10, 0.005 | CIFAR-100, 0.001 | CIFAR-100, 0.005 |
|---|---|---|---|---|
| BN | 86.90 | 85.65 | 59.82 | 56.29 |
| MN | 87.07 | 85.80 | 60.10 | 57.09 |
| UAN, random start | 87.97 | 87.49 | 61.10 | 60.29 |

</details>`);
  });

  it("says where UAN is worse or diverged, which is not where others are", () => {
    const loser = results([
      ...seeds({ method: "none" }, [0.9, 0.92]),
      ...seeds({ method: "bn" }, [0.8, 0.82]),
      ...seeds({ method: "uan-data" }, [0.5, 0.52]),
      diverged({ method: "uan-random" }),
    ]);
    const where = "MNIST, learning rate 0.001";
    expect(evidenceBlock(loser)).toContain(`Where UAN is **worse** than what a claim compares it with:

- A normalization classifies better than none (${where}): UAN, learned moments; UAN, random start.
- UAN classifies better than BN (${where}): UAN, learned moments; UAN, random start.

UAN is nowhere **better** than what a claim compares it with.`);
  });

  it("answers before anything else what a default depends on", () => {
    const block = evidenceBlock(everything());
    const question =
      "- Is standardize with a prior mass nowhere worse than BN in batches of 32 and more, and better in batches of 8 and less?";
    expect(block).toContain(
      `${question} (CNN, as it is) UAN, standardize: no, of 2 comparisons in small batches it is better in 0, not at 0.001 batches of 2 and 8.`,
    );
    expect(block.indexOf(question)).toBeLessThan(block.indexOf("**worse**"));
    expect(block.split(question)).toHaveLength(2);
  });

  it("has a table of every experiment", () => {
    const block = evidenceBlock(everything());
    const titles = [...block.matchAll(/<summary>(.*)<\/summary>/g)].map(([, title]) => title);
    expect(titles).toEqual([
      "What is compared",
      "Every claim",
      "The library&#39;s own options",
      "Does UAN classify better?",
      "Does UAN make gradients more stable?",
      "Does UAN do without large batches?",
      "How many components?",
      "Does it help where every batch has images of two domains?",
      "What is left of the differences after longer training?",
      "Does UAN help domain adaptation, from MNIST to MNIST-shifted (made from MNIST)?",
      "How far does recalibration alone adapt a network, from MNIST to MNIST-shifted (made from MNIST)?",
    ]);
    for (const row of [
      "| UAN, learned moments | 0.200 ± 0.000 | 0.265 ± 0.007 | 22.5 ± 0.0 | 0.0225 ± 0.0000 | 15.8 ± 0.4 | 0.860 ± 0.028 |",
      "|  | 2 | 90.0 ± 0.0 | 90.0 ± 0.0 | 0.200 ± 0.000 | 1.90 ± 0.00 | 1.95 ± 0.00 |",
      "| BN | 90.0 ± 0.0 | 87.0 ± 0.0 | 51.5 ± 0.7 | 48.5 ± 0.7 | 51.5 ± 0.7 |",
      "| UAN, batch moments | 71.0 / 81.0 |",
      "| BN | 90.0 ± 0.0 | 31.5 ± 0.7 | 51.0 ± 1.4 | 51.5 ± 0.7 |",
    ]) {
      expect(block).toContain(row);
    }
  });

  it("names SVHN for what the paper has, and never for a domain made from MNIST", () => {
    const target = (seed: number) => run({ experiment: "domain-adaptation", seed, target: SHIFTED }, [epoch(4, 1, 0.9, 0.5)]);
    const uan = { ...target(1), config: { ...target(1).config, method: "uan-data" as const } };
    const block = evidenceBlock(results([target(1), target(2), uan]));
    const uses = [...block.replaceAll("\n", " ").matchAll(/.{25}SVHN/g)].map(([use]) => use);
    expect(uses).toEqual([
      "d (made from MNIST), not SVHN",
      "om MNIST); the paper: on SVHN",
      ". The paper has MNIST to SVHN",
      "s AdaMatch's accuracy on SVHN",
      "(made from MNIST) is not SVHN",
    ]);
  });

  it("is the same from what is kept", () => {
    const whole = everything();
    expect(evidenceBlock(condensed(whole))).toBe(evidenceBlock(whole));
    const kept = toJson(condensed(whole));
    expect(evidenceBlock(fromJson(kept, "kept"))).toBe(evidenceBlock(whole));
  });

  it("needs no losses within epochs, no epochs between, no records of gradients but one, and no channels", () => {
    const records = condensed(everything()).runs.map(({ record }) => record);
    expect(records.flatMap(({ epochs }) => epochs.flatMap(({ losses }) => losses))).toEqual([]);
    const epochs = records.map(({ epochs }) => epochs.map(({ epoch }) => epoch).join(" "));
    expect([...new Set(epochs)]).toEqual(["1 4", "4"]);
    expect(records.flatMap(({ gradients = [] }) => gradients.length || [])).toEqual([1, 1, 1, 1]);
    const mixtures = records.flatMap(({ mixtures = [] }) => mixtures);
    expect(mixtures).toHaveLength(8);
    expect(mixtures.flatMap(({ channels }) => channels)).toEqual([]);
  });

  it("is the same from what is kept of runs that diverged", () => {
    const whole = results([diverged({}), diverged({ method: "uan-data" }), ...seeds({ method: "mn" }, [0.5])]);
    const block = evidenceBlock(fromJson(toJson(condensed(whole)), "kept"));
    expect(block).toBe(evidenceBlock(whole));
    expect(block).toContain("| BN | 30.0 | diverged | diverged | diverged |");
  });

  it("fits between markers, where a second one replaces a first", () => {
    const text = "before\n<!-- paper -->\n<!-- /paper -->\nafter\n";
    const once = replaceBlock(text, "paper", evidenceBlock(everything()));
    expect(replaceBlock(once, "paper", evidenceBlock(everything()))).toBe(once);
    expect(once.startsWith("before\n<!-- paper -->\n\n`npm run paper ")).toBe(true);
    expect(once.endsWith("</details>\n\n<!-- /paper -->\nafter\n")).toBe(true);
  });
});
