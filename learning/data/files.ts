import { readFile } from "node:fs/promises";
import { DataError } from "./dataError.js";

/** Reads a file of a data set. @param wanted what the folder must hold, for the error message */
export async function readDataFile(path: string, wanted: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = code === "ENOENT" ? "there is no such file" : `cannot be read (${message})`;
    throw new DataError(`${path}: ${problem}; the folder must hold ${wanted}`, { cause: error });
  }
}

/** The distance between neighbours along each axis of an image. */
interface Strides {
  row: number;
  column: number;
  channel: number;
}

/** Copies square images, one after another, from another order of axes to channels last. */
export function copyChannelsLast(
  from: Uint8Array,
  { row, column, channel }: Strides,
  to: Uint8Array,
  side: number,
  channels: number,
): void {
  const size = side * side * channels;
  for (let start = 0; start < from.length; start += size) {
    let at = start;
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        for (let c = 0; c < channels; c++) to[at++] = from[start + y * row + x * column + c * channel] as number;
      }
    }
  }
}
