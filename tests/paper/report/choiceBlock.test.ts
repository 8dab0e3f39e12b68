import { expect, it } from "vitest";
import { choiceBlock } from "../../../paper/report/block.js";
import { condensed } from "../../../paper/report/condensed.js";
import { fromJson, toJson } from "../../../paper/report/json.js";
import { recalibrated, results, seeds } from "./madeUp.js";

const of = (priorMass: number, accuracy: number) =>
  recalibrated(
    seeds({ experiment: "choose", method: "uan-standardize-scaled", priorMass, batchSize: 2 }, [accuracy, accuracy + 0.02]),
    [accuracy, accuracy],
  );
const made = results([...of(2, 0.8), ...of(4, 0.7)]);

it("choiceBlock says what is best, and has the rankings", () => {
  const block = choiceBlock(made);
  expect(block.startsWith("`npm run paper -- choose --seeds 2`, on 4 cores of Abacus 9000")).toBe(true);
  expect(block).toContain(
    "| The best prior mass and memory (all, as it is) | By mean rank: mass 2, memory 96 (1.00). By mean accuracy: mass 2, memory 96 (81.0 %) |",
  );
  expect(block).toContain("<summary>Which prior mass and memory?</summary>");
  expect(block).toContain("| 4 | 96 | 2.00 | 71.0 | 2.00 | 70.0 | 2.00 | 71.0 | 2.00 | 70.0 |");
});

it("choiceBlock is the same from what is kept", () => {
  expect(choiceBlock(fromJson(toJson(condensed(made)), "kept"))).toBe(choiceBlock(made));
});

it("choiceBlock wants runs", () => {
  expect(() => choiceBlock(results([]))).toThrow("choose: must have runs, got none");
});
