import { deflateSync } from "node:zlib";

// Writes MAT-files as specified by "MAT-File Format" of The MathWorks.

export interface Variable {
  name: string;
  /** The array's class: 6 double, 9 uint8, 4 text … */
  class: number;
  shape: number[];
  /** The type of the stored values: 2 miUINT8, 9 miDOUBLE … */
  type: number;
  values: ArrayLike<number>;
}

export interface Layout {
  little: boolean;
  compressed: boolean;
}

const WRITERS: Record<number, [bytes: number, write: (view: DataView, at: number, value: number, little: boolean) => void]> = {
  1: [1, (view, at, value) => view.setInt8(at, value)],
  2: [1, (view, at, value) => view.setUint8(at, value)],
  3: [2, (view, at, value, little) => view.setInt16(at, value, little)],
  4: [2, (view, at, value, little) => view.setUint16(at, value, little)],
  5: [4, (view, at, value, little) => view.setInt32(at, value, little)],
  6: [4, (view, at, value, little) => view.setUint32(at, value, little)],
  7: [4, (view, at, value, little) => view.setFloat32(at, value, little)],
  9: [8, (view, at, value, little) => view.setFloat64(at, value, little)],
  12: [8, (view, at, value, little) => view.setBigInt64(at, BigInt(value), little)],
  13: [8, (view, at, value, little) => view.setBigUint64(at, BigInt(value), little)],
};

function encoded(type: number, values: ArrayLike<number>, little: boolean): Uint8Array {
  const [bytes, write] = WRITERS[type] ?? [1, () => {}];
  const data = new Uint8Array(bytes * values.length);
  const view = new DataView(data.buffer);
  for (let i = 0; i < values.length; i++) write(view, i * bytes, values[i] as number, little);
  return data;
}

/** A data element: in the small format if it has 1 to 4 bytes, else padded to a multiple of 8 bytes if `padded`. */
function element(type: number, data: Uint8Array, little: boolean, padded = true): Uint8Array {
  if (data.length >= 1 && data.length <= 4) {
    const tag = encoded(4, little ? [type, data.length] : [data.length, type], little);
    return Uint8Array.of(...tag, ...data, ...new Uint8Array(4 - data.length));
  }
  const padding = padded ? (8 - (data.length % 8)) % 8 : 0;
  return Buffer.concat([encoded(6, [type, data.length], little), data, new Uint8Array(padding)]);
}

function matrix(variable: Variable, little: boolean): Uint8Array {
  const name = Array.from(variable.name, (letter) => letter.charCodeAt(0));
  const parts = [
    element(6, encoded(6, [variable.class, 0], little), little),
    element(5, encoded(5, variable.shape, little), little),
    element(1, encoded(1, name, little), little),
    element(variable.type, encoded(variable.type, variable.values, little), little),
  ];
  return element(14, Buffer.concat(parts), little);
}

export function matFile(variables: Variable[], { little, compressed }: Layout, version = 0x0100): Uint8Array {
  const header = new Uint8Array(128).fill(0x20, 0, 116);
  header.set(encoded(4, [version, 0x4d49], little), 124); // 'MI', reversed in a little-endian file
  const elements = variables.map((variable) => {
    const data = matrix(variable, little);
    return compressed ? element(15, deflateSync(data), little, false) : data;
  });
  return Buffer.concat([header, ...elements]);
}
