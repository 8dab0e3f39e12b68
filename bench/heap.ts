import * as tf from "@tensorflow/tfjs-core";
import type { WasmBackend } from "../src/tensorflow/wasmHeap.js";
import type { Call } from "./rounds.js";

/** The largest number of bytes that a call holds in the WASM backend's heap, not counting those allocated before. */
export async function peakHeap(call: Call): Promise<number> {
  // The first call sets up what is needed only once, and Emscripten's wrappers of _malloc and _free.
  await call();
  const { wasm } = tf.backend() as unknown as WasmBackend;
  const { _malloc, _free } = wasm;
  const held = new Map<number, number>();
  let bytes = 0;
  let peak = 0;
  wasm._malloc = (size) => {
    const address = _malloc(size);
    held.set(address, size);
    bytes += size;
    peak = Math.max(peak, bytes);
    return address;
  };
  wasm._free = (address) => {
    bytes -= held.get(address) ?? 0;
    held.delete(address);
    _free(address);
  };
  try {
    await call();
  } finally {
    Object.assign(wasm, { _malloc, _free });
  }
  return peak;
}
