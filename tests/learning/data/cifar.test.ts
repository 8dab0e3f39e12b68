import { describe, expect, it } from "vitest";
import { readCifar10, readCifar100 } from "../../../learning/data/cifar.js";
import { DataError } from "../../../learning/data/dataError.js";
import { folderOf } from "../../helpers/folders.js";

const PLANE = 32 * 32;
const TRAIN_10 = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`);

/** The values of an image called `start`, which differ by position and plane. */
const value = (start: number, position: number, channel: number) => (start + position + 80 * channel) % 256;

/** A record: label bytes, then the red, the green and the blue plane, row by row. */
function record(labels: number[], start: number): number[] {
  const planes = Array.from({ length: 3 * PLANE }, (_, i) => value(start, i % PLANE, Math.floor(i / PLANE)));
  return [...labels, ...planes];
}

const file = (...records: number[][]) => Uint8Array.from(records.flat());
const pixels = (...starts: number[]) =>
  starts.flatMap((start) => Array.from({ length: 3 * PLANE }, (_, i) => value(start, Math.floor(i / 3), i % 3)));

const CIFAR_10 = {
  ...Object.fromEntries(TRAIN_10.map((name, i) => [name, file(record([i], i), record([9 - i], 50 + i))])),
  "test_batch.bin": file(record([7], 200)),
};
const CIFAR_100 = { "train.bin": file(record([1, 99], 3), record([19, 0], 4)), "test.bin": file(record([0, 42], 5)) };

const inside = (folder: string, files: Record<string, Uint8Array>) =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

describe("CIFAR-10", () => {
  it.each([
    ["the given folder", CIFAR_10],
    ["the archive's folder in it", inside("cifar-10-batches-bin", CIFAR_10)],
  ])("is read from %s", async (_, files) => {
    const folder = folderOf(files);
    const { train, test, ...about } = await readCifar10(folder);
    const shape = { height: 32, width: 32, channels: 3, classes: 10 };
    expect(about).toEqual({ name: "CIFAR-10", source: "binary version", ...shape });
    expect([train.count, test.count]).toEqual([10, 1]);
    expect([...train.labels]).toEqual([0, 9, 1, 8, 2, 7, 3, 6, 4, 5]);
    expect([...train.images]).toEqual(pixels(0, 50, 1, 51, 2, 52, 3, 53, 4, 54));
    expect([...test.labels]).toEqual([7]);
    expect([...test.images]).toEqual(pixels(200));
  });

  it.each<[string, Record<string, Uint8Array>, string]>([
    [
      "an empty folder",
      {},
      "data_batch_1.bin: there is no such file; the folder must hold the binary version of CIFAR-10: data_ba",
    ],
    ["CIFAR-100", CIFAR_100, "data_batch_5.bin, test_batch.bin"],
    [
      "a truncated file",
      { ...CIFAR_10, "data_batch_3.bin": file(record([1], 1)).subarray(1) },
      "for each image of CIFAR-10, got 3072 in all",
    ],
    [
      "an empty file",
      { ...CIFAR_10, "test_batch.bin": file() },
      "test_batch.bin: must have 3073 bytes for each image of CIFAR-10, got 0 in all",
    ],
    [
      "wrong labels",
      { ...CIFAR_10, "data_batch_2.bin": file(record([3], 1), record([10], 1)) },
      "labels must be 0 to 9, got 10 for image 1",
    ],
  ])("refuses %s", async (_, files, message) => {
    const folder = folderOf(files);
    await expect(readCifar10(folder)).rejects.toThrow(message);
    await expect(readCifar10(folder)).rejects.toThrow(DataError);
  });
});

describe("CIFAR-100", () => {
  it.each([
    ["the given folder", CIFAR_100],
    ["the archive's folder in it", inside("cifar-100-binary", CIFAR_100)],
  ])("is read from %s, by its fine classes", async (_, files) => {
    const { name, classes, train, test } = await readCifar100(folderOf(files));
    expect([name, classes, train.count, test.count]).toEqual(["CIFAR-100", 100, 2, 1]);
    expect([...train.labels]).toEqual([99, 0]);
    expect([...train.images]).toEqual(pixels(3, 4));
    expect([...test.labels]).toEqual([42]);
    expect([...test.images]).toEqual(pixels(5));
  });

  it("refuses wrong fine labels", async () => {
    const folder = folderOf({ ...CIFAR_100, "test.bin": file(record([1, 100], 1)) });
    await expect(readCifar100(folder)).rejects.toThrow("test.bin: labels must be 0 to 99, got 100 for image 0");
  });
});
