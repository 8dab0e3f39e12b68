import { DataError } from "./dataError.js";
import type { Examples } from "./dataset.js";

// MNIST, in Node.js and in a page.

export const TRAINING_DIGITS = 60000;
export const TEST_DIGITS = 10000;
export const SIDE = 28;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;

/**
 * Reads an IDX file of unsigned bytes: two zero bytes, the type (8), the number of dimensions, each dimension as a big-endian
 * 32-bit integer, then the bytes.
 */
function parseIdx(file: string, bytes: Uint8Array, dimensions: number): { shape: number[]; values: Uint8Array } {
  const header = 4 * (dimensions + 1);
  if (bytes.length < header) {
    throw new DataError(`${file}: an IDX header takes ${header} bytes, got a file of ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, header);
  const magic = 0x0800 + dimensions;
  const hex = (value: number) => `0x${value.toString(16).padStart(8, "0")}`;
  if (view.getUint32(0) !== magic) {
    throw new DataError(`${file}: the magic number must be ${hex(magic)}, got ${hex(view.getUint32(0))}`);
  }
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 * (i + 1)));
  const size = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== header + size) {
    throw new DataError(`${file}: shape [${shape.join(", ")}] must be followed by ${size} bytes, got ${bytes.length - header}`);
  }
  return { shape, values: bytes.subarray(header) };
}

/** Digits from the contents of an IDX file of images and one of labels. The files' names are for error messages. */
export function parseDigits(imagesFile: string, images: Uint8Array, labelsFile: string, labels: Uint8Array): Examples {
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

/** Reads one of the data set's files, by name. */
export type ReadFile = (name: string) => Promise<Uint8Array>;

async function readPart(read: ReadFile, name: string, most: number): Promise<Examples> {
  const files = [`${name}-images-idx3-ubyte`, `${name}-labels-idx1-ubyte`] as const;
  const [images, labels] = (await Promise.all(
    files.map((file) =>
      read(file).catch((error: Error) => {
        throw new DataError(`${file}: cannot be read (${error.message})`, { cause: error });
      }),
    ),
  )) as [Uint8Array, Uint8Array];
  const digits = parseDigits(files[0], images, files[1], labels);
  if (digits.count < most) throw new DataError(`${files[0]}: must hold ${most} digits, got ${digits.count}`);
  return firstDigits(digits, most);
}

/** The first digits of MNIST's training set and of its test set. */
export async function readDigits(
  read: ReadFile,
  trainingDigits: number,
  testDigits: number,
): Promise<{ training: Examples; test: Examples }> {
  const [training, test] = await Promise.all([readPart(read, "train", trainingDigits), readPart(read, "t10k", testDigits)]);
  return { training, test };
}

/** The first `most` digits, or all if there are fewer. */
export function firstDigits({ images, labels, count: all }: Examples, most: number): Examples {
  const count = Math.min(most, all);
  return { count, images: images.subarray(0, count * PIXELS), labels: labels.subarray(0, count) };
}
