import { expect, it } from "vitest";
import { scores, spread } from "../../paper/metrics.js";

it("scores are means over the classes", () => {
  // Class 0: 2 of 3 found, 2 of 2 predictions right. Class 1: 1 of 1, 1 of 3. Class 2: 1 of 2, 1 of 1.
  const { accuracy, precision, recall, f1 } = scores([0, 0, 1, 1, 2, 1], [0, 0, 0, 1, 2, 2]);
  expect(accuracy).toBeCloseTo(4 / 6, 12);
  expect(precision).toBeCloseTo((1 + 1 / 3 + 1) / 3, 12);
  expect(recall).toBeCloseTo((2 / 3 + 1 + 1 / 2) / 3, 12);
  expect(f1).toBeCloseTo((4 / 5 + 2 / 4 + 2 / 3) / 3, 12);
});

it("scores are 0 for a class that is never predicted or has no example, and leave out other classes", () => {
  // Class 0: found, 1 of 2 predictions right. Class 4 is never predicted, class 7 has no example.
  expect(scores([0, 0, 7], [0, 4, 4])).toEqual({ accuracy: 1 / 3, precision: 1 / 6, recall: 1 / 3, f1: 2 / 3 / 3 });
});

it("scores are 1 if all predictions are right, 0 if none is", () => {
  expect(scores(Uint8Array.of(3, 5), [3, 5])).toEqual({ accuracy: 1, precision: 1, recall: 1, f1: 1 });
  expect(scores([5, 3], Int32Array.of(3, 5))).toEqual({ accuracy: 0, precision: 0, recall: 0, f1: 0 });
});

it("scores refuse no predictions, and another number of labels", () => {
  const message = (got: string) => `scores: needs as many predictions as labels, at least one, got ${got}`;
  expect(() => scores([], [])).toThrow(message("0 and 0"));
  expect(() => scores([1, 2], [1])).toThrow(message("2 and 1"));
});

it("spread has the mean and the deviation of a sample", () => {
  expect(spread([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, deviation: Math.sqrt(32 / 7) });
  expect(spread([3])).toEqual({ mean: 3, deviation: undefined });
  expect(() => spread([])).toThrow("spread: needs at least one value, got none");
});
