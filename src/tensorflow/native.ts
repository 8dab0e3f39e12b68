import type { BackendValues, DataType, KernelBackend, TensorInfo } from "@tensorflow/tfjs-core";

// The backend of @tensorflow/tfjs-node and @tensorflow/tfjs-node-gpu. What is used of it here is not documented.

/** The backend 'tensorflow' of both packages. */
export interface NativeBackend extends KernelBackend {
  /** Whether it is that of @tensorflow/tfjs-node-gpu. */
  isGPUPackage?: boolean;
  /** Whether TensorFlow has found a GPU, and computes there. */
  isUsingGpuDevice?: boolean;
  /** The native tensors of tensors. Numbers that `write` was given are copied to TensorFlow here, and not kept. */
  getInputTensorIds?(tensors: { dataId: object }[]): number[];
}

/** Whether a backend is native TensorFlow on the CPU. One that does not say where it computes is not taken for it. */
export const isNativeCpu = (backend: unknown): boolean => (backend as NativeBackend).isUsingGpuDevice === false;

/** The backend's `write`, of numbers that may be others after it. */
export function writeNative(
  backend: NativeBackend,
  values: BackendValues,
  shape: number[],
  dtype: DataType,
): TensorInfo["dataId"] {
  if (!backend.getInputTensorIds) return backend.write(values.slice(), shape, dtype);
  const dataId = backend.write(values, shape, dtype);
  backend.getInputTensorIds([{ dataId }]);
  return dataId;
}
