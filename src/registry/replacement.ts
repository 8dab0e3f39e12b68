import {
  getKernel,
  type KernelConfig,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import { VOLUMES } from "../composed/volumes.js";
import { Conv2DBackpropInput } from "../kernels/conv2dBackpropInput.js";
import { FusedBatchNorm } from "../kernels/normalizationInference.js";
import { AvgPoolGrad, MaxPoolGrad } from "../kernels/poolGrad.js";
import { onWasm } from "./run.js";

// Kernels that the 'wasm' backend has, and the library has faster, or right. Whoever is imported first, ours are to be found in the registry
// while the backend is in use: where the backend has been imported, they are put there at once; where it comes later, when it
// is set up, by the setupFunc of a kernel that it lacks (see register.ts).

interface Replacement {
  ours: KernelConfig;
  theirs?: KernelConfig;
}

const FASTER = [AvgPoolGrad, Conv2DBackpropInput, FusedBatchNorm, MaxPoolGrad].map(onWasm);

/** Whether a call is one that ours is for; the others go to theirs. */
const FITS: { [kernelName: string]: (inputs: NamedTensorInfoMap) => boolean } = {
  // TensorFlow.js also takes a mean and variance of x's shape, or one that is repeated along it.
  [FusedBatchNorm.name]: (inputs) => {
    const { x, mean, variance, scale = mean, offset = mean } = inputs as { [name: string]: TensorInfo };
    const channels = x?.shape.at(-1);
    return [mean, variance, scale, offset].every((tensor) => tensor?.shape.length === 1 && tensor.shape[0] === channels);
  },
};

const replacements: Replacement[] = [...FASTER, ...VOLUMES].map((kernel) => {
  const ours = { ...kernel };
  const replacement: Replacement = { ours };
  // The one that is replaced has something to set up, too, for the day it is put back.
  ours.setupFunc = (backend) => replacement.theirs?.setupFunc?.(backend);
  ours.disposeFunc = (backend) => replacement.theirs?.disposeFunc?.(backend);
  const fits = FITS[kernel.kernelName];
  if (fits) {
    ours.kernelFunc = (args) => {
      const { kernelFunc } = fits(args.inputs) ? kernel : (replacement.theirs ?? kernel);
      return kernelFunc(args);
    };
  }
  return replacement;
});

let wanted = true;

/** Registers a kernel in the place of whichever is registered. */
function exchange(kernel: KernelConfig): void {
  if (getKernel(kernel.kernelName, kernel.backendName)) unregisterKernel(kernel.kernelName, kernel.backendName);
  registerKernel(kernel);
}

/**
 * Puts the library's kernels in the place of the backend's, where the library's are wanted.
 *
 * @param isThere whether the backend has registered all it has: then what is missing is added
 */
export function replaceKernels(isThere: boolean): void {
  if (!wanted) return;
  for (const replacement of replacements) {
    const { ours } = replacement;
    const registered = getKernel(ours.kernelName, ours.backendName);
    if (registered === ours || (!registered && !isThere)) continue;
    if (registered) replacement.theirs = registered;
    exchange(ours);
  }
}

/**
 * Whether kernels that TensorFlow.js's 'wasm' backend has are replaced by the library's: default true. Faster are
 * Conv2DBackpropInput (the gradient of convolutions for their input, and the forward pass of transposed ones), FusedBatchNorm
 * (tf.batchNorm), MaxPoolGrad and AvgPoolGrad; right, where the backend's give wrong values, are MaxPoolGrad and
 * AvgPoolGrad, too, Conv3DBackpropInputV2, Conv3DBackpropFilterV2, MaxPool3D and MaxPool3DGrad. Declined, what was registered before is put back. Kernels that the backend lacks are not
 * concerned.
 */
export function setKernelReplacement(enabled: boolean): void {
  wanted = enabled;
  if (enabled) {
    replaceKernels(false);
    return;
  }
  for (const { ours, theirs } of replacements) {
    if (theirs && getKernel(ours.kernelName, ours.backendName) === ours) exchange(theirs);
  }
}
