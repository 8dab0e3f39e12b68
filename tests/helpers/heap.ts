import * as tf from "@tensorflow/tfjs-core";

/** What is used of the WASM backend's module. */
export interface Heap {
  _malloc(bytes: number): number;
  _free(at: number): void;
  asm?: Record<string, unknown>;
}

export const heap = () => (tf.backend() as unknown as { wasm: Heap }).wasm;

/** Addresses that are taken from the backend's heap and not given back while `use` runs. `taken` hears of each size. */
export function heldBy(use: () => void, taken: (bytes: number) => void = () => {}): number {
  const wasm = heap();
  // Emscripten puts each export in its wrapper's place when that is first called.
  wasm._free(wasm._malloc(8));
  const { _malloc, _free } = wasm;
  const held = new Set<number>();
  wasm._malloc = (bytes) => {
    taken(bytes);
    const at = _malloc(bytes);
    if (at !== 0) held.add(at);
    return at;
  };
  wasm._free = (at) => {
    held.delete(at);
    _free(at);
  };
  try {
    use();
  } finally {
    Object.assign(wasm, { _malloc, _free });
  }
  return held.size;
}
