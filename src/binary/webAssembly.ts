// Types of WebAssembly, which only TypeScript's DOM library declares: the library's declarations are to be read without it, too.

/** WebAssembly.Module. Where a program's TypeScript does not know it, without the DOM library, it is any object. */
export type WasmModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer T } } } ? T : object;
/** A WebAssembly.Memory. */
export type WasmMemory = typeof globalThis extends { WebAssembly: { Memory: { prototype: infer T } } }
  ? T
  : { readonly buffer: ArrayBufferLike };

/** By its tag: a module may come from another realm. */
export function isWasmModule(value: unknown): value is WasmModule {
  return Object.prototype.toString.call(value) === "[object WebAssembly.Module]";
}
