import { describe, expect, it } from "vitest";
import { fastest, type Recording, serialTime, sharedTime, stepTime } from "../../bench/threads/schedule.js";

const AT_ONCE = { caller: 0, other: 0 };

describe("sharedTime", () => {
  it.each([
    ["as many chunks for each thread", [1, 1, 1, 1], 2, AT_ONCE, 2],
    ["a chunk too many", [1, 1, 1], 2, AT_ONCE, 2],
    ["more threads than chunks", [1, 3], 4, AT_ONCE, 3],
    ["a large chunk at the end", [1, 1, 1, 9], 2, AT_ONCE, 10],
    ["a thread that takes the next as soon as it is free", [9, 1, 1, 1], 2, AT_ONCE, 9],
    ["threads that begin later", [2, 2], 2, { caller: 1, other: 3 }, 5],
    ["a thread that begins when all is taken", [1, 1], 2, { caller: 0, other: 7 }, 2],
  ])("has %s", (_, chunks, threads, beginning, wanted) => {
    expect(sharedTime(chunks, threads, beginning)).toBe(wanted);
  });
});

describe("stepTime", () => {
  const times = (recording: Recording, costs: Partial<Parameters<typeof stepTime>[2]> = {}) =>
    [1, 2, 4, 8].map((threads) =>
      stepTime(recording, threads, { patience: 1, awake: AT_ONCE, asleep: { caller: 1, other: 1 }, ...costs }),
    );

  it("divides what is in chunks", () => {
    const step = [1, { chunks: [1, 1], wakes: true }, 2, { chunks: [2, 2, 2, 2], wakes: true }];
    expect(serialTime(step)).toBe(3);
    expect(times(step, { asleep: AT_ONCE })).toEqual([13, 8, 6, 6]);
    expect(times(step)).toEqual([13, 10, 8, 8]);
  });

  it("has threads that are awake soon after a run", () => {
    const step = (between: number) => [{ chunks: [1, 1], wakes: true }, between, { chunks: [1, 1], wakes: true }];
    expect(times(step(0.5)).slice(0, 2)).toEqual([4.5, 3.5]);
    expect(times(step(2)).slice(0, 2)).toEqual([6, 6]);
  });

  it("has one thread where a run does not wake the others", () => {
    const step = (between: number) => [{ chunks: [1, 1], wakes: true }, between, { chunks: [1, 1], wakes: false }];
    expect(times(step(0.5))[1]).toBe(3.5);
    expect(times(step(2))[1]).toBe(6);
    expect(times([{ chunks: [1, 1], wakes: false }])).toEqual([2, 2, 2, 2]);
  });
});

describe("fastest", () => {
  it("takes each time from the recording in which it was least", () => {
    const recordings: Recording[] = [
      [3, { chunks: [5, 1], wakes: true }, 1],
      [2, { chunks: [1, 2], wakes: true }, 4],
    ];
    expect(fastest(recordings)).toEqual([2, { chunks: [1, 1], wakes: true }, 1]);
  });
});
