import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../learning/data/dataset.js";
import { mixed, takingTurns } from "../../../learning/data/mixed.js";

const examples = (count: number) => ({
  count,
  images: Uint8Array.from({ length: 4 * count }, (_, i) => (i % 4 === 0 ? 200 : i % 4)),
  labels: new Uint8Array(count),
});
const dataset: Dataset = {
  name: "dots",
  source: "a test",
  height: 2,
  width: 2,
  channels: 1,
  classes: 1,
  train: examples(3),
  test: examples(2),
};
const imagesOf = ({ images }: { images: Uint8Array }) => [0, 4, 8].map((at) => [...images.subarray(at, at + 4)]);

describe("mixed", () => {
  it("inverts every second image", () => {
    const { train, test, source } = mixed(dataset, "inverted", 3);
    expect(imagesOf(train)).toEqual([
      [200, 1, 2, 3],
      [55, 254, 253, 252],
      [200, 1, 2, 3],
    ]);
    expect(imagesOf(test).slice(0, 2)).toEqual(imagesOf(train).slice(0, 2));
    expect(source).toBe("a test; every second image inverted, seed 3");
  });

  it("lays digits over textures, each over its own, the same for the same seed", () => {
    const { train, test } = mixed(dataset, "textured", 3);
    const [first, second] = imagesOf(train) as [number[], number[]];
    expect(first).toEqual([200, 1, 2, 3]);
    for (const [i, value] of second.entries()) {
      expect(value).toBeGreaterThanOrEqual(first[i] as number);
      expect(value).toBeLessThanOrEqual(255 - (255 - (first[i] as number)) / 2 + 1);
    }
    expect(second).not.toEqual(first);
    expect(imagesOf(test)[1]).not.toEqual(second);
    expect(imagesOf(mixed(dataset, "textured", 3).train)).toEqual(imagesOf(train));
    expect(imagesOf(mixed(dataset, "textured", 4).train)[1]).not.toEqual(second);
  });
});

describe("takingTurns", () => {
  it("keeps the order of each domain, and what is left at the end", () => {
    expect([...takingTurns(Uint32Array.of(4, 0, 5, 1, 3, 2))]).toEqual([4, 5, 0, 1, 2, 3]);
    expect([...takingTurns(Uint32Array.of(4, 0, 1, 2))]).toEqual([4, 1, 0, 2]);
  });
});
