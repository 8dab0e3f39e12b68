import { beforeAll, describe, expect, it } from "vitest";
import { asShape, type Dataset, pick, withCounts } from "../../../learning/data/dataset.js";
import { readMnist } from "../../../learning/data/mnist.js";
import { shifted } from "../../../learning/data/shifted.js";

const ALL_INK = 255;

let mnist: Dataset;
beforeAll(async () => {
  mnist = withCounts(await readMnist(), 400, 40, 1);
});

/** For each training image, whether its background is lighter than its ink. */
function areInverted({ train, height, width, channels }: Dataset, digits: Dataset): boolean[] {
  const size = height * width * channels;
  return Array.from({ length: train.count }, (_, n) => {
    const means = [0, ALL_INK].map((ink) => {
      const values = train.images.subarray(n * size, (n + 1) * size).filter((_, i) => digits.train.images[n * size + i] === ink);
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    return (means[0] as number) > (means[1] as number);
  });
}

describe.each([1, 3])("of %i channels", (channels) => {
  it("depends on the seed, and each image on its part and index", () => {
    const digits = asShape(mnist, 32, 32, channels);
    const [one, again, other] = [1, 1, 2].map((seed) => shifted(digits, seed)) as [Dataset, Dataset, Dataset];
    expect(again.name).toBe(one.name);
    for (const part of ["train", "test"] as const) {
      expect(Buffer.compare(again[part].images, one[part].images)).toBe(0);
      expect(Buffer.compare(other[part].images, one[part].images)).not.toBe(0);
      expect(one[part].labels).toEqual(digits[part].labels);
    }

    const few = { ...digits, train: pick(digits.train, [0, 0]), test: pick(digits.train, [0]) };
    const { train, test } = shifted(few, 1);
    const image = (images: Uint8Array, n: number) => [...images.subarray(n * 1024 * channels, (n + 1) * 1024 * channels)];
    expect(image(train.images, 0)).toEqual(image(one.train.images, 0));
    expect(image(train.images, 1)).not.toEqual(image(train.images, 0));
    expect(image(test.images, 0)).not.toEqual(image(train.images, 0));
  });

  it("inverts half of the images, whose digits differ from their backgrounds", () => {
    const digits = asShape(mnist, 32, 32, channels);
    const share = areInverted(shifted(digits, 1), digits).filter(Boolean).length / mnist.train.count;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.6);
  });
});

it("has a name and a source that say what was done", () => {
  const { name, source, train } = shifted(mnist, 3);
  expect(name).toBe("MNIST-shifted (made from MNIST)");
  expect(source).toBe(`${mnist.source}; shifted: textured backgrounds, half of the images inverted, half blurred; seed 3`);
  expect(train.images.length).toBe(mnist.train.images.length);
});

it("has backgrounds that are textured and differ from one another", () => {
  const blank = { ...mnist, train: { ...mnist.train, images: new Uint8Array(mnist.train.images.length) } };
  const { images, count } = shifted(blank, 1).train;
  const ranges = Array.from({ length: count }, (_, n) => images.subarray(n * 784, (n + 1) * 784)).map((image) => {
    return Math.max(...image) - Math.min(...image);
  });
  expect(Math.max(...ranges)).toBeGreaterThan(90);
  expect(ranges.filter((range) => range > 10).length / count).toBeGreaterThan(0.7);
  // All of them are dark, or inverted.
  expect(images.filter((value) => value <= 128).length / images.length).toBeGreaterThan(0.4);
  expect(images.filter((value) => value >= 127).length / images.length).toBeGreaterThan(0.4);
});
