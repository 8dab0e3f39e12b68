import type { WasmMemory } from "./webAssembly.js";

/** The id of a WebAssembly module's import section, and the kind of a memory in it. */
const IMPORTS = 2;
const MEMORY = 2;
/** Limits of a memory in pages, as LEB128: a minimum of 0 alone; and shared, with a maximum of 65536. */
const LEAST = [0, 0];
const SHARED = [3, 0, 0x80, 0x80, 4];

/**
 * A binary of this library for memory that is shared: the same code, another declaration of the memory that it imports.
 *
 * @param bytes a module whose only import is its memory, at least 0 pages of it
 */
export function withSharedMemory(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (let at = 8; at < bytes.length; ) {
    const [size, content] = leb128(bytes, at + 1);
    const end = content + size;
    if (bytes[at] === IMPORTS) {
      const limits = end - LEAST.length;
      const isAsExpected = bytes[limits - 1] === MEMORY && LEAST.every((byte, i) => bytes[limits + i] === byte);
      // One byte is enough for the section's size, before and after.
      if (!isAsExpected || content !== at + 2 || size > 120) break;
      const shared = new Uint8Array(bytes.length + SHARED.length - LEAST.length);
      shared.set(bytes.subarray(0, limits));
      shared[at + 1] = size + SHARED.length - LEAST.length;
      shared.set(SHARED, limits);
      shared.set(bytes.subarray(end), limits + SHARED.length);
      return shared;
    }
    at = end;
  }
  throw new Error("tfjs-uan: the binary does not import its memory as expected");
}

/** An unsigned number, and the index of the byte after it. */
function leb128(bytes: Uint8Array, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number;
    value |= (byte & 127) << shift;
    if (byte < 128) return [value, at];
  }
}

export function isShared(memory: WasmMemory | undefined): boolean {
  return typeof SharedArrayBuffer !== "undefined" && memory?.buffer instanceof SharedArrayBuffer;
}
