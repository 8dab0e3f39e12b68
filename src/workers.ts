/**
 * For runtimes that forbid compiling WebAssembly, such as Cloudflare Workers.
 *
 * @module tfjs-uan/workers
 */
import { setWasmModules, type WasmModules } from "./binary/module.js";
import { isWasmModule, type WasmModule } from "./binary/webAssembly.js";
import "./index.js";
import { usePrecompiledBackend } from "./tensorflow/precompiledBackend.js";

/** Compiled binaries: what a runtime that forbids compiling makes of an import of a `.wasm` file. */
export interface PrecompiledModules {
  /**
   * TensorFlow.js's, of the version that is installed: `@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm`, or
   * `tfjs-backend-wasm.wasm` beside it, without SIMD. Not the threaded one.
   */
  tensorflow: WasmModule;
  /** The library's: one at least, not threaded, such as `{ simd }`, `tfjs-uan/wasm/tfjs-uan-simd.wasm`. The fastest given runs. */
  uan: WasmModules;
}

/** The binaries for a backend without threads. */
const UNSHARED = ["relaxedSimd", "simd", "scalar"] as const satisfies (keyof WasmModules)[];

/** Throws where a module is none, or is the library's and should be TensorFlow.js's, or the other way around. */
function checkModule(name: string, file: string, module: unknown, isOurs: boolean): void {
  const wanted = `useWasmModules: '${name}' must be ${file}, a WebAssembly.Module`;
  if (!isWasmModule(module)) throw new TypeError(`${wanted}; got ${typeof module}`);
  const memories = WebAssembly.Module.imports(module).filter(({ kind }) => kind === "memory");
  if (memories.length > 0 !== isOurs) throw new TypeError(`${wanted}; got one that imports ${isOurs ? "no" : "a"} memory`);
}

/**
 * Sets TensorFlow.js's 'wasm' backend and the library up with binaries that are compiled already, and makes 'wasm' the current
 * backend: for runtimes that forbid compiling WebAssembly, such as Cloudflare Workers. To be called before 'wasm' is first used, at
 * a module's top level or while a request is answered; it fetches and compiles nothing. A later call keeps the backend.
 *
 * @returns a promise of operations being ready to run
 * @throws TypeError where a module is missing, none, or not the one that it is given as; nothing is changed then
 * @throws Error where 'wasm' was initialized without this function, or @tensorflow/tfjs-backend-wasm is not as in 4.0 to 4.22: its
 *   message says what was expected
 */
export async function useWasmModules({ tensorflow, uan }: PrecompiledModules): Promise<void> {
  checkModule("tensorflow", "tfjs-backend-wasm-simd.wasm or tfjs-backend-wasm.wasm", tensorflow, false);
  const given = UNSHARED.filter((name) => uan?.[name] !== undefined);
  if (given.length === 0) throw new TypeError(`useWasmModules: 'uan' must have one of '${UNSHARED.join("', '")}'`);
  for (const name of given) checkModule(`uan.${name}`, "a binary of tfjs-uan/wasm", uan[name], true);
  setWasmModules(uan);
  await usePrecompiledBackend(tensorflow);
}
