import * as tf from "@tensorflow/tfjs-core";

interface Heap {
  _malloc(bytes: number): number;
  _free(at: number): void;
}

/** Bytes of the WASM backend's heap that a call holds at its peak, beyond what it found. */
export function heapOfCall(call: () => void, size: number): { peak: number; output: number } {
  const { wasm } = tf.backend() as unknown as { wasm: Heap };
  const { _malloc, _free } = wasm;
  const held = new Map<number, number>();
  let bytes = 0;
  let peak = 0;
  wasm._malloc = (size) => {
    const at = _malloc(size);
    held.set(at, size);
    bytes += size;
    peak = Math.max(peak, bytes);
    return at;
  };
  wasm._free = (at) => {
    bytes -= held.get(at) ?? 0;
    held.delete(at);
    _free(at);
  };
  try {
    call();
  } finally {
    Object.assign(wasm, { _malloc, _free });
  }
  return { peak, output: 4 * size };
}
