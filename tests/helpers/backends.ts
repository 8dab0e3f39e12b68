import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import { addUpInFloat32 } from "./float32Sums.js";

/** Whether this vitest project runs the tests that no binary matters to: vitest.config.ts. */
const RUNS_ONCE = process.env.BINARY === "simd";

/**
 * A backend for each way in which the library computes: the binary in the backend's memory, the binary over copies, and
 * TensorFlow.js operations. No binary matters to the last, so that it is tested once.
 */
export const BACKENDS: readonly ("wasm" | "cpu" | "device")[] = ["wasm", "cpu", ...(RUNS_ONCE ? (["device"] as const) : [])];

/** A backend with TensorFlow.js's own CPU code, and none of the library's, that adds up in float32. */
function register(name: string, make: () => MathBackendCPU): void {
  tf.registerBackend(name, make);
  for (const kernel of tf.getKernelsForBackend("cpu")) {
    const isOurs =
      /^(ActivationGrad|BatchMoments|UnsupervisedAdaptive|Standardized|Mixture|Normalization|Shrunk|(Adam|Momentum|Sgd)Update)/.test(
        kernel.kernelName,
      );
    if (!isOurs) tf.registerKernel({ ...kernel, backendName: name });
  }
  addUpInFloat32(name);
}

/** Native TensorFlow on a GPU, as it looks to the library. */
class Native extends MathBackendCPU {
  isUsingGpuDevice = true;
}

// One that the library does not know, and one that it takes for native TensorFlow: there it composes otherwise.
register("device", () => new MathBackendCPU());
register("native", () => new Native());

export async function useBackend(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`no backend '${name}'`);
  await tf.ready();
}
