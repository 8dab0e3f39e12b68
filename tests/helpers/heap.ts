import * as tf from "@tensorflow/tfjs-core";

/** The parts of the WASM backend's module that tests use. */
export interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
  asm?: Record<string, unknown>;
}

export const heap = () => (tf.backend() as unknown as { wasm: Heap }).wasm;

/** The number of blocks that `use` allocates in the backend's heap and does not free. `taken` is called with the size of each block. */
export function heldBy(use: () => void, taken: (bytes: number) => void = () => {}): number {
  const wasm = heap();
  // Emscripten replaces the wrapper of an export by the export when it is first called.
  wasm._free(wasm._malloc(8));
  const { _malloc, _free } = wasm;
  const held = new Set<number>();
  wasm._malloc = (bytes) => {
    taken(bytes);
    const address = _malloc(bytes);
    if (address !== 0) held.add(address);
    return address;
  };
  wasm._free = (address) => {
    held.delete(address);
    _free(address);
  };
  try {
    use();
  } finally {
    Object.assign(wasm, { _malloc, _free });
  }
  return held.size;
}
