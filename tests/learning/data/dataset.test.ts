import { expect, it } from "vitest";
import {
  asShape,
  channelMoments,
  type Dataset,
  type Examples,
  halved,
  pick,
  subset,
  toStandard,
  withCounts,
} from "../../../learning/data/dataset.js";
import { Random } from "../../../learning/random.js";

function dataset(height: number, width: number, channels: number, train: number[], test = train): Dataset {
  const size = height * width * channels;
  const examples = (values: number[]): Examples => {
    const count = values.length / size;
    return { count, images: Uint8Array.from(values), labels: Uint8Array.from({ length: count }, (_, i) => i) };
  };
  return {
    name: "made up",
    source: "a test",
    height,
    width,
    channels,
    classes: 10,
    train: examples(train),
    test: examples(test),
  };
}

/** `counts[k]` examples of class k; classes take turns while they have examples. The only pixel of an example is its index. */
function classes(...counts: number[]): Examples {
  const labels = Array.from({ length: Math.max(...counts) }, (_, turn) =>
    counts.flatMap((count, k) => (turn < count ? [k] : [])),
  ).flat();
  return { count: labels.length, images: Uint8Array.from(labels, (_, i) => i), labels: Uint8Array.from(labels) };
}

const perClass = ({ labels }: Examples, classes: number) =>
  Array.from({ length: classes }, (_, k) => labels.filter((label) => label === k).length);

it("picks examples", () => {
  const { train } = dataset(1, 2, 1, [1, 2, 3, 4, 5, 6]);
  const picked = pick(train, [2, 0, 2]);
  expect(picked.count).toBe(3);
  expect([...picked.images]).toEqual([5, 6, 1, 2, 5, 6]);
  expect([...picked.labels]).toEqual([2, 0, 2]);
});

it("takes a subset by class, without repetition, that depends on the seed", () => {
  const all = classes(40, 40, 20);
  const taken = subset(all, 25, new Random(1, "test"));
  expect(perClass(taken, 3)).toEqual([10, 10, 5]);
  expect(new Set(taken.images).size).toBe(25);
  expect([...taken.labels]).toEqual(Array.from(taken.images, (index) => all.labels[index]));
  expect(subset(all, 25, new Random(1, "test"))).toEqual(taken);
  expect(subset(all, 25, new Random(2, "test"))).not.toEqual(taken);
  expect([...taken.labels]).not.toEqual([...taken.labels].sort());
});

it("rounds the classes' shares up or down", () => {
  for (let count = 1; count <= 60; count++) {
    const taken = perClass(subset(classes(7, 30, 23), count, new Random(count, "test")), 3);
    for (const [k, all] of [7, 30, 23].entries()) {
      expect(Math.abs((taken[k] as number) - (count * all) / 60)).toBeLessThan(1);
    }
  }
});

it("takes subsets of both parts, and names them in the source", () => {
  const data = dataset(1, 1, 1, [1, 2, 3, 4], [5, 6]);
  const small = withCounts(data, 3, 1, 7);
  expect([small.train.count, small.test.count]).toEqual([3, 1]);
  expect(small.source).toBe("a test; 3 of 4 training and 1 of 2 test images, by class, seed 7");
  expect(() => withCounts(data, 5, 1, 7)).toThrow("subset: the number of examples must be an integer from 1 to 4, got 5");
  expect(() => withCounts(data, 1, 0, 7)).toThrow("from 1 to 2, got 0");
});

it("pads with the values at the edge, and repeats a channel", () => {
  const padded = asShape(dataset(2, 2, 1, [1, 2, 3, 4, 5, 6, 7, 8]), 4, 4, 2);
  const rows = (a: number, b: number) => [a, a, a, a, b, b, b, b];
  const image = (a: number, b: number, c: number, d: number) => [...rows(a, b), ...rows(a, b), ...rows(c, d), ...rows(c, d)];
  expect([...padded.train.images]).toEqual([...image(1, 2, 3, 4), ...image(5, 6, 7, 8)]);
  expect([...padded.train.labels]).toEqual([0, 1]);
  expect([padded.height, padded.width, padded.channels]).toEqual([4, 4, 2]);
  expect(padded.source).toBe("a test; 2 x 2 x 1 brought to 4 x 4 x 2");
});

it("crops around the centre, and keeps channels", () => {
  const values = Array.from({ length: 3 * 4 * 2 }, (_, i) => i);
  expect([...asShape(dataset(3, 4, 2, values), 1, 2, 2).test.images]).toEqual([10, 11, 12, 13]);
});

it("returns the same data set for the same shape, and refuses other channels", () => {
  const data = dataset(2, 2, 3, Array(12).fill(1));
  expect(asShape(data, 2, 2, 3)).toBe(data);
  expect(() => asShape(data, 2, 2, 1)).toThrow("asShape: made up of 2 x 2 x 3 must keep its 3 channels, got 2 x 2 x 1");
});

it("halves by rounded means of 2 x 2", () => {
  const first = [0, 100, 1, 100, 2, 3, 2, 3]; // two rows of two pixels of two channels
  const image = [...first.slice(0, 4), 10, 10, 20, 20, ...first.slice(4), 10, 10, 20, 21];
  const half = halved(dataset(2, 4, 2, [...image, ...Array(16).fill(255)]));
  expect([half.height, half.width, half.channels]).toEqual([1, 2, 2]);
  expect([...half.train.images]).toEqual([1, 52, 15, 15, 255, 255, 255, 255]); // of 1.25, 51.5, 15, 15.25
  expect(half.source).toBe("a test; halved to 1 x 2 x 2");
  expect(() => halved(dataset(3, 2, 1, Array(6).fill(0)))).toThrow("must have an even height and width, got 3 x 2");
});

it("standardizes each channel to mean 0 and deviation 1", () => {
  const images = Uint8Array.of(0, 7, 10, 255, 7, 30);
  const moments = channelMoments(images, 3);
  const means = [127.5, 7, 20].map((value) => value / 255);
  const deviations = [0.5, 0, 10 / 255];
  for (const channel of [0, 1, 2]) {
    expect(moments.mean[channel]).toBeCloseTo(means[channel] as number, 12);
    expect(moments.deviation[channel]).toBeCloseTo(deviations[channel] as number, 12);
  }
  expect([...toStandard(images, moments)].map((value) => Number(value.toFixed(5)) + 0)).toEqual([-1, 0, -1, 1, 0, 1]);
});
