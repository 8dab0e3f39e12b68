import { expect, it } from "vitest";
import { renderSection } from "../../../paper/report/text.js";

it("renderSection prints title, setting, table and verdicts", () => {
  const text = renderSection({
    experiment: "components",
    title: "How many?",
    setting: "Some digits.",
    summary: {
      title: "At the end",
      note: "K: how many.",
      rows: [
        ["K", "accuracy"],
        ["1", "90.0 ± 0.1"],
      ],
    },
    compact: [],
    tables: [],
    verdicts: [{ claim: "More are better", found: "Not so", comparisons: 1, won: [], lost: [], isPapers: true }],
    charts: [],
  });
  expect(text).toBe(`How many?

Some digits.

At the end:
┌───┬────────────┐
│ K │   accuracy │
├───┼────────────┤
│ 1 │ 90.0 ± 0.1 │
└───┴────────────┘
K: how many.

- More are better: Not so.`);
});
