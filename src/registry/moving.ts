import type { DataType, KernelBackend, KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import type { BinaryExports } from "../binary/interface.js";
import { bindBinary, refusalToCompile } from "../binary/module.js";
import { isShared } from "../binary/sharedMemory.js";
import type { AnyMovingKernel, TensorHeap } from "../kernels/moving.js";
import { makeOutput, memoryOf, type WasmBackend } from "../tensorflow/wasmHeap.js";
import { replacedBy } from "./copies.js";

class WasmHeap implements TensorHeap {
  constructor(
    private readonly backend: WasmBackend,
    readonly binary: BinaryExports,
  ) {}

  at({ dataId }: TensorInfo): number {
    return this.backend.getMemoryOffset(dataId);
  }

  make(shapes: readonly number[][], dtype: DataType): TensorInfo[] {
    const tensors: TensorInfo[] = [];
    try {
      for (const shape of shapes) tensors.push(makeOutput(this.backend, shape, dtype));
    } catch (error) {
      for (const tensor of tensors) this.release(tensor);
      throw error;
    }
    return tensors;
  }

  release({ dataId }: TensorInfo): void {
    this.backend.disposeData(dataId, true);
  }

  share({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
    this.backend.incRef(dataId);
    return { dataId, shape, dtype };
  }
}

/** The heap of the 'wasm' backend, undefined where it cannot be reached or the binary cannot be compiled. */
export function heapOf(backend: KernelBackend): TensorHeap | undefined {
  const memory = memoryOf(backend);
  if (!memory || refusalToCompile(isShared(memory)) !== undefined) return undefined;
  return new WasmHeap(backend as WasmBackend, bindBinary(memory));
}

/** A kernel that moves elements, in the place of TensorFlow.js's, to which it leaves what it does not take. */
export function movingOnWasm({ name, move }: AnyMovingKernel): KernelConfig {
  const config = { kernelName: name, backendName: "wasm" };
  const theirs = replacedBy(config);
  return {
    ...config,
    kernelFunc(call) {
      const heap = heapOf(call.backend as KernelBackend);
      return (heap && move(heap, call.inputs, call.attrs)) ?? (theirs() as KernelConfig).kernelFunc(call);
    },
  };
}
