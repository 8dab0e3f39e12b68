import {
  getKernel,
  type KernelConfig,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from "@tensorflow/tfjs-core";
import { VOLUMES } from "../composed/volumes.js";
import { FusedBatchNorm } from "../kernels/normalizationInference.js";
import { REPLACING_KERNELS } from "./kernels.js";
import { onWasm } from "./run.js";

// Kernels that the 'wasm' backend has, and that the library has faster, or right. The registry holds the library's while the backend
// is in use, whichever was imported first: they enter at once where the backend has been imported, and else when the backend is set
// up, by the setupFunc of a kernel that it lacks (see register.ts).

interface Replacement {
  ours: KernelConfig;
  theirs?: KernelConfig;
}

/** Whether ours takes a call; the others go to theirs. */
const FITS: { [kernelName: string]: (inputs: NamedTensorInfoMap) => boolean } = {
  // TensorFlow.js also takes a mean and variance of x's shape, or one that is repeated along it.
  [FusedBatchNorm.name]: (inputs) => {
    const { x, mean, variance, scale = mean, offset = mean } = inputs as { [name: string]: TensorInfo };
    const channels = x?.shape.at(-1);
    return [mean, variance, scale, offset].every((tensor) => tensor?.shape.length === 1 && tensor.shape[0] === channels);
  },
};

const replacements: Replacement[] = [...REPLACING_KERNELS.map(onWasm), ...VOLUMES].map((kernel) => {
  const ours = { ...kernel };
  const replacement: Replacement = { ours };
  // The replaced kernel is set up and disposed of, too: it may be put back.
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
 * Sets whether the library's kernels take the place of kernels that TensorFlow.js's 'wasm' backend has. Default true.
 *
 * Conv2DBackpropInput (the gradient of convolutions for their input, and the forward pass of transposed ones), FusedBatchNorm
 * (tf.batchNorm), MaxPoolGrad and AvgPoolGrad are faster. MaxPoolGrad, AvgPoolGrad, Conv3DBackpropInputV2, Conv3DBackpropFilterV2,
 * MaxPool3D and MaxPool3DGrad are right where the backend's give wrong values.
 *
 * @param enabled false puts the replaced kernels back. Kernels that the backend lacks stay.
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
