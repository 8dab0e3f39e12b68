import { getKernel, type KernelConfig, type NamedTensorInfoMap, type TensorInfo } from "@tensorflow/tfjs-core";
import { VOLUMES } from "../composed/volumes.js";
import { FusedBatchNorm } from "../kernels/normalizationInference.js";
import { isOurs, putKernel, type Replacement, registry, takeBackReplacements } from "./copies.js";
import { REPLACING_KERNELS } from "./kernels.js";
import { onWasm } from "./run.js";

// Kernels that the 'wasm' backend has, and that the library has faster, or right. The registry holds the library's while the backend
// is in use, whichever was imported first: they enter at once where the backend has been imported, and else when the backend is set
// up, by the setupFunc of a kernel that it lacks (see register.ts).

/** Whether ours takes a call; the others go to theirs. */
const FITS: { [kernelName: string]: (inputs: NamedTensorInfoMap) => boolean } = {
  // TensorFlow.js also takes a mean and variance of x's shape, or one that is repeated along it.
  [FusedBatchNorm.name]: (inputs) => {
    const { x, mean, variance, scale = mean, offset = mean } = inputs as { [name: string]: TensorInfo };
    const channels = x?.shape.at(-1);
    return [mean, variance, scale, offset].every((tensor) => tensor?.shape.length === 1 && tensor.shape[0] === channels);
  },
};

/** The kernel of TensorFlow.js that a kernel of the library has replaced on 'wasm'. */
export const theirs = (kernelName: string) => registry.replaced.get(kernelName);

/** A kernel that sets up, disposes of and, where it does not fit, calls the one that it replaces, which may be put back. */
function inPlaceOfTheirs(kernel: KernelConfig, waits: boolean): Replacement {
  const { kernelName, kernelFunc } = kernel;
  const fits = FITS[kernelName] ?? (() => true);
  const ours: KernelConfig = {
    ...kernel,
    setupFunc(backend) {
      kernel.setupFunc?.(backend);
      theirs(kernelName)?.setupFunc?.(backend);
    },
    disposeFunc(backend) {
      kernel.disposeFunc?.(backend);
      theirs(kernelName)?.disposeFunc?.(backend);
    },
    kernelFunc: (args) => (fits(args.inputs) ? kernelFunc : (theirs(kernelName)?.kernelFunc ?? kernelFunc))(args),
  };
  return { kernel: ours, waits };
}

/** Says what replaces kernels of the backend's. @param missing kernels that it lacks, as far as is known */
export function setReplacements(missing: KernelConfig[]): void {
  const replacing = [...REPLACING_KERNELS.map((kernel) => onWasm(kernel, () => theirs(kernel.name))), ...VOLUMES];
  registry.replacements = [
    ...missing.map((kernel) => inPlaceOfTheirs(kernel, false)),
    ...replacing.map((kernel) => inPlaceOfTheirs(kernel, true)),
  ];
}

/**
 * Puts the library's kernels in the place of the backend's, where the library's are wanted.
 *
 * @param isThere whether the backend has registered all it has: then what is missing is added
 */
export function replaceKernels(isThere: boolean): void {
  const { replacements, replaced, wanted } = registry;
  for (const { kernel, waits } of replacements) {
    const registered = getKernel(kernel.kernelName, kernel.backendName);
    if (registered === kernel) continue;
    if (registered && !isOurs(registered)) replaced.set(kernel.kernelName, registered);
    if (registered ? wanted : !waits || (isThere && wanted)) putKernel(kernel);
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
  registry.wanted = enabled;
  if (enabled) replaceKernels(false);
  else takeBackReplacements();
}
