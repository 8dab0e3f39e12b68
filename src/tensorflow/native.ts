import { engine, type KernelBackend } from "@tensorflow/tfjs-core";

// The backend of @tensorflow/tfjs-node and @tensorflow/tfjs-node-gpu. What is used of it here is not documented.

/** The backend 'tensorflow' of both packages. */
export interface NativeBackend extends KernelBackend {
  /** Whether it is that of @tensorflow/tfjs-node-gpu. */
  isGPUPackage?: boolean;
  /** Whether TensorFlow has found a GPU, and computes there. */
  isUsingGpuDevice?: boolean;
}

/** Whether a backend is native TensorFlow, on a GPU or on the CPU. One that does not say where it computes is not taken for it. */
export const isNative = (backend: unknown): boolean => typeof (backend as NativeBackend).isUsingGpuDevice === "boolean";

/** Whether the current backend is. */
export const isOnNative = (): boolean => isNative(engine().backend);

/** Whether a backend is native TensorFlow on the CPU. One that does not say where it computes is not taken for it. */
export const isNativeCpu = (backend: unknown): boolean => (backend as NativeBackend).isUsingGpuDevice === false;
