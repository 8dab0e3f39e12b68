import type { KernelBackend, KernelConfig } from "@tensorflow/tfjs-core";
import { endWorkerPool } from "../launch/workerPools.js";
import { memoryOf } from "../tensorflow/wasmHeap.js";
import { takeBackAll } from "./copies.js";
import { registerConv3DTransposeGradient, registerKernelGradient } from "./gradients.js";
import { OWN_KERNELS } from "./kernels.js";
import { replaceKernels, setReplacements } from "./replacement.js";
import { registerOwnKernel } from "./run.js";

/** TensorFlow.js's backends. Any other gets a kernel when it first runs it. */
const BACKENDS = ["wasm", "cpu", "webgl", "webgpu", "tensorflow"];

const backends = new Set([...BACKENDS, ...takeBackAll()]);
for (const kernel of OWN_KERNELS.keys()) {
  for (const backend of backends) registerOwnKernel(kernel, backend, lifeCycleOn(backend));
  if (kernel.gradient) registerKernelGradient(kernel, kernel.gradient);
}
registerConv3DTransposeGradient();
setReplacements([...backends].filter((backend) => backend !== "wasm"));
replaceKernels();

/** What is to happen when a backend has been set up, and before it is disposed of. */
function lifeCycleOn(backendName: string): Pick<KernelConfig, "setupFunc" | "disposeFunc"> {
  return {
    setupFunc: () => replaceKernels(backendName),
    disposeFunc(backend) {
      const memory = memoryOf(backend as KernelBackend);
      if (memory) endWorkerPool(memory);
    },
  };
}
