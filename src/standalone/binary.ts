import { argumentError } from "../arguments.js";
import { fromHex } from "../binary/hex.js";
import type { StandaloneExports } from "../binary/interface.js";
import { isShared, withSharedMemory } from "../binary/sharedMemory.js";
import { isWasmModule } from "../binary/webAssembly.js";
import { standaloneSimd } from "./inlined.js";
import { tagOf } from "./operands.js";

const FILES = "tfjs-uan/wasm/tfjs-uan-standalone-*.wasm";

const inlined: { unshared?: WebAssembly.Module; shared?: WebAssembly.Module } = {};

/** The inlined binary, compiled, for one kind of memory. */
export function inlinedModule(op: string, shared: boolean): WebAssembly.Module {
  const kind = shared ? "shared" : "unshared";
  if (inlined[kind]) return inlined[kind];
  const unshared = fromHex(standaloneSimd);
  const bytes = shared ? withSharedMemory(unshared) : unshared;
  try {
    inlined[kind] = new WebAssembly.Module(bytes);
    return inlined[kind];
  } catch (cause) {
    const why = WebAssembly.validate(bytes) ? `WebAssembly cannot be compiled here (${cause})` : "the runtime has no SIMD";
    const remedy = `${shared ? "leave 'threads' out and " : ""}give it a 'module', compiled from one of ${FILES}`;
    throw new Error(`${op}: ${why}; ${remedy}`, { cause });
  }
}

/** The functions of the binary, bound to a memory. @throws Error where the module is not a binary of this library for such a memory. */
export function bindBinary(op: string, memory: WebAssembly.Memory, module: WebAssembly.Module | undefined): StandaloneExports {
  if (module !== undefined && !isWasmModule(module)) throw argumentError(op, "module", "be a WebAssembly.Module", tagOf(module));
  const binary = module ?? inlinedModule(op, isShared(memory));
  let exports: Partial<StandaloneExports> = {};
  let cause: unknown;
  try {
    exports = new WebAssembly.Instance(binary, { env: { memory } }).exports as StandaloneExports;
  } catch (error) {
    cause = error;
    // Under a page's policy WebKit compiles, and then refuses to make an instance.
    const isOfModule = module !== undefined && ["LinkError", "TypeError"].includes((error as Error).name);
    if (!isOfModule) throw new Error(`${op}: WebAssembly cannot be instantiated here (${cause})`, { cause });
  }
  if (typeof exports.uan_apply === "function") return exports as StandaloneExports;
  throw new Error(`${op}: argument 'module' must be compiled from one of ${FILES}, got another`, { cause });
}
