import {
  getKernel,
  type KernelConfig,
  registerKernel,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import { Conv2DBackpropInput } from "./conv2dBackpropInput.js";
import { onWasm } from "./kernel.js";

// Kernels that the 'wasm' backend has, and the library has faster. Whoever is imported first, ours are to be found in the registry
// while the backend is in use: where the backend has been imported, they are put there at once; where it comes later, when it
// is set up, by the setupFunc of a kernel that it lacks (see register.ts).

interface Replacement {
  ours: KernelConfig;
  theirs?: KernelConfig;
}

const replacements: Replacement[] = [Conv2DBackpropInput].map((kernel) => {
  const ours = onWasm(kernel);
  const replacement: Replacement = { ours };
  // The one that is replaced has something to set up, too, for the day it is put back.
  ours.setupFunc = (backend) => replacement.theirs?.setupFunc?.(backend);
  ours.disposeFunc = (backend) => replacement.theirs?.disposeFunc?.(backend);
  return replacement;
});

let wanted = true;

function exchange(kernel: KernelConfig): void {
  unregisterKernel(kernel.kernelName, kernel.backendName);
  registerKernel(kernel);
}

/** Puts the library's kernels in the place of the backend's, where those are there and the library's are wanted. */
export function replaceKernels(): void {
  if (!wanted) return;
  for (const replacement of replacements) {
    const { ours } = replacement;
    const registered = getKernel(ours.kernelName, ours.backendName);
    if (!registered || registered === ours) continue;
    replacement.theirs = registered;
    exchange(ours);
  }
}

/**
 * Whether kernels that TensorFlow.js's 'wasm' backend has, and the library has faster, are replaced by the library's: default
 * true. They are Conv2DBackpropInput, the gradient of convolutions for their input and the forward pass of transposed ones.
 * Declined, what was registered before is put back. Kernels that the backend lacks are not concerned.
 */
export function setKernelReplacement(enabled: boolean): void {
  wanted = enabled;
  if (enabled) {
    replaceKernels();
    return;
  }
  for (const replacement of replacements) {
    const { ours, theirs } = replacement;
    if (theirs && getKernel(ours.kernelName, ours.backendName) === ours) exchange(theirs);
  }
}
