import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";

/** The library's three ways: over the backend's memory, copying, and composed of TensorFlow.js operations. */
export const BACKENDS = ["wasm", "cpu", "device"] as const;

// A backend that the library does not know: TensorFlow.js's own CPU code, under another name.
tf.registerBackend("device", () => new MathBackendCPU());
for (const kernel of tf.getKernelsForBackend("cpu")) {
  const isOurs = /^(UnsupervisedAdaptive|Mixture|Normalization)/.test(kernel.kernelName);
  if (!isOurs) tf.registerKernel({ ...kernel, backendName: "device" });
}

export async function useBackend(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`no backend '${name}'`);
  await tf.ready();
}
