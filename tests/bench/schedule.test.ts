import { describe, expect, it } from "vitest";
import { fastest, runTime, stepTime } from "../../bench/threads/schedule.js";

const FREE = { post: 0, wake: 0 };

describe("runTime", () => {
  it("is the sum on one thread, without costs", () => {
    expect(runTime([1, 2, 3], 1, { post: 5, wake: 5 })).toBe(6);
  });

  it.each([
    ["as many chunks for each thread", [1, 1, 1, 1], 2, FREE, 2],
    ["a chunk too many", [1, 1, 1], 2, FREE, 2],
    ["more threads than chunks", [1, 3], 4, FREE, 3],
    ["a large chunk at the end", [1, 1, 1, 9], 2, FREE, 10],
    ["a thread that takes the next as soon as it is free", [9, 1, 1, 1], 2, FREE, 9],
    ["costs of all threads", [2, 2], 2, { post: 1, wake: 3 }, 5],
    ["a thread that wakes when all is taken", [1, 1], 2, { post: 0, wake: 7 }, 2],
  ])("has %s", (_, chunks, threads, costs, wanted) => {
    expect(runTime(chunks, threads, costs)).toBe(wanted);
  });
});

describe("stepTime", () => {
  it("divides what is in chunks", () => {
    const step = {
      serial: [1, 2],
      runs: [
        [1, 1],
        [2, 2, 2, 2],
      ],
    };
    expect([1, 2, 4, 8].map((threads) => stepTime(step, threads, FREE))).toEqual([13, 8, 6, 6]);
  });
});

describe("fastest", () => {
  it("takes each time from the recording in which it was least", () => {
    const recordings = [
      { serial: [3, 1], runs: [[5, 1], [2]] },
      { serial: [2, 4], runs: [[1, 2], [1]] },
    ];
    expect(fastest(recordings)).toEqual({ serial: [2, 1], runs: [[1, 1], [1]] });
  });
});
