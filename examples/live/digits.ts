import { CLASSES, PIXELS } from "../../learning/data/digits.js";

// Digits as one file, which the page's worker fetches: the numbers of training and of test digits (uint32, little-endian), then of
// each part the labels and the images, a byte each; all of it compressed (gzip) by the build.

export interface Part {
  count: number;
  /** count numbers from 0 to 9. */
  labels: Uint8Array;
  /** count · 784 pixels from 0 to 255. */
  images: Uint8Array;
}

export interface Digits {
  training: Part;
  test: Part;
}

const HEADER_BYTES = 8;
const BYTES_OF_DIGIT = 1 + PIXELS;

/** The file's bytes, uncompressed. */
export function packDigits({ training, test }: Digits): Uint8Array {
  const parts = [training, test];
  const bytes = new Uint8Array(HEADER_BYTES + BYTES_OF_DIGIT * (training.count + test.count));
  const header = new DataView(bytes.buffer);
  let at = HEADER_BYTES;
  for (const [i, { count, labels, images }] of parts.entries()) {
    header.setUint32(4 * i, count, true);
    bytes.set(labels, at);
    bytes.set(images, at + count);
    at += BYTES_OF_DIGIT * count;
  }
  return bytes;
}

/** @throws Error where the bytes are not what packDigits makes */
export function unpackDigits(bytes: Uint8Array): Digits {
  const wants = (what: string, got: unknown) => new Error(`digits: ${what}, got ${got}`);
  if (bytes.length < HEADER_BYTES) throw wants(`the file must have at least ${HEADER_BYTES} bytes`, bytes.length);
  const header = new DataView(bytes.buffer, bytes.byteOffset);
  const counts = [header.getUint32(0, true), header.getUint32(4, true)] as const;
  const expected = HEADER_BYTES + BYTES_OF_DIGIT * (counts[0] + counts[1]);
  if (bytes.length !== expected) {
    throw wants(`the file must have ${expected} bytes for ${counts[0]} training and ${counts[1]} test digits`, bytes.length);
  }
  const partAt = (start: number, count: number): Part => {
    const labels = bytes.subarray(start, start + count);
    const wrong = labels.find((label) => label >= CLASSES);
    if (wrong !== undefined) throw wants(`labels must be 0 to ${CLASSES - 1}`, wrong);
    return { count, labels, images: bytes.subarray(start + count, start + BYTES_OF_DIGIT * count) };
  };
  return {
    training: partAt(HEADER_BYTES, counts[0]),
    test: partAt(HEADER_BYTES + BYTES_OF_DIGIT * counts[0], counts[1]),
  };
}

/** The pixels of some digits as a network takes them, from 0 to 1. */
export function pixelsOf({ images }: Part, indices: ArrayLike<number>): Float32Array {
  const pixels = new Float32Array(indices.length * PIXELS);
  for (let i = 0; i < indices.length; i++) {
    const start = (indices[i] as number) * PIXELS;
    for (let p = 0; p < PIXELS; p++) pixels[i * PIXELS + p] = (images[start + p] as number) / 255;
  }
  return pixels;
}

/** The labels of some digits, one-hot: a row of ten numbers each. */
export function oneHotOf({ labels }: Part, indices: ArrayLike<number>): Float32Array {
  const rows = new Float32Array(indices.length * CLASSES);
  for (let i = 0; i < indices.length; i++) rows[i * CLASSES + (labels[indices[i] as number] as number)] = 1;
  return rows;
}
