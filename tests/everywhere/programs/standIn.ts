import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "tfjs-uan";

// A stand-in for @tensorflow/tfjs-node, whose native library is not to be had everywhere: TensorFlow.js's CPU code under the
// name of its backend, without the kernels that it lacks, and as strict about types.

const NAME = "tensorflow";

/** Kernels of 'cpu' that @tensorflow/tfjs-node 4.22 lacks. */
const LACKING = [
  "BitwiseAnd",
  "DenseBincount",
  "Draw",
  "MaxPoolWithArgmax",
  "RaggedGather",
  "RaggedRange",
  "RaggedTensorToTensor",
  "RotateWithOffset",
  "SearchSorted",
  "SparseFillEmptyRows",
  "SparseReshape",
  "SparseSegmentMean",
  "SparseSegmentSum",
  "StringNGrams",
  "StringSplit",
  "StringToHashBucketFast",
  "Transform",
];

/** TensorFlow wants operands, and what is selected from, of one type; CPU code takes any. */
const strict =
  ({ kernelName, kernelFunc }: tf.KernelConfig): tf.KernelFunc =>
  (args) => {
    const { a, b, t, e } = args.inputs as Record<string, tf.TensorInfo | undefined>;
    if (a?.dtype !== b?.dtype || t?.dtype !== e?.dtype) throw new Error(`${kernelName} of different types`);
    return kernelFunc(args);
  };

tf.registerBackend(NAME, () => new MathBackendCPU());
for (const kernel of tf.getKernelsForBackend("cpu")) {
  const { kernelName } = kernel;
  // What is there already is the library's.
  if (LACKING.includes(kernelName) || tf.getKernel(kernelName, NAME)) continue;
  tf.registerKernel({ ...kernel, backendName: NAME, kernelFunc: strict(kernel) });
}
