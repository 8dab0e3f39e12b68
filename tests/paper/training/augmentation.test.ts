import { describe, expect, it } from "vitest";
import type { Examples, Shape } from "../../../learning/data/dataset.js";
import { Random } from "../../../learning/random.js";
import { stronglyAugmented, weaklyAugmented } from "../../../paper/training/augmentation.js";
import { madeUp } from "./setting.js";

const WAYS = [
  ["weakly", weaklyAugmented],
  ["strongly", stronglyAugmented],
] as const;

/** Always draws the same share of the range. */
class Constant extends Random {
  constructor(private readonly share: number) {
    super(1, "constant");
  }
  override next(): number {
    return this.share;
  }
}

const random = (seed = 1) => new Random(seed, "test");

/** Images whose values depend on their position. */
function drawn(count: number, shape: Shape, value: (x: number, y: number, channel: number, n: number) => number): Examples {
  const { height, width, channels } = shape;
  const images = Uint8Array.from({ length: count * height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    return value(pixel % width, Math.floor(pixel / width) % height, i % channels, Math.floor(pixel / width / height));
  });
  return { count, images, labels: Uint8Array.from({ length: count }, (_, n) => n % 10) };
}

const SHAPES: Shape[] = [
  { height: 8, width: 8, channels: 1 },
  { height: 16, width: 16, channels: 3 },
];

describe.each(WAYS)("%s augmented images", (_, augmented) => {
  it.each([1, 3])("of %i channels keep number, labels and shape, and leave the originals unchanged", (channels) => {
    const dataset = madeUp({ channels });
    const before = dataset.train.images.slice();
    const { count, images, labels } = augmented(dataset.train, dataset, random());
    expect([count, images.length]).toEqual([64, dataset.train.images.length]);
    expect(labels).toEqual(dataset.train.labels);
    expect(dataset.train.images).toEqual(before);
    expect(images).not.toEqual(before);
  });

  it("depend on the random numbers, which differ between images", () => {
    const shape = SHAPES[0] as Shape;
    const same = drawn(20, shape, (x, y) => 12 * x + 7 * y);
    const [one, again, other] = [1, 1, 2].map((seed) => augmented(same, shape, random(seed)).images) as Uint8Array[];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    const each = Array.from({ length: 20 }, (_, n) => [...(one as Uint8Array).subarray(64 * n, 64 * (n + 1))].join());
    expect(new Set(each).size).toBe(20);
  });

  it("do not wrap around: lighter values stay lighter than darker ones", () => {
    const shape = SHAPES[1] as Shape;
    for (let seed = 1; seed <= 40; seed++) {
      const [dark, middle, light] = [0, 100, 255].map((value) => {
        return augmented(
          drawn(1, shape, () => value),
          shape,
          random(seed),
        ).images;
      }) as [Uint8Array, Uint8Array, Uint8Array];
      expect(middle.every((value, i) => value >= (dark[i] as number) && value <= (light[i] as number))).toBe(true);
    }
  });
});

describe("weak augmentation", () => {
  it.each(SHAPES)("by nothing is the image itself: $height x $width x $channels", (shape) => {
    const { images } = drawn(2, shape, (x, y, c, n) => (37 * x + 91 * y + 11 * c + 5 * n) % 256);
    const examples = { count: 2, images, labels: Uint8Array.of(1, 2) };
    expect(weaklyAugmented(examples, shape, new Constant(0.5)).images).toEqual(images);
  });

  it("by the maximum moves 8 pixels by one pixel along both axes, and repeats the edges", () => {
    const shape = SHAPES[0] as Shape;
    const { images } = weaklyAugmented(
      drawn(1, shape, (x, y) => 10 * x + 20 * y),
      shape,
      new Constant(0),
    );
    const neighbour = (position: number) => Math.max(0, position - 1);
    expect([...images]).toEqual([...drawn(1, shape, (x, y) => 10 * neighbour(x) + 20 * neighbour(y)).images]);
  });

  it("does not change an image of one colour", () => {
    const shape = SHAPES[1] as Shape;
    const flat = drawn(30, shape, (_x, _y, channel, n) => 40 * channel + 4 * n);
    expect(weaklyAugmented(flat, shape, random()).images).toEqual(flat.images);
  });

  it("only moves: the inside of a slope changes everywhere by the same amount, of at most an eighth of its width", () => {
    const shape = { height: 16, width: 16, channels: 1 };
    const slopes = [drawn(50, shape, (x) => 16 * x), drawn(50, shape, (_, y) => 16 * y)].map((examples) => ({
      examples,
      moved: weaklyAugmented(examples, shape, random()).images,
    }));
    for (const { examples, moved } of slopes) {
      const changes = Array.from({ length: 50 }, (_, n) => {
        const inside: number[] = [];
        for (let y = 2; y < 14; y++) {
          for (let x = 2; x < 14; x++) {
            const i = 256 * n + 16 * y + x;
            inside.push((moved[i] as number) - (examples.images[i] as number));
          }
        }
        expect(new Set(inside).size).toBe(1);
        return (inside[0] as number) / 16;
      });
      expect(Math.max(...changes)).toBeGreaterThan(1.5);
      expect(Math.max(...changes)).toBeLessThanOrEqual(2);
      expect(Math.min(...changes)).toBeLessThan(-1.5);
      expect(Math.min(...changes)).toBeGreaterThanOrEqual(-2);
    }
  });
});

describe("strong augmentation", () => {
  const shape = { height: 10, width: 10, channels: 3 };
  const examples = drawn(1, shape, (x, y, c) => 9 * x + 11 * y + 20 * c);

  it("by nothing is the image itself, except for a grey square", () => {
    const { images } = stronglyAugmented(examples, shape, new Constant(0.5));
    const wanted = examples.images.map((value, i) => {
      const [x, y] = [Math.floor(i / 3) % 10, Math.floor(i / 30)];
      return x >= 5 && x < 7 && y >= 5 && y < 7 ? 128 : value;
    });
    expect([...images]).toEqual([...wanted]);
  });

  it("rounds to the nearest integer", () => {
    // Contrast 0.3 + 1.4 · 0.25 and brightness −64 + 128 · 0.25.
    const flat = drawn(1, shape, (_x, _y, c) => [10, 77, 201][c] as number);
    const { images } = stronglyAugmented(flat, shape, new Constant(0.25));
    const wanted = [10, 77, 201].map((value) => Math.round((value - 128) * 0.65 + 128 - 32));
    expect([...images.subarray(0, 3)]).toEqual(wanted);
  });

  it.each([
    "x",
    "y",
  ] as const)("turns a slope along %s into one of another direction and steepness, as its ranges say", (axis) => {
    // Away from the edges and the square, a slope in a large image stays a slope, and is not clipped.
    const large = { height: 64, width: 64, channels: 1 };
    const slope = drawn(1, large, (x, y) => 64 + 2 * (axis === "x" ? x : y));
    for (const share of [0.1, 0.3, 0.7, 0.9]) {
      const { images } = stronglyAugmented(slope, large, new Constant(share));
      const angle = ((2 * share - 1) * Math.PI) / 9;
      const shear = 0.6 * share - 0.3;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      // From a new position to the old one: first sheared along x, then rotated.
      const rates = axis === "x" ? [cos, cos * shear - sin] : [sin, sin * shear + cos];
      const contrast = 0.3 + 1.4 * share;
      const [alongX, alongY] = rates.map((rate) => (2 * contrast * rate) / (0.8 + 0.4 * share)) as [number, number];
      const at = (x: number, y: number) => images[64 * y + x] as number;
      // The square starts at `share` of the width and the height.
      const start = share < 0.5 ? 30 : 12;
      expect(Math.abs((at(start + 24, start) - at(start, start)) / 24 - alongX)).toBeLessThan(0.1);
      expect(Math.abs((at(start, start + 24) - at(start, start)) / 24 - alongY)).toBeLessThan(0.1);
    }
  });

  it("is stronger than weak augmentation", () => {
    const dataset = madeUp();
    const change = (images: Uint8Array) =>
      images.reduce((sum, value, i) => sum + Math.abs(value - (dataset.train.images[i] as number)), 0) / images.length;
    const weak = change(weaklyAugmented(dataset.train, dataset, random()).images);
    const strong = change(stronglyAugmented(dataset.train, dataset, random()).images);
    expect(strong).toBeGreaterThan(1.3 * weak);
  });
});
