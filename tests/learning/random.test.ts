import { describe, expect, it } from "vitest";
import { epochSeed, generator, layerSeed, normal, Random, uniform } from "../../learning/random.js";

describe("the numbers that tests and published results rely on", () => {
  it("are mulberry32's from a generator", () => {
    const next = generator(1);
    expect([next(), next(), next()].map((value) => value * 2 ** 32)).toEqual([2693262067, 11749833, 2265367787]);
  });

  it("are a generator's in normal and uniform distributions", () => {
    expect([...normal(generator(1), 2, 2, 3)]).toEqual([5.808677673339844, 5.431509017944336]);
    expect([...uniform(generator(1), 2, -1, 3)]).toEqual([1.5082957744598389, -0.9890571236610413]);
  });

  it("are TensorFlow.js's from seeds of layers and epochs that do not meet", () => {
    expect([layerSeed(0, 0), layerSeed(3, 5), epochSeed(3, 5)]).toEqual([1, 3 * 2048 + 6, 3 * 2048 + 1024 + 6]);
  });
});

const draws = (random: Random, count = 8) => Array.from({ length: count }, () => random.next());

it("a stream depends on seed, purpose and index", () => {
  const first = draws(new Random(1, "a"));
  expect(draws(new Random(1, "a", 0))).toEqual(first);
  for (const other of [new Random(2, "a"), new Random(1, "b"), new Random(1, "a", 1), new Random(0, "a")]) {
    for (const value of draws(other)) expect(first).not.toContain(value);
  }
});

it("a stream is sfc32, seeded by seed, index, and FNV-1a of the purpose", () => {
  const random = new Random(42, "golden", 7);
  expect(draws(random, 3).map((value) => value * 2 ** 32)).toEqual([1428167796, 60821786, 369546749]);
});

it("a stream is uniform", () => {
  const random = new Random(1, "even");
  const counts = new Array<number>(10).fill(0);
  for (let i = 0; i < 1e5; i++) {
    const digit = random.integer(10);
    counts[digit] = (counts[digit] as number) + 1;
  }
  // χ² of 9 degrees of freedom is below 27.9 in 999 of 1000 cases.
  expect(counts.reduce((sum, count) => sum + (count - 1e4) ** 2 / 1e4, 0)).toBeLessThan(27.9);
  for (let i = 0; i < 1000; i++) {
    const value = random.between(-2, 3);
    expect(value).toBeGreaterThanOrEqual(-2);
    expect(value).toBeLessThan(3);
  }
});

it("shuffle makes every order equally often", () => {
  const random = new Random(1, "orders");
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.order(3).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(["012", "021", "102", "120", "201", "210"]);
  // χ² of 5 degrees of freedom is below 20.5 in 999 of 1000 cases.
  expect([...counts.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(20.5);
  const letters = ["a", "b", "c"];
  expect(random.shuffle(letters)).toBe(letters);
  expect(letters.sort()).toEqual(["a", "b", "c"]);
});
