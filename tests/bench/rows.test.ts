import { expect, it } from "vitest";
import { timedRows } from "../../bench/rows.js";

const ratioOf = (own: number[], theirs: number[]) => timedRows({ case: "a" }, { theirs, own }, "theirs")[1]?.ratio;

it("the ratio of who took turns is the median of the rounds' quotients", () => {
  expect(ratioOf([2, 30, 8], [1, 10, 2])).toEqual({ to: "theirs", median: 3, low: 2.5, high: 3.5 });
});

it("the ratio of who did not is to the other's median", () => {
  expect(ratioOf([100], [1, 10, 2])).toEqual({ to: "theirs", median: 50, low: 50, high: 50 });
});
