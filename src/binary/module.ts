import { shared } from "../shared.js";
import { fromHex } from "./hex.js";
import * as inlined from "./inlined.js";
import type { BinaryExports } from "./interface.js";
import { instantiate } from "./loader.js";
import { isShared, withSharedMemory } from "./sharedMemory.js";
import { isWasmModule, type WasmMemory, type WasmModule } from "./webAssembly.js";

/** The binaries, compiled: for a memory that is not shared and for one that is (threaded), by what they want of the runtime. */
export interface WasmModules {
  /** `tfjs-uan/wasm/tfjs-uan-simd.wasm` */
  simd?: WasmModule;
  /** `tfjs-uan/wasm/tfjs-uan-scalar.wasm`: without SIMD */
  scalar?: WasmModule;
  /** `tfjs-uan/wasm/tfjs-uan-relaxed-simd.wasm` */
  relaxedSimd?: WasmModule;
  /** `tfjs-uan/wasm/tfjs-uan-threaded-simd.wasm` */
  threadedSimd?: WasmModule;
  /** `tfjs-uan/wasm/tfjs-uan-threaded-relaxed-simd.wasm` */
  threadedRelaxedSimd?: WasmModule;
}

type Binary = keyof WasmModules;

/** The fastest first; the last runs wherever the library does. TensorFlow.js has no threads where there is no SIMD. */
const ORDER = {
  unshared: ["relaxedSimd", "simd", "scalar"],
  shared: ["threadedRelaxedSimd", "threadedSimd"],
} as const satisfies Record<string, Binary[]>;

/** The bytes of each, out of what is inlined. */
const BYTES: Record<Binary, () => Uint8Array<ArrayBuffer>> = {
  relaxedSimd: () => fromHex(inlined.relaxedSimd),
  simd: () => fromHex(inlined.simd),
  scalar: () => fromHex(inlined.scalar),
  threadedRelaxedSimd: () => withSharedMemory(fromHex(inlined.relaxedSimd)),
  threadedSimd: () => withSharedMemory(fromHex(inlined.simd)),
};

type Kind = keyof typeof ORDER;

const kindOf = (isShared: boolean): Kind => (isShared ? "shared" : "unshared");

/** Copies of the library with the same binaries share what was made of them. */
const state = shared(inlined.simd, () => ({
  /** By setWasmModules. */
  given: {} as WasmModules,
  compiled: {} as WasmModules,
  chosen: {} as { [kind in Kind]?: Binary },
  /** What the runtime has against the binary that is chosen; null for nothing. */
  refusals: {} as { [kind in Kind]?: string | null },
  instances: new WeakMap<WasmMemory, BinaryExports>(),
}));

/**
 * Hands over compiled binaries, for a runtime that forbids compiling from bytes (Cloudflare Workers). Elsewhere there is no
 * need: the binaries are inlined, and compiled when first used. Where they are not given and cannot be compiled, TensorFlow.js's
 * operations do the work, which is slower, and a warning says so.
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
  Object.assign(state.given, given);
  state.chosen = {};
  state.refusals = {};
  state.instances = new WeakMap();
}

/** Bytes of inlined binaries, from when they are looked at until one is compiled. */
const decoded = new Map<Binary, Uint8Array<ArrayBuffer>>();

function bytesOf(name: Binary): Uint8Array<ArrayBuffer> {
  const bytes = decoded.get(name) ?? BYTES[name]();
  decoded.set(name, bytes);
  return bytes;
}

/** Whether the runtime takes a binary. */
const isValid = (name: Binary) => typeof WebAssembly !== "undefined" && WebAssembly.validate(bytesOf(name));

/**
 * The name of the binary that runs here: the fastest that setWasmModules was given, or else the fastest that the runtime's
 * WebAssembly.validate accepts. Where WebAssembly cannot be compiled, it names one all the same.
 *
 * @param shared whether the memory is shared, as that of TensorFlow.js's threaded build is. Default false.
 */
export function chosenWasmModule(shared = false): Binary {
  const kind = kindOf(shared);
  const order: readonly Binary[] = ORDER[kind];
  state.chosen[kind] ??= order.find((name) => state.given[name]) ?? order.find(isValid) ?? (order.at(-1) as Binary);
  return state.chosen[kind];
}

/** The binary for one kind of memory, compiled. @throws what the runtime throws where it does not compile it */
export function moduleFor(shared: boolean): WasmModule {
  const name = chosenWasmModule(shared);
  const given = state.given[name];
  if (given) return given;
  state.compiled[name] ??= new WebAssembly.Module(bytesOf(name));
  decoded.clear();
  return state.compiled[name];
}

/** What is said with a refusal. */
export const NOT_COMPILED = "WebAssembly cannot be compiled here";

/**
 * What the runtime has against compiling the binary for one kind of memory, as where it has no WebAssembly, or where a page's
 * policy forbids it; undefined where it compiles it. Modules that setWasmModules was given are not looked at.
 */
export function refusalToCompile(shared: boolean): string | undefined {
  const kind = kindOf(shared);
  if (state.refusals[kind] === undefined) state.refusals[kind] = tryBinary(shared);
  return state.refusals[kind] ?? undefined;
}

function tryBinary(shared: boolean): string | null {
  try {
    if (state.given[chosenWasmModule(shared)]) return null;
    const module = moduleFor(shared);
    // Under a page's policy WebKit compiles, and then refuses to make an instance.
    instantiate(module, new WebAssembly.Memory({ initial: 1, maximum: 1, shared }));
    return null;
  } catch (error) {
    return String(error);
  }
}

/** The binary's functions, bound to a memory. */
export function bindBinary(memory: WasmMemory): BinaryExports {
  let binary = state.instances.get(memory);
  if (!binary) {
    binary = instantiate<BinaryExports>(moduleFor(isShared(memory)), memory);
    state.instances.set(memory, binary);
  }
  return binary;
}
