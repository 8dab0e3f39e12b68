import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "./dataError.js";
import type { Dataset, Examples } from "./dataset.js";
import { COLOR, DATASETS } from "./facts.js";
import { copyChannelsLast, readDataFile } from "./files.js";

const [SIDE, , CHANNELS] = COLOR;
const PLANE = SIDE * SIDE;
const IMAGE = PLANE * CHANNELS;

/** The binary version of a data set. A record is label bytes, the last of which is the class, then a red, a green and a blue plane. */
interface Format {
  name: string;
  /** The folder that the archive unpacks to. */
  folder: string;
  train: string[];
  test: string[];
  labelBytes: number;
  classes: number;
}

const CIFAR_10: Format = {
  name: DATASETS["cifar-10"].label,
  folder: "cifar-10-batches-bin",
  train: [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`),
  test: ["test_batch.bin"],
  labelBytes: 1,
  classes: 10,
};

/** Its first label byte is the coarse class. */
const CIFAR_100: Format = {
  name: DATASETS["cifar-100"].label,
  folder: "cifar-100-binary",
  train: ["train.bin"],
  test: ["test.bin"],
  labelBytes: 2,
  classes: 100,
};

/** The records of one file. @param path for error messages */
function parseRecords(path: string, bytes: Uint8Array, { name, labelBytes, classes }: Format): Examples {
  const record = labelBytes + IMAGE;
  if (bytes.length === 0 || bytes.length % record !== 0) {
    throw new DataError(`${path}: must have ${record} bytes for each image of ${name}, got ${bytes.length} in all`);
  }
  const count = bytes.length / record;
  const images = new Uint8Array(count * IMAGE);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const start = i * record + labelBytes;
    const label = bytes[start - 1] as number;
    if (label >= classes) throw new DataError(`${path}: labels must be 0 to ${classes - 1}, got ${label} for image ${i}`);
    labels[i] = label;
    const planes = { row: SIDE, column: 1, channel: PLANE };
    copyChannelsLast(bytes.subarray(start, start + IMAGE), planes, images.subarray(i * IMAGE), SIDE, CHANNELS);
  }
  return { count, images, labels };
}

/** The files are in the given folder, or in the archive's folder within it. */
function pathsOf(given: string, { folder, train, test }: Format): { train: string[]; test: string[] } {
  const unpacked = join(given, folder);
  const paths = (files: string[]) => files.map((file) => join(existsSync(unpacked) ? unpacked : given, file));
  return { train: paths(train), test: paths(test) };
}

async function readPart(paths: string[], format: Format): Promise<Examples> {
  const wanted = `the binary version of ${format.name}: ${[...format.train, ...format.test].join(", ")}`;
  const parts: Examples[] = [];
  for (const path of paths) {
    parts.push(parseRecords(path, await readDataFile(path, wanted), format));
  }
  const labels = parts.flatMap((part) => [...part.labels]);
  const images = new Uint8Array(labels.length * IMAGE);
  let at = 0;
  for (const part of parts) {
    images.set(part.images, at);
    at += part.images.length;
  }
  return { count: labels.length, images, labels: Uint8Array.from(labels) };
}

async function readCifar(given: string, format: Format): Promise<Dataset> {
  const { train, test } = pathsOf(given, format);
  return {
    name: format.name,
    source: "binary version",
    height: SIDE,
    width: SIDE,
    channels: CHANNELS,
    classes: format.classes,
    train: await readPart(train, format),
    test: await readPart(test, format),
  };
}

/** @param folder holds the files of the binary version, or the archive's folder cifar-10-batches-bin with them */
export const readCifar10 = (folder: string): Promise<Dataset> => readCifar(folder, CIFAR_10);

/** With the 100 fine classes. @param folder holds the files of the binary version, or the archive's folder cifar-100-binary with them */
export const readCifar100 = (folder: string): Promise<Dataset> => readCifar(folder, CIFAR_100);

const filesOf = (folder: string, format: Format): string[] => Object.values(pathsOf(folder, format)).flat();

export const cifar10Files = (folder: string): string[] => filesOf(folder, CIFAR_10);

export const cifar100Files = (folder: string): string[] => filesOf(folder, CIFAR_100);
