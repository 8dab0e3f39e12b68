import * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../src/tensorflow/wasmHeap.js";
import type { Call } from "./rounds.js";

/** Bytes of the WASM backend's heap that a call holds at its peak, beyond what it found. */
export async function peakHeap(call: Call): Promise<number> {
  // What is set up once, and Emscripten's wrappers of _malloc and _free, are there then.
  await call();
  const { wasm } = tf.backend() as unknown as WasmBackend;
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
    await call();
  } finally {
    Object.assign(wasm, { _malloc, _free });
  }
  return peak;
}
