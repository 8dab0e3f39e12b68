import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { DataError } from "../../../learning/data/dataError.js";
import { readSvhn } from "../../../learning/data/svhn.js";
import { folderOf } from "../../helpers/folders.js";
import { matFile, type Variable } from "./matFiles.js";

const SIZE = 32 * 32 * 3;
const UINT8 = 9;
const LAYOUT = { little: true, compressed: true };

/** SciPy 1.17's savemat wrote these files, compressed: X[h, w, c, n] = (7 h + 3 w + 50 c + 11 n) mod 256; y is uint8 and double. */
const FIXTURES = fileURLToPath(new URL("fixtures/svhn", import.meta.url));

const inX = (h: number, w: number, c: number, n: number) => (7 * h + 3 * w + 50 * c + 11 * n) % 256;

/** The values of X in the order of the file: the first dimension changes fastest. */
function columnMajor(images: number): number[] {
  const values: number[] = [];
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < 3; c++) {
      for (let w = 0; w < 32; w++) {
        for (let h = 0; h < 32; h++) values.push(inX(h, w, c, n));
      }
    }
  }
  return values;
}

/** The pixels of images in the order of a data set. */
function channelsLast(images: number): number[] {
  return Array.from({ length: images * SIZE }, (_, i) =>
    inX(Math.floor(i / 96) % 32, Math.floor(i / 3) % 32, i % 3, Math.floor(i / SIZE)),
  );
}

const x = (images: number, shape = [32, 32, 3, images]): Variable => {
  return { name: "X", class: UINT8, shape, type: 2, values: columnMajor(images) };
};
const y = (labels: number[], type = 2): Variable => ({
  name: "y",
  class: UINT8,
  shape: [labels.length, 1],
  type,
  values: labels,
});
const files = (train: Variable[], test = [x(1), y([1])]) => ({
  "train_32x32.mat": matFile(train, LAYOUT),
  "test_32x32.mat": matFile(test, { ...LAYOUT, compressed: false }),
});

it("reads files that SciPy wrote", async () => {
  const { train, test, ...about } = await readSvhn(FIXTURES);
  const shape = { height: 32, width: 32, channels: 3, classes: 10 };
  expect(about).toEqual({ name: "SVHN", source: "cropped digits", ...shape });
  expect([train.count, test.count]).toEqual([12, 2]);
  expect([...train.labels]).toEqual([1, 9, 2, 3, 0, 5, 6, 7, 8, 4, 0, 3]);
  expect([...test.labels]).toEqual([0, 7]);
  expect([...train.images]).toEqual(channelsLast(12));
  expect([...test.images]).toEqual(channelsLast(2));
});

it("reads variables in the other order, labels as double, and a single image, whose dimension MATLAB omits", async () => {
  const { train, test } = await readSvhn(folderOf(files([y([10, 4], 9), x(2)], [x(1, [32, 32, 3]), y([5])])));
  expect([...train.labels]).toEqual([0, 4]);
  expect([...train.images]).toEqual(channelsLast(2));
  expect([...test.labels]).toEqual([5]);
  expect([...test.images]).toEqual(channelsLast(1));
});

it.each<[string, Record<string, Uint8Array>, string]>([
  [
    "a missing file",
    {},
    "train_32x32.mat: there is no such file; the folder must hold the cropped digits of SVHN: train_32x32.mat, ",
  ],
  ["other variables", files([x(1)]), "train_32x32.mat: must have the numeric variables X and y, got X"],
  ["other images", files([x(1, [32, 96, 1, 1]), y([1])]), "images], got uint8 of shape [32, 96, 1, 1]"],
  ["other numbers", files([{ ...x(1), type: 9 }, y([1])]), "X must be uint8 of shape [32, 32, 3, images], got other numbers"],
  ["too few labels", files([x(2), y([1])]), "train_32x32.mat: y must hold 2 labels, one per image, got 1"],
  ["labels too high", files([x(2), y([1, 11])]), "train_32x32.mat: labels must be 1 to 10, got 11 for image 1"],
  ["label 0", files([x(1), y([0])]), "labels must be 1 to 10, got 0 for image 0"],
])("refuses %s", async (_, files, message) => {
  const folder = folderOf(files);
  await expect(readSvhn(folder)).rejects.toThrow(message);
  await expect(readSvhn(folder)).rejects.toThrow(DataError);
});
