import { instantiateSync } from "@assemblyscript/loader";
import * as inlined from "./inlined.js";
import type { BinaryExports } from "./interface.js";
import { isShared, withSharedMemory } from "./sharedMemory.js";
import { isWasmModule } from "./wasmModule.js";

/** The binaries, compiled: for a memory that is not shared and for one that is (threaded), by what they want of the runtime. */
export interface WasmModules {
  /** `tfjs-uan/wasm/tfjs-uan-simd.wasm` */
  simd?: WebAssembly.Module;
  /** `tfjs-uan/wasm/tfjs-uan-scalar.wasm`: without SIMD */
  scalar?: WebAssembly.Module;
  /** `tfjs-uan/wasm/tfjs-uan-relaxed-simd.wasm` */
  relaxedSimd?: WebAssembly.Module;
  /** `tfjs-uan/wasm/tfjs-uan-threaded-simd.wasm` */
  threadedSimd?: WebAssembly.Module;
  /** `tfjs-uan/wasm/tfjs-uan-threaded-relaxed-simd.wasm` */
  threadedRelaxedSimd?: WebAssembly.Module;
}

type Binary = keyof WasmModules;

/** The fastest first; the last runs wherever the library does. TensorFlow.js has no threads where there is no SIMD. */
const ORDER = {
  unshared: ["relaxedSimd", "simd", "scalar"],
  shared: ["threadedRelaxedSimd", "threadedSimd"],
} as const satisfies Record<string, Binary[]>;

/** The bytes of each, out of what is inlined. */
const BYTES: Record<Binary, () => Uint8Array<ArrayBuffer>> = {
  relaxedSimd: () => fromBase64(inlined.relaxedSimd),
  simd: () => fromBase64(inlined.simd),
  scalar: () => fromBase64(inlined.scalar),
  threadedRelaxedSimd: () => withSharedMemory(fromBase64(inlined.relaxedSimd)),
  threadedSimd: () => withSharedMemory(fromBase64(inlined.simd)),
};

const modules: WasmModules = {};
let instances = new WeakMap<WebAssembly.Memory, BinaryExports>();

/**
 * Hands over compiled binaries, for a runtime that forbids compiling from bytes (Cloudflare Workers). Elsewhere there is no
 * need: the binaries are inlined, and compiled when first used.
 *
 * @throws TypeError where a given module is not a WebAssembly.Module; nothing is changed then.
 */
export function setWasmModules(given: WasmModules): void {
  for (const name of Object.keys(given) as Binary[]) {
    if (!(name in BYTES)) {
      throw new TypeError(`setWasmModules: there are modules '${Object.keys(BYTES).join("', '")}', got '${name}'`);
    }
    const module: unknown = given[name];
    if (module !== undefined && !isWasmModule(module)) {
      throw new TypeError(`setWasmModules: '${name}' must be a WebAssembly.Module, got ${typeof module}`);
    }
  }
  Object.assign(modules, given);
  chosen.shared = chosen.unshared = undefined;
  instances = new WeakMap();
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Bytes of inlined binaries, from when they are looked at until one is compiled. */
const decoded = new Map<Binary, Uint8Array<ArrayBuffer>>();

function bytesOf(name: Binary): Uint8Array<ArrayBuffer> {
  const bytes = decoded.get(name) ?? BYTES[name]();
  decoded.set(name, bytes);
  return bytes;
}

const chosen: Partial<Record<keyof typeof ORDER, Binary | undefined>> = {};

/**
 * The name of the binary that runs here: the fastest that setWasmModules was given, or else the fastest that the runtime's
 * WebAssembly.validate accepts.
 *
 * @param shared whether the memory is shared, as that of TensorFlow.js's threaded build is. Default false.
 */
export function chosenWasmModule(shared = false): Binary {
  const kind = shared ? "shared" : "unshared";
  const order: readonly Binary[] = ORDER[kind];
  chosen[kind] ??=
    order.find((name) => modules[name]) ?? order.find((name) => WebAssembly.validate(bytesOf(name))) ?? (order.at(-1) as Binary);
  return chosen[kind];
}

/** The binary for one kind of memory, compiled. */
export function moduleFor(shared: boolean): WebAssembly.Module {
  const name = chosenWasmModule(shared);
  modules[name] ??= new WebAssembly.Module(bytesOf(name));
  decoded.clear();
  return modules[name];
}

/** The binary's functions, bound to a memory. */
export function bindBinary(memory: WebAssembly.Memory): BinaryExports {
  let binary = instances.get(memory);
  if (!binary) {
    binary = instantiateSync<BinaryExports>(moduleFor(isShared(memory)), { env: { memory } }).exports;
    instances.set(memory, binary);
  }
  return binary;
}
