import { getKernel, type KernelConfig, type KernelFunc, type TensorInfo } from "@tensorflow/tfjs-core";
import { runCropped } from "../composed/croppedConvolution.js";
import type { ConvolutionAttrs } from "../kernels/convolution.js";
import type { AnyNamesakeKernel } from "../kernels/declaration.js";
import { FusedMatMul } from "../kernels/matMul.js";
import { FusedBatchNorm } from "../kernels/normalizationInference.js";
import { Softmax } from "../kernels/softmax.js";
import { Sigmoid, Tanh } from "../kernels/unary.js";
import { ACTIVATIONS, withActivationGradient } from "./activationGradients.js";
import { withActivations } from "./activations.js";
import { isOurs, putKernel, type Replacement, registry, replacedBy, setReplaced, takeBackReplacements } from "./copies.js";
import { differentiateDilated, isDilated } from "./dilation.js";
import { withTraining } from "./fusedBatchNorm.js";
import { MENDED_CONVOLUTIONS, MISSING_KERNELS, MOVING_KERNELS, REPLACING_KERNELS } from "./kernels.js";
import { movingOnWasm } from "./moving.js";
import { onWasm, theirsIsFaster } from "./run.js";

// Kernels that TensorFlow.js's backends have, and that the library has faster, or right. The registry holds the library's while a
// backend is in use, whichever was imported first: they enter at once where the backend has been imported, and else when the backend
// is set up, by the setupFunc of a kernel of the library's own (see register.ts).

/** Puts something around a kernel. */
type Around = (kernel: KernelFunc) => KernelFunc;

/** What is put around kernels of the library: what they leave to others, and gradients. */
const AROUND_OURS = new Map<AnyNamesakeKernel, Around>([
  [FusedBatchNorm, (ours) => withTraining(ours, true)],
  [FusedMatMul, withActivations],
  [Sigmoid, (ours) => withActivationGradient("Sigmoid", ours)],
  [Softmax, (ours) => withActivationGradient("Softmax", ours)],
  [Tanh, (ours) => withActivationGradient("Tanh", ours)],
]);

/** A kernel that sets up and disposes of the one that it replaces, which may be put back. */
function inPlaceOfTheirs(kernel: KernelConfig, added: Replacement["added"]): Replacement {
  const theirs = replacedBy(kernel);
  const ours: KernelConfig = {
    ...kernel,
    setupFunc: (backend) => theirs()?.setupFunc?.(backend),
    disposeFunc: (backend) => theirs()?.disposeFunc?.(backend),
  };
  return { kernel: ours, added };
}

/** The kernel that is replaced, with what is put around it. */
function aroundTheirs(name: { kernelName: string; backendName: string }, around: Around): KernelConfig {
  const theirs = replacedBy(name);
  return { ...name, kernelFunc: around((call) => (theirs() as KernelConfig).kernelFunc(call)) };
}

/**
 * A convolution of the 'wasm' backend's, of the part of x that it reads. Dilated, it can be differentiated.
 *
 * @param faster the kernel that takes the calls that the backend's is slower at
 */
function mendedConvolution(kernelName: string, depthwise: boolean, faster?: AnyNamesakeKernel): KernelConfig {
  const name = { kernelName, backendName: "wasm" };
  const theirs = replacedBy(name);
  const ours = faster && withActivations(onWasm({ ...faster, theirsIsFaster: () => false }).kernelFunc);
  return {
    ...name,
    kernelFunc(call) {
      const isOurs = ours && !theirsIsFaster(faster, call);
      const output = (isOurs ? ours(call) : runCropped((theirs() as KernelConfig).kernelFunc, call, depthwise)) as TensorInfo;
      const attrs = call.attrs as unknown as ConvolutionAttrs;
      if (isDilated(attrs)) differentiateDilated(kernelName, attrs, output);
      return output;
    },
  };
}

/** Says what replaces kernels of TensorFlow.js's. @param otherBackends all but 'wasm' */
export function setReplacements(otherBackends: string[]): void {
  const missing = MISSING_KERNELS.map((kernel) => inPlaceOfTheirs(onWasm(kernel), "at once"));
  const replacing = REPLACING_KERNELS.map((kernel) => {
    const ours = onWasm(kernel);
    const around = AROUND_OURS.get(kernel);
    return inPlaceOfTheirs(around ? { ...ours, kernelFunc: around(ours.kernelFunc) } : ours, "at last");
  });
  const mended = Object.entries(MENDED_CONVOLUTIONS).map(([name, { depthwise, faster }]) => {
    return mendedConvolution(name, depthwise, faster);
  });
  const isTheirs = (name: string) => !REPLACING_KERNELS.some((kernel) => kernel.name === name);
  const activations = ACTIVATIONS.filter(isTheirs).map((kernelName) => {
    return aroundTheirs({ kernelName, backendName: "wasm" }, (theirs) => withActivationGradient(kernelName, theirs));
  });
  const batchNorms = otherBackends.map((backendName) =>
    aroundTheirs({ kernelName: FusedBatchNorm.name, backendName }, (theirs) => withTraining(theirs, backendName === "cpu")),
  );
  registry.replacements = [
    ...missing,
    ...replacing,
    ...[...mended, ...MOVING_KERNELS.map(movingOnWasm), ...activations, ...batchNorms].map((kernel) => {
      return inPlaceOfTheirs(kernel, "never");
    }),
  ];
}

/**
 * Puts the library's kernels in the place of TensorFlow.js's, where the library's are wanted.
 *
 * @param complete a backend that has registered all it has: there, what is missing is added
 */
export function replaceKernels(complete?: string): void {
  const { replacements, wanted } = registry;
  for (const { kernel, added } of replacements) {
    const registered = getKernel(kernel.kernelName, kernel.backendName);
    if (registered === kernel) continue;
    if (registered && !isOurs(registered)) setReplaced(registered);
    const isAdded = added === "at once" || (added === "at last" && wanted && kernel.backendName === complete);
    if (registered ? wanted : isAdded) putKernel(kernel);
  }
}

/**
 * Sets whether the library's kernels take the place of kernels that TensorFlow.js's 'wasm' backend has, and of operations of native
 * TensorFlow on the CPU. Default true.
 *
 * BatchMatMul and _FusedMatMul (tf.matMul and dense layers), Sum, Mean, Prod, Max and Min of float32 (tf.sum, tf.mean, …), Erf, Exp,
 * Expm1, LeakyRelu, Log, Rsqrt, Selu, Softplus, Sqrt and Tanh of float32 (tf.exp, tf.tanh, …), Equal, FloorDiv, Greater, GreaterEqual,
 * Less, LessEqual, Maximum, Minimum, NotEqual and Select of float32, LogicalAnd, LogicalOr and LogicalXor (tf.greater, tf.where, …),
 * kernels that move elements (Transpose, GatherV2, Slice, StridedSlice, Concat, Pack, SplitV, Unpack, Tile, PadV2, Reverse,
 * SpaceToBatchND, BatchToSpaceND, DepthToSpace), Softmax of short rows,
 * Conv2DBackpropInput (the gradient of convolutions for their input, and the forward pass of transposed ones), FusedBatchNorm
 * (tf.batchNorm), MaxPoolGrad, AvgPoolGrad and those of volumes (Conv3D, Conv3DBackpropInputV2, Conv3DBackpropFilterV2, MaxPool3D,
 * MaxPool3DGrad, AvgPool3D and AvgPool3DGrad) are faster. Those of matrix products, MaxPoolGrad, AvgPoolGrad and those of volumes are
 * right where the backend's give wrong values; sums and products are float64's, rounded, however many numbers there are. MaxPool and
 * AvgPool are the backend's, but where threads of the library share the work.
 *
 * Identity (tf.clone), and Cast to the same dtype, copy nothing: tensors share memory, as on TensorFlow.js's other backends. The
 * gradients of Relu, Relu6, ClipByValue, Sigmoid, Softmax and Tanh are one kernel each. Where the library's kernels have threads and
 * TensorFlow.js's have none (useThreadedBackend), large Elu, Sigmoid and Softmax are the library's.
 *
 * Conv2D, FusedConv2D, DepthwiseConv2dNative and FusedDepthwiseConv2D are the backend's, of the part of x that they read. Dilated, they
 * can be differentiated. Where that is faster, they are the library's (see also setWinograd).
 *
 * FusedBatchNorm is replaced on TensorFlow.js's other backends, too, for calls with an empty mean and variance: graph models from
 * Python make them to normalize by the batch's own (Keras 2's LayerNormalization is such a model). There it does so. And it normalizes
 * along another axis than the last (tf.layers' batch normalization) where the backend's does not.
 *
 * On @tensorflow/tfjs-node's CPU, the library's binary takes the place of the TensorFlow operations that compose the library's own
 * kernels: it copies tensors in and out, and is faster up to a size that is measured for each kernel, on two cores. TensorFlow's
 * operations use all cores of a machine.
 *
 * @param enabled false puts the replaced kernels back. Kernels that the backend lacks stay.
 */
export function setKernelReplacement(enabled: boolean): void {
  registry.wanted = enabled;
  if (enabled) replaceKernels();
  else takeBackReplacements();
}
