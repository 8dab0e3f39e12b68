import { instantiateSync } from "@assemblyscript/loader";
import * as inlined from "./inlined.js";
import { isShared, withSharedMemory } from "./sharedMemory.js";
import { isWasmModule } from "./wasmModule.js";

/** A number of bytes from the start of a memory. */
export type Pointer = number;

/**
 * What the binary of tfjs-uan/standalone exports, and the others too; assembly/ documents each function. A type, not an interface:
 * the loader wants an index signature.
 */
export type MixtureKernels = {
  mixture_slot_count(components: number, epsilon: number, ucb: boolean): number;
  mixture_table_bytes(channels: number, inner: number, slots: number, sums: number): number;
  mixture_prepare(
    table: Pointer,
    mean: Pointer,
    variance: Pointer,
    prior: Pointer,
    gamma: Pointer,
    beta: Pointer,
    channels: number,
    inner: number,
    components: number,
    sums: number,
    epsilon: number,
    fold: boolean,
    ucb: boolean,
  ): void;
  mixture_merge(table: Pointer, other: Pointer): void;
  mixture_moments_accumulate(table: Pointer, x: Pointer, start: number, count: number): void;
  mixture_moments_finalize(
    table: Pointer,
    mean: Pointer,
    variance: Pointer,
    mass: Pointer,
    newMean: Pointer,
    newVariance: Pointer,
  ): void;
  mixture_moments_accumulator_count(components: number): number;
  mixture_responsibilities_apply(table: Pointer, x: Pointer, out: Pointer, start: number, count: number): void;
  uan_apply(table: Pointer, x: Pointer, y: Pointer, start: number, count: number): void;
  uan_grad_apply(table: Pointer, x: Pointer, dy: Pointer, dx: Pointer, start: number, count: number): void;
  uan_grad_finalize(table: Pointer, dmean: Pointer, dvariance: Pointer, dprior: Pointer, dgamma: Pointer, dbeta: Pointer): void;
  uan_grad_accumulator_count(slots: number): number;
  walk_alignment(channels: number, inner: number): number;
};

/** What the other binaries export. */
export type Kernels = MixtureKernels & {
  mixture_norm_table_bytes(channels: number, components: number): number;
  mixture_norm_prepare(
    table: Pointer,
    prior: Pointer,
    mean: Pointer,
    variance: Pointer,
    gamma: Pointer,
    beta: Pointer,
    channels: number,
    components: number,
    epsilon: number,
  ): void;
  mixture_norm_kmeans_scratch_bytes(rows: number, channels: number, components: number): number;
  mixture_norm_kmeans_accumulate(sample: Pointer, x: Pointer, start: number, count: number, rows: number, channels: number): void;
  mixture_norm_kmeans_finalize(
    table: Pointer,
    sample: Pointer,
    draws: Pointer,
    prior: Pointer,
    mean: Pointer,
    variance: Pointer,
    rows: number,
    channels: number,
    components: number,
  ): void;
  mixture_norm_e_step_apply(table: Pointer, x: Pointer, nu: Pointer, rows: number, moments: boolean): void;
  mixture_norm_m_step_finalize(
    table: Pointer,
    prior: Pointer,
    variance: Pointer,
    newPrior: Pointer,
    newMean: Pointer,
    newVariance: Pointer,
  ): void;
  mixture_norm_apply(table: Pointer, x: Pointer, nu: Pointer, y: Pointer, rows: number): void;
  mixture_norm_grad_accumulate(table: Pointer, x: Pointer, dy: Pointer, nu: Pointer, rows: number): void;
  mixture_norm_grad_finalize(table: Pointer, dgamma: Pointer, dbeta: Pointer, batch: boolean): void;
  mixture_norm_grad_apply(table: Pointer, x: Pointer, dy: Pointer, nu: Pointer, dx: Pointer, rows: number): void;
  conv2d_backprop_filter_apply(plan: Pointer, x: Pointer, dy: Pointer, dw: Pointer): void;
  conv2d_backprop_input_apply(plan: Pointer, dy: Pointer, filter: Pointer, dx: Pointer): void;
  depthwise_backprop_filter_apply(plan: Pointer, x: Pointer, dy: Pointer, dw: Pointer): void;
  depthwise_backprop_input_apply(plan: Pointer, dy: Pointer, filter: Pointer, dx: Pointer): void;
  norm_grad_params_merge(table: Pointer, other: Pointer): void;
  norm_moments_merge(table: Pointer, other: Pointer): void;
  norm_grad_merge(table: Pointer, other: Pointer): void;
  norm_grad_apply(table: Pointer, x: Pointer, dy: Pointer, dx: Pointer, start: number, count: number): void;
  norm_grad_params_finalize(table: Pointer, dgamma: Pointer, dbeta: Pointer): void;
  norm_grad_params_reset(table: Pointer): void;
  norm_grad_prepare(table: Pointer, mean: Pointer): void;
  norm_moments_reset(table: Pointer): void;
  norm_apply(table: Pointer, x: Pointer, y: Pointer, start: number, count: number): void;
  norm_inference_prepare(table: Pointer, mean: Pointer, variance: Pointer): void;
  norm_moments_accumulate(table: Pointer, x: Pointer, start: number, count: number): void;
  norm_moments_finalize(table: Pointer, mean: Pointer, variance: Pointer): void;
  norm_prepare(
    table: Pointer,
    gamma: Pointer,
    beta: Pointer,
    size: number,
    channels: number,
    inner: number,
    sets: number,
    epsilon: number,
  ): void;
  norm_grad_slices_apply(
    table: Pointer,
    x: Pointer,
    dy: Pointer,
    dx: Pointer,
    mean: Pointer,
    variance: Pointer,
    start: number,
    count: number,
  ): void;
  norm_slices_apply(table: Pointer, x: Pointer, y: Pointer, mean: Pointer, variance: Pointer, start: number, count: number): void;
  norm_grad_accumulate(table: Pointer, x: Pointer, dy: Pointer, start: number, count: number): void;
  norm_grad_finalize(table: Pointer, variance: Pointer): void;
  norm_table_bytes(channels: number, inner: number): number;
  convolution_prepare(
    plan: Pointer,
    kind: number,
    batch: number,
    inHeight: number,
    inWidth: number,
    inChannels: number,
    outHeight: number,
    outWidth: number,
    outChannels: number,
    filterHeight: number,
    filterWidth: number,
    strideHeight: number,
    strideWidth: number,
    dilationHeight: number,
    dilationWidth: number,
    padTop: number,
    padLeft: number,
    channelsLast: boolean,
  ): number;
  average_pool_grad_apply(plan: Pointer, dy: Pointer, dx: Pointer): void;
  max_pool_grad_apply(plan: Pointer, x: Pointer, dy: Pointer, dx: Pointer): void;
  unsorted_segment_sum_apply(x: Pointer, ids: Pointer, out: Pointer, rows: number, width: number, segments: number): void;
};

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
let instances = new WeakMap<WebAssembly.Memory, Kernels>();

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

/** The kernels, bound to a memory. */
export function kernelsOver(memory: WebAssembly.Memory): Kernels {
  let kernels = instances.get(memory);
  if (!kernels) {
    kernels = instantiateSync<Kernels>(moduleFor(isShared(memory)), { env: { memory } }).exports;
    instances.set(memory, kernels);
  }
  return kernels;
}
