import type { DataId, DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";
import { sizeOf } from "../launch/plan.js";

// The heap of TensorFlow.js's WASM backend. Nothing of it is documented: `memoryOf` checks what is used here before anything is
// touched, and where something is missing the copying path takes over.

/** The part of the WASM backend that is used here. */
export interface WasmBackend extends KernelBackend {
  wasm: {
    _malloc(bytes: number): number;
    _free(at: number): void;
    /** The memory, in the threaded build. */
    wasmMemory?: WebAssembly.Memory;
    /** The module's exports, among them the memory, in the other builds. */
    asm?: Record<string, unknown>;
    /** The binary's register of tensors. */
    tfjs?: {
      registerTensor?(id: number, size: number, at: number): void;
      disposeData?(id: number): void;
    };
  };
  /** What the backend knows of a tensor. */
  dataIdMap?: { get(dataId: DataId): { id?: number } | undefined };
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  getMemoryOffset(dataId: DataId): number;
}

/** The memory of each Emscripten module that has been looked at. */
const memories = new WeakMap<object, WebAssembly.Memory>();

/** The memory that holds the backend's tensors, or undefined where it cannot be reached. */
export function memoryOf(backend: KernelBackend): WebAssembly.Memory | undefined {
  const { wasm, makeOutput, getMemoryOffset } = backend as Partial<WasmBackend>;
  if (!wasm || !makeOutput || !getMemoryOffset) return undefined;
  const known = memories.get(wasm);
  if (known) return known;
  if (typeof wasm._malloc !== "function" || typeof wasm._free !== "function") return undefined;
  const memory = wasm.wasmMemory ?? Object.values(wasm.asm ?? {}).find((value) => value instanceof WebAssembly.Memory);
  if (!(memory instanceof WebAssembly.Memory)) return undefined;
  memories.set(wasm, memory);
  return memory;
}

/** @throws Error where the heap has no such block left */
export function allocate(backend: WasmBackend, bytes: number): number {
  const at = bytes < 2 ** 32 ? backend.wasm._malloc(bytes) >>> 0 : 0;
  if (at === 0) throw new Error(`tfjs-uan: the WASM backend has no ${bytes} bytes left for a table of constants`);
  return at;
}

export function free(backend: WasmBackend, at: number): void {
  // The heap's module may have been disposed of since.
  backend.wasm?._free(at);
}

/** A tensor, its elements undefined. @throws Error where the heap has no room for it */
export function makeOutput(backend: WasmBackend, shape: number[], dtype: DataType = "float32"): TensorInfo {
  const output = backend.makeOutput(shape, dtype);
  if (sizeOf(shape) > 0 && backend.getMemoryOffset(output.dataId) === 0) {
    backend.disposeData(output.dataId, true);
    throw new Error(`tfjs-uan: the WASM backend has no memory left for a tensor of shape [${shape}]`);
  }
  return output;
}

/** Whether a tensor's numbers may be written over: no other tensor shares them, and the backend can be told by `overwritten`. */
export function isReplaceable(backend: WasmBackend, { dataId }: TensorInfo): boolean {
  const { registerTensor, disposeData } = backend.wasm.tfjs ?? {};
  if (typeof registerTensor !== "function" || typeof disposeData !== "function") return false;
  return backend.refCount(dataId) === 1 && typeof backend.dataIdMap?.get(dataId)?.id === "number";
}

/**
 * Tells the backend that a tensor's numbers are written over. Its binary keeps what it makes of them, such as a filter that it packed
 * for convolutions, until the tensor is disposed of: it is given up, and registered anew.
 */
export function overwritten(backend: WasmBackend, { dataId, shape }: TensorInfo): void {
  const { tfjs } = backend.wasm;
  const id = backend.dataIdMap?.get(dataId)?.id as number;
  tfjs?.disposeData?.(id);
  tfjs?.registerTensor?.(id, sizeOf(shape), backend.getMemoryOffset(dataId));
}
