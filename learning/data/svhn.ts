import { join } from "node:path";
import { DataError } from "./dataError.js";
import type { Dataset, Examples } from "./dataset.js";
import { COLOR, DATASETS } from "./facts.js";
import { copyChannelsLast, readDataFile } from "./files.js";
import { parseMat } from "./mat.js";

const [SIDE, , CHANNELS] = COLOR;
const CLASSES = 10;

/** The label of the digit 0. */
const ZERO = 10;

const TRAIN = "train_32x32.mat";
const TEST = "test_32x32.mat";
const WANTED = `the cropped digits of SVHN: ${TRAIN}, ${TEST}`;

async function readPart(folder: string, file: string): Promise<Examples> {
  const path = join(folder, file);
  const fail = (problem: string): never => {
    throw new DataError(`${path}: ${problem}`);
  };
  const variables = parseMat(path, await readDataFile(path, WANTED));
  const variable = (name: string) => {
    const names = [...variables.keys()].join(", ") || "none";
    return variables.get(name) ?? fail(`must have the numeric variables X and y, got ${names}`);
  };

  const { shape, values: pixels } = variable("X");
  // MATLAB omits trailing dimensions of 1.
  const [height, width, channels, count = 1, ...more] = shape;
  const isImages = height === SIDE && width === SIDE && channels === CHANNELS && count > 0 && more.length === 0;
  if (!isImages || !(pixels instanceof Uint8Array)) {
    const type = pixels instanceof Uint8Array ? "uint8" : "other numbers";
    return fail(`X must be uint8 of shape [${SIDE}, ${SIDE}, ${CHANNELS}, images], got ${type} of shape [${shape.join(", ")}]`);
  }
  const { values: digits } = variable("y");
  if (digits.length !== count) fail(`y must hold ${count} labels, one per image, got ${digits.length}`);
  const labels = Uint8Array.from(digits, (digit: number, i: number) => {
    if (!Number.isInteger(digit) || digit < 1 || digit > ZERO) fail(`labels must be 1 to ${ZERO}, got ${digit} for image ${i}`);
    return digit % ZERO;
  });
  const images = new Uint8Array(pixels.length);
  copyChannelsLast(pixels, { row: 1, column: SIDE, channel: SIDE * SIDE }, images, SIDE, CHANNELS);
  return { count, images, labels };
}

/** @param folder holds train_32x32.mat and test_32x32.mat */
export async function readSvhn(folder: string): Promise<Dataset> {
  return {
    name: DATASETS.svhn.label,
    source: "cropped digits",
    height: SIDE,
    width: SIDE,
    channels: CHANNELS,
    classes: CLASSES,
    train: await readPart(folder, TRAIN),
    test: await readPart(folder, TEST),
  };
}

export const svhnFiles = (folder: string): string[] => [TRAIN, TEST].map((file) => join(folder, file));
