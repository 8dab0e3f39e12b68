// biome-ignore assist/source/organizeImports: what stands in for a TextDecoder must be there before the loader is imported
import { withdraw } from "./textDecoder.js";
import { instantiateSync } from "@assemblyscript/loader";
import type { WasmMemory, WasmModule } from "./webAssembly.js";

withdraw();

/** Binds a binary of the library to a memory. @returns its functions */
export function instantiate<T extends Record<string, unknown>>(module: WasmModule, memory: WasmMemory): T {
  return instantiateSync<T>(module, { env: { memory } }).exports;
}
