import { inflateSync } from "node:zlib";
import { DataError } from "./dataError.js";

// A reader of numeric arrays in MATLAB Level 5 MAT-files, which MATLAB saves with -v6 and, compressed, with -v7. The only package on
// npm, mat-for-js 1.1.0, is under the GPL and runs out of memory on SVHN, since it makes an array element of every byte.

/** A numeric variable. */
export interface MatArray {
  shape: number[];
  /** The first dimension changes fastest. A Uint8Array if the file stores bytes, whatever the variable's class. */
  values: Uint8Array | Float64Array;
}

const HEADER = 128;
const LEVEL_5 = 0x0100;
const MATLAB_7_3 = 0x0200;
const TAG = 8;
const CHUNK = 1 << 20;

const UINT8 = 2;
const MATRIX = 14;
const COMPRESSED = 15;

/** From mxDOUBLE_CLASS to mxUINT64_CLASS. The other classes are cells, structures, objects, text and sparse matrices. */
const isNumericClass = (number: number) => number >= 6 && number <= 15;

/** By a type's number in the format: its size, and a function that reads a number. */
const NUMBERS: Record<number, [bytes: number, read: (view: DataView, at: number, little: boolean) => number]> = {
  1: [1, (view, at) => view.getInt8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
};

interface Element {
  type: number;
  data: Uint8Array;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

class Reader {
  constructor(
    private readonly path: string,
    private readonly little: boolean,
  ) {}

  private fail(problem: string): never {
    throw new DataError(`${this.path}: ${problem}`);
  }

  /** The data elements in `bytes`, one after another. */
  *elements(bytes: Uint8Array): Generator<Element> {
    const view = viewOf(bytes);
    for (let at = 0; at < bytes.length; ) {
      if (at + TAG > bytes.length) this.fail(`a tag takes ${TAG} bytes, got ${bytes.length - at}`);
      const word = view.getUint32(at, this.little);
      // A small element has its length in the upper half of the first word, and up to 4 bytes of data in its tag.
      const smallLength = word >>> 16;
      const isSmall = smallLength !== 0;
      const type = word & 0xffff;
      const length = isSmall ? smallLength : view.getUint32(at + 4, this.little);
      const start = isSmall ? at + 4 : at + TAG;
      const room = isSmall ? 4 : bytes.length - start;
      if (length > room) this.fail(`an element of type ${type} and ${length} bytes must fit into ${room}: is the file complete?`);
      yield { type, data: bytes.subarray(start, start + length) };
      // Only compressed elements are not padded.
      at = type === COMPRESSED ? start + length : Math.ceil((start + length) / TAG) * TAG;
    }
  }

  /** The elements of type MATRIX, which are variables. */
  *matrices(bytes: Uint8Array): Generator<Uint8Array> {
    for (const { type, data } of this.elements(bytes)) {
      if (type === COMPRESSED) yield* this.matrices(this.inflated(data));
      else if (type === MATRIX) yield data;
    }
  }

  private inflated(data: Uint8Array): Uint8Array {
    try {
      return inflateSync(data, { chunkSize: CHUNK });
    } catch (error) {
      return this.fail(`a compressed variable cannot be inflated (${(error as Error).message})`);
    }
  }

  numbers({ type, data }: Element): Uint8Array | Float64Array {
    if (type === UINT8) return data;
    const [bytes, read] = NUMBERS[type] ?? this.fail(`numbers must be of type 1 to 7, 9, 12 or 13, got type ${type}`);
    if (data.length % bytes !== 0) this.fail(`numbers of type ${type} have ${bytes} bytes each, got ${data.length} in all`);
    const view = viewOf(data);
    return Float64Array.from({ length: data.length / bytes }, (_, i) => read(view, i * bytes, this.little));
  }

  /** A variable and its name, or undefined if it is not numeric. */
  variable(matrix: Uint8Array): [string, MatArray] | undefined {
    const parts = this.elements(matrix);
    const part = (what: string): Element => parts.next().value ?? this.fail(`a variable must have ${what}, got none`);
    const flags = this.numbers(part("flags"))[0] ?? 0;
    if (!isNumericClass(flags & 0xff)) return undefined;
    const shape = [...this.numbers(part("dimensions"))];
    const name = String.fromCharCode(...part("a name").data);
    const values = this.numbers(part("values"));
    const size = shape.reduce((product, length) => product * length, 1);
    if (values.length !== size)
      this.fail(`${name} of shape [${shape.join(", ")}] must have ${size} values, got ${values.length}`);
    return [name, { shape, values }];
  }
}

/** The numeric variables of a MAT-file by name; of complex ones, their real parts. @param path for error messages */
export function parseMat(path: string, bytes: Uint8Array): Map<string, MatArray> {
  const mark = bytes.length < HEADER ? "" : String.fromCharCode(...bytes.subarray(HEADER - 2, HEADER));
  const little = mark === "IM";
  const version = little || mark === "MI" ? viewOf(bytes).getUint16(HEADER - 4, little) : undefined;
  if (version !== LEVEL_5) {
    const got =
      version === MATLAB_7_3 ? "one of MATLAB 7.3, which is HDF5" : `a file of ${bytes.length} bytes without its header`;
    throw new DataError(`${path}: must be a MATLAB Level 5 MAT-file, as saved with -v7, got ${got}`);
  }
  const reader = new Reader(path, little);
  const variables = [...reader.matrices(bytes.subarray(HEADER))].map((matrix) => reader.variable(matrix));
  return new Map(variables.filter((variable) => variable !== undefined));
}
