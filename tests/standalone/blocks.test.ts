import { describe, expect, it } from "vitest";
import { generator } from "../../learning/random.js";
import { Blocks } from "../../src/standalone/blocks.js";

const PAGE = 65536;

describe("blocks of a memory", () => {
  it("begin after address 0, at multiples of 64, one after another", () => {
    const blocks = new Blocks();
    expect(blocks.take(1)).toBeUndefined();
    blocks.extend(PAGE);
    expect([blocks.take(1), blocks.take(64), blocks.take(65), blocks.take(0), blocks.take(4)]).toEqual([64, 128, 192, 320, 384]);
    expect(blocks.used).toBe(6 * 64);
  });

  it("go into the first gap that is large enough, and adjacent gaps become one", () => {
    const blocks = new Blocks();
    blocks.extend(PAGE);
    const [a, b, c, d] = [640, 640, 640, 640].map((bytes) => blocks.take(bytes) as number);
    blocks.give(b as number);
    expect(blocks.take(704)).toBe((d as number) + 640);
    expect(blocks.take(64)).toBe(b);
    blocks.give(a as number);
    blocks.give(c as number);
    blocks.give(b as number);
    expect(blocks.take(3 * 640)).toBe(a);
  });

  it("report how large the memory must be, and use the free space at its end", () => {
    const blocks = new Blocks();
    expect(blocks.endFor(PAGE)).toBe(PAGE + 64);
    blocks.extend(PAGE);
    expect(blocks.endFor(PAGE)).toBe(PAGE + 64);
    const first = blocks.take(PAGE - 64) as number;
    expect(blocks.endFor(1)).toBe(PAGE + 64);
    blocks.extend(2 * PAGE);
    blocks.give(first);
    expect(blocks.take(2 * PAGE - 64)).toBe(64);
  });

  it("contain the ranges that lie within one block", () => {
    const blocks = new Blocks();
    blocks.extend(PAGE);
    const [a, b] = [blocks.take(128) as number, blocks.take(128) as number];
    expect([blocks.holds(a, 128), blocks.holds(a + 4, 124), blocks.holds(a + 4, 128), blocks.holds(0, 4)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    blocks.give(b);
    expect(blocks.holds(b, 4)).toBe(false);
  });

  it("never overlap, and leave one gap when all are freed in any order", () => {
    const next = generator(1);
    const blocks = new Blocks();
    blocks.extend(PAGE);
    let end = PAGE;
    const taken = new Map<number, number>();
    for (let step = 0; step < 5000; step++) {
      if (next() < 0.55) {
        const bytes = Math.floor(next() ** 3 * 20_000);
        let at: number | undefined = blocks.take(bytes);
        if (at === undefined) {
          end = Math.ceil(blocks.endFor(bytes) / PAGE) * PAGE;
          blocks.extend(end);
          at = blocks.take(bytes) as number;
        }
        expect(at % 64).toBe(0);
        expect(at).toBeGreaterThan(0);
        expect(at + bytes).toBeLessThanOrEqual(end);
        for (const [other, size] of taken) expect(at + Math.max(bytes, 1) <= other || other + Math.max(size, 1) <= at).toBe(true);
        taken.set(at, bytes);
      } else {
        const all = [...taken.keys()];
        const at = all[Math.floor(next() * all.length)];
        if (at === undefined) continue;
        blocks.give(at);
        taken.delete(at);
      }
    }
    for (const at of taken.keys()) blocks.give(at);
    expect(blocks.used).toBe(0);
    expect(blocks.take(end - 64)).toBe(64);
  });
});
