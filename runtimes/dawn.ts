import { BackendError } from "./backends.js";

// WebGPU in Node.js: the npm package `webgpu`, which has Dawn, Chromium's WebGPU, in it. It needs a driver for Vulkan, Metal or D3D.

/** The device's clock, which measurements need, in nanoseconds: pages get it in tenths of milliseconds. */
const FLAGS = ["disable-dawn-features=timestamp_quantization"];

/** Puts WebGPU where a page has it, and imports TensorFlow.js's backend, which looks for it there. */
export async function importDawn(): Promise<void> {
  const { create, globals } = await import("webgpu").catch((error: Error) => {
    throw new BackendError(`backend 'webgpu' needs the package webgpu in Node.js: ${error.message}`);
  });
  Object.assign(globalThis, globals);
  const navigator = (globalThis.navigator ?? {}) as object;
  Object.defineProperty(navigator, "gpu", { value: create(FLAGS), configurable: true });
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  const { gpu } = navigator as { gpu: { requestAdapter(): Promise<object | null> } };
  if (!(await gpu.requestAdapter())) {
    throw new BackendError("WebGPU has no adapter here: name a Vulkan driver's file in the environment variable VK_DRIVER_FILES");
  }
  await import("@tensorflow/tfjs-backend-webgpu");
}
