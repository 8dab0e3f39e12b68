import type { io } from "@tensorflow/tfjs-core";

type Spec = io.WeightsManifestEntry;

/** Bytes of a number, by the type that it has in the file. */
const BYTES: Record<string, number> = { float32: 4, int32: 4, complex64: 8, float16: 2, uint16: 2, uint8: 1, bool: 1 };

const joined = (data: io.WeightData): Uint8Array => {
  if (!Array.isArray(data)) return new Uint8Array(data);
  const all = new Uint8Array(data.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of data) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all;
};

/** The bytes of the weights that are kept. TensorFlow.js reads weights one after the other. */
export function cut(data: io.WeightData, specs: Spec[], isKept: (spec: Spec) => boolean): ArrayBuffer {
  const bytes = joined(data);
  const view = new DataView(bytes.buffer);
  const kept: Uint8Array[] = [];
  let at = 0;
  for (const spec of specs) {
    const size = spec.shape.reduce((product, length) => product * length, 1);
    const start = at;
    if (spec.dtype === "string") {
      for (let i = 0; i < size; i++) at += 4 + view.getUint32(at, true);
    } else {
      const type = spec.quantization?.dtype ?? spec.dtype;
      const width = BYTES[type];
      if (!width) throw new Error(`fromKeras: weight '${spec.name}' must have a dtype that TensorFlow.js reads, got '${type}'`);
      at += size * width;
    }
    if (isKept(spec)) kept.push(bytes.subarray(start, at));
  }
  const result = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of kept) {
    result.set(part, end);
    end += part.length;
  }
  return result.buffer;
}
