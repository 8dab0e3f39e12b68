import type { KernelBackend } from "@tensorflow/tfjs-core";
import { endWorkerPool } from "../launch/workerPools.js";
import { memoryOf } from "../tensorflow/wasmHeap.js";
import { takeBackAll } from "./copies.js";
import { registerConv3DTransposeGradient, registerKernelGradient } from "./gradients.js";
import { MISSING_KERNELS, OWN_KERNELS } from "./kernels.js";
import { replaceKernels, setReplacements, theirs } from "./replacement.js";
import { onWasm, registerOwnKernel } from "./run.js";

/** TensorFlow.js's backends. Any other gets a kernel when it first runs it. */
const BACKENDS = ["wasm", "cpu", "webgl", "webgpu", "tensorflow"];

const backends = new Set([...BACKENDS, ...takeBackAll()]);
for (const kernel of OWN_KERNELS.keys()) {
  for (const backend of backends) registerOwnKernel(kernel, backend);
  if (kernel.gradient) registerKernelGradient(kernel, kernel.gradient);
}
registerConv3DTransposeGradient();
setReplacements(
  MISSING_KERNELS.map((kernel) => ({
    ...onWasm(kernel, () => theirs(kernel.name)),
    setupFunc: () => replaceKernels(true),
    disposeFunc(backend) {
      const memory = memoryOf(backend as KernelBackend);
      if (memory) endWorkerPool(memory);
    },
  })),
);
replaceKernels(false);
