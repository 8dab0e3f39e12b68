/** Bytes in a page, of which WebAssembly makes memories. */
export const PAGE = 65536;

export const pagesOf = (bytes: number) => Math.ceil(bytes / PAGE);

/** Whether a memory may be of that many bytes, rounded up to whole pages. */
export const isMemorySize = (bytes: number) => Number.isFinite(bytes) && bytes >= PAGE && bytes <= PAGE * PAGE;

/** Makes a memory at least that large. @throws RangeError beyond its maximum, or where the runtime has no more. */
export function growTo(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(pagesOf(missing));
}
