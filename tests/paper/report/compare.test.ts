import { describe, expect, it } from "vitest";
import { compare, compareBySetting, compareGroups, emphasized, howCompared, type Scale } from "../../../paper/report/compare.js";
import { FORMATS } from "../../../paper/report/format.js";
import { seeds } from "./madeUp.js";

const NAN = Number.NaN;

describe("compare", () => {
  it("computes the standard error of a difference of means, also for different counts", () => {
    // Means 4 and 1; variances 4 and 2; sqrt(4 / 3 + 2 / 2).
    const { difference, error } = compare([2, 4, 6], [0, 2], "more");
    expect(difference).toBe(3);
    expect(error).toBeCloseTo(1.527525, 6);
  });

  it.each<[string, number[], number[], "more" | "less", string]>([
    ["more, where more is wanted", [0.9, 0.92, 0.94], [0.8, 0.82, 0.84], "more", "better"],
    ["less, where more is wanted", [0.8, 0.82, 0.84], [0.9, 0.92, 0.94], "more", "worse"],
    ["more, where less is wanted", [0.9, 0.92, 0.94], [0.8, 0.82, 0.84], "less", "worse"],
    ["less, where less is wanted", [0.8, 0.82, 0.84], [0.9, 0.92, 0.94], "less", "better"],
    ["three standard errors", [2, 4], [0, 0], "more", "not to be told apart"],
    ["more than three standard errors", [2.125, 4.125], [0, 0], "more", "better"],
    ["the same without deviation", [1, 1], [1, 1], "more", "not to be told apart"],
    ["a single seed", [1], [0, 0], "more", "a single seed cannot tell"],
    ["a single seed of the other", [1, 1], [0], "more", "a single seed cannot tell"],
    ["a run that diverged", [1, NAN], [0, 0], "more", "diverged"],
    ["a run of the other that diverged", [1, 1], [NAN], "more", "the other diverged"],
    ["runs of both that diverged", [NAN, 1], [NAN], "more", "diverged"],
  ])("says of %s", (_, values, others, wanted, word) => {
    expect(compare(values, others, wanted).word).toBe(word);
  });
});

it("howCompared names the frequency of differences by chance, if it is known", () => {
  const rule =
    "Better and worse: the means differ by more than 3 standard errors of their difference. Seeds change initial weights and the " +
    "order of images, not which images are used.";
  const of = (count: number) => seeds({}, new Array<number>(count).fill(1));
  const chance = (seeds: number, often: string) =>
    `${rule} With ${seeds} seeds on either side, chance alone makes such a difference in one of ${often} comparisons; 7 are made here.`;
  const unknown = `${rule} 7 comparisons are made here.`;
  expect(howCompared(of(2), 7)).toBe(unknown);
  expect(howCompared(of(3), 7)).toBe(chance(3, "10 to 25"));
  expect(howCompared(of(10), 7)).toBe(chance(10, "65 to 130"));
  expect(howCompared([...of(10), ...seeds({ method: "mn" }, [1, 1, 1])], 7)).toBe(unknown);
});

describe("a comparison in words", () => {
  const scale: Scale = { wanted: "more", format: FORMATS.percent, seeds: 2 };
  const group = (name: string, ...values: number[]) => ({ name, values });
  const bn = group("BN", 0.8, 0.82);

  it("lists means and deviations by outcome", () => {
    const subjects = [
      group("A", 0.5, 0.52),
      group("B", 0.8, 0.83),
      group("C", 0.9, 0.91),
      group("D", 0.95, 0.95),
      group("E", 0.9),
      group("F", 0.9, NAN),
      group("G"),
    ];
    expect(compareGroups(bn, subjects, scale)).toEqual({
      text:
        "beside BN (81.0 ± 1.4 %), better: C (90.5 ± 0.7 %), D (95.0 ± 0.0 %); not to be told apart: B (81.5 ± 2.1 %); " +
        "worse: A (51.0 ± 1.4 %); diverged: F (1 of 2 diverged); a single seed cannot tell: E (90.0 %, n = 1)",
      comparisons: 6,
      won: ["C", "D"],
      lost: ["A", "F"],
    });
  });

  it("is undefined without a reference or without subjects", () => {
    expect(compareGroups(group("BN"), [bn], scale)).toBeUndefined();
    expect(compareGroups(bn, [group("A")], scale)).toBeUndefined();
  });

  it("lists by outcome the settings that both groups have", () => {
    const groups = new Map<number, [number[], number[]]>([
      [
        2,
        [
          [0.9, 0.92],
          [0.8, 0.82],
        ],
      ],
      [
        4,
        [
          [0.8, 0.82],
          [0.8, 0.83],
        ],
      ],
      [
        8,
        [
          [0.9, 0.93],
          [0.8, 0.82],
        ],
      ],
      [
        16,
        [
          [0.5, 0.52],
          [0.8, 0.82],
        ],
      ],
      [32, [[], [0.8, 0.82]]],
      [128, [[0.5], [0.6]]],
    ]);
    const found = (settings: number[]) =>
      compareBySetting(
        settings,
        (some) => `batches of ${some.join(" and ")}`,
        (setting) => groups.get(setting) ?? [[], []],
      );
    expect(found([2, 4, 8, 16, 32, 128])).toEqual({
      text: "better: batches of 2 and 8; not to be told apart: batches of 4; worse: batches of 16; a single seed cannot tell: batches of 128",
      comparisons: 5,
      won: ["batches of 2 and 8"],
      lost: ["batches of 16"],
    });
    expect(found([32])).toBeUndefined();
  });

  it("has its outcomes emphasized, and nothing else", () => {
    expect(emphasized("beside better BN, better: A; not to be told apart: worse, B; the other diverged: C", "<", ">")).toBe(
      "beside better BN, <better>: A; <not to be told apart>: worse, B; <the other diverged>: C",
    );
  });
});
