import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { asShape, type Dataset, halved, withCounts } from "../../../learning/data/dataset.js";
import type { DataName } from "../../../learning/data/facts.js";
import { readMnist } from "../../../learning/data/mnist.js";
import { prepare, setAsideCount } from "../../../learning/data/prepare.js";
import { shifted } from "../../../learning/data/shifted.js";
import { folderOf } from "../../helpers/folders.js";

const SVHN = fileURLToPath(new URL("fixtures/svhn", import.meta.url));

let mnist: Dataset;
beforeAll(async () => {
  mnist = await readMnist();
});

/** Fails unless two data sets are the same. Vitest alone takes too long to compare millions of numbers. */
function expectSame(actual: Dataset, expected: Dataset): void {
  const about = ({ train, test, ...rest }: Dataset) => ({ ...rest, counts: [train.count, test.count] });
  expect(about(actual)).toEqual(about(expected));
  for (const part of ["train", "test"] as const) {
    expect(Buffer.compare(actual[part].images, expected[part].images)).toBe(0);
    expect(Buffer.compare(actual[part].labels, expected[part].labels)).toBe(0);
  }
}

const shapeOf = ({ height, width, channels }: Dataset) => [height, width, channels];
const countsOf = ({ train, test }: Dataset) => [train.count, test.count];

/** A file of CIFAR's binary version. All values of an image are the same. */
const cifarFile = (labelBytes: number, ...images: [label: number, value: number][]) =>
  Uint8Array.from(
    images.flatMap(([label, value]) => [...Array<number>(labelBytes).fill(label), ...Array<number>(3072).fill(value)]),
  );

const cifar10 = () =>
  folderOf({
    ...Object.fromEntries([0, 1, 2, 3, 4].map((i) => [`data_batch_${i + 1}.bin`, cifarFile(1, [i, 10 * i], [i, 10 * i + 1])])),
    "test_batch.bin": cifarFile(1, [7, 200], [8, 201]),
  });
const cifar100 = () => folderOf({ "train.bin": cifarFile(2, [99, 1], [42, 2]), "test.bin": cifarFile(2, [0, 3]) });

describe("MNIST", () => {
  it("is complete and unchanged by default", async () => {
    expectSame(await prepare({ name: "mnist", seed: 1 }, {}), mnist);
  });

  it("is a subset that the seed chooses; a part without a number is complete", async () => {
    const data = await prepare({ name: "mnist", train: 50, test: 30, seed: 4 }, {});
    expectSame(data, withCounts(mnist, 50, 30, 4));
    expect(countsOf(await prepare({ name: "mnist", train: 50, seed: 4 }, {}))).toEqual([50, 10000]);
    const few = await prepare({ name: "mnist", test: 30, seed: 5 }, {});
    expect(countsOf(few)).toEqual([60000, 30]);
    expect(Buffer.compare(few.test.images, data.test.images)).not.toBe(0);
  });

  it("is halved, in colour, or both, and its source says so", async () => {
    const few = withCounts(mnist, 20, 10, 1);
    const config = { name: "mnist", train: 20, test: 10, seed: 1 } as const;
    const small = await prepare({ ...config, halved: true }, {});
    expectSame(small, halved(few));
    expect(shapeOf(small)).toEqual([14, 14, 1]);
    const color = await prepare({ ...config, asColor: true }, {});
    expectSame(color, asShape(few, 32, 32, 3));
    const both = await prepare({ ...config, asColor: true, halved: true }, {});
    expectSame(both, halved(asShape(few, 32, 32, 3)));
    expect(shapeOf(both)).toEqual([16, 16, 3]);
    expect(both.source).toBe(`${few.source}; 28 x 28 x 1 brought to 32 x 32 x 3; halved to 16 x 16 x 3`);
    expect(both.train.labels).toEqual(few.train.labels);
  });

  it("is shifted, in colour, before it is halved, and its name and source say so", async () => {
    const config = { name: "mnist-shifted", train: 20, test: 10, seed: 2 } as const;
    const few = withCounts(mnist, 20, 10, 2);
    const plain = await prepare(config, {});
    expectSame(plain, shifted(few, 2));
    expect(plain.name).toBe("MNIST-shifted (made from MNIST)");
    expect(plain.source).toMatch(/; shifted: .*; seed 2$/);
    const both = await prepare({ ...config, asColor: true, halved: true }, {});
    expectSame(both, halved(shifted(asShape(few, 32, 32, 3), 2)));
    const isColored = both.train.images.some((value, i) => i % 3 === 1 && value !== both.train.images[i - 1]);
    expect(isColored).toBe(true);
    expect(both.train.labels).toEqual(few.train.labels);
  });

  it("has the same images for the same configuration, and others for another seed", async () => {
    const config = { name: "mnist-shifted", train: 20, test: 10 } as const;
    const [one, again, other] = [
      await prepare({ ...config, seed: 1 }, {}),
      await prepare({ ...config, seed: 1 }, {}),
      await prepare({ ...config, seed: 2 }, {}),
    ];
    expectSame(again, one);
    expect(Buffer.compare(other.train.images, one.train.images)).not.toBe(0);
  });
});

describe("images that are set aside", () => {
  const prepared = (setAside: "left-out" | "only") => prepare({ name: "mnist", setAside, seed: 1 }, {});
  const image = ({ images }: Dataset["train"], i: number) => images.subarray(784 * i, 784 * (i + 1));
  const isSame = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

  it("are every sixth of the training images, and the others are left", async () => {
    const { train, test, source } = await prepared("left-out");
    expect([train.count, setAsideCount(60000, "left-out")]).toEqual([50000, 50000]);
    expect(isSame(test.images, mnist.test.images)).toBe(true);
    for (const [i, from] of [
      [0, 0],
      [4, 4],
      [5, 6],
      [9, 10],
      [10, 12],
    ] as const) {
      expect(isSame(image(train, i), image(mnist.train, from))).toBe(true);
      expect(train.labels[i]).toBe(mnist.train.labels[from]);
    }
    expect(source).toBe(`${mnist.source}; without every sixth training image`);
  });

  it("alone are training images and, every fifth of them, test images", async () => {
    const { train, test } = await prepared("only");
    expect([train.count, test.count, setAsideCount(60000, "only")]).toEqual([8000, 2000, 8000]);
    for (const [i, from] of [
      [0, 5],
      [3, 23],
      [4, 35],
    ] as const) {
      expect(isSame(image(train, i), image(mnist.train, from))).toBe(true);
    }
    for (const [i, from] of [
      [0, 29],
      [1, 59],
    ] as const) {
      expect(isSame(image(test, i), image(mnist.train, from))).toBe(true);
      expect(test.labels[i]).toBe(mnist.train.labels[from]);
    }
  });
});

describe("a data set that the user provides", () => {
  it("may be CIFAR-10", async () => {
    const data = await prepare({ name: "cifar-10", seed: 1 }, { "cifar-10": cifar10() });
    expect([data.name, data.classes, ...shapeOf(data), ...countsOf(data)]).toEqual(["CIFAR-10", 10, 32, 32, 3, 10, 2]);
    expect([...data.train.labels]).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it("may be CIFAR-100", async () => {
    const data = await prepare({ name: "cifar-100", halved: true, seed: 1 }, { "cifar-100": cifar100() });
    expect([data.name, data.classes, ...shapeOf(data), ...countsOf(data)]).toEqual(["CIFAR-100", 100, 16, 16, 3, 2, 1]);
    expect([...data.train.labels]).toEqual([99, 42]);
    expect(data.train.images.subarray(768).every((value) => value === 2)).toBe(true);
  });

  it("may be SVHN, which asColor does not change", async () => {
    const data = await prepare({ name: "svhn", asColor: true, seed: 1 }, { svhn: SVHN });
    expectSame(data, await prepare({ name: "svhn", seed: 1 }, { svhn: SVHN }));
    expect([data.name, data.classes, ...shapeOf(data), ...countsOf(data)]).toEqual(["SVHN", 10, 32, 32, 3, 12, 2]);
  });

  it("may be used in part", async () => {
    const data = await prepare({ name: "cifar-10", train: 5, test: 1, seed: 1 }, { "cifar-10": cifar10() });
    expect([...data.train.labels].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(data.test.count).toBe(1);
  });

  it("must have as many images as the configuration wants", async () => {
    const asked = prepare({ name: "svhn", train: 13, test: 2, seed: 1 }, { svhn: SVHN });
    await expect(asked).rejects.toThrow("SVHN: must have at least 13 training and 2 test images, got 12 and 2");
  });

  it.each<DataName>(["cifar-10", "cifar-100", "svhn"])("must have a folder: %s", async (name) => {
    const others = { "cifar-10": "/nowhere", "cifar-100": "/nowhere", svhn: "/nowhere", [name]: undefined };
    await expect(prepare({ name, seed: 1 }, others)).rejects.toThrow(`${name}: the folder of its files must be given, got none`);
  });

  it.each<DataName>(["cifar-10", "cifar-100", "svhn"])("must be in its folder: %s", async (name) => {
    await expect(prepare({ name, seed: 1 }, { [name]: folderOf({}) })).rejects.toThrow(
      "there is no such file; the folder must hold",
    );
  });
});
