import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import "tfjs-uan";

// A stand-in for @tensorflow/tfjs-node, whose native library does not exist for every machine: TensorFlow.js's CPU code under the
// name of that backend, without the kernels that it lacks, and equally strict about types.

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

/** TensorFlow requires that operands, and tensors to select from, have the same type. CPU code does not. */
const strict =
  ({ kernelName, kernelFunc }: tf.KernelConfig): tf.KernelFunc =>
  (args) => {
    const { a, b, t, e } = args.inputs as Record<string, tf.TensorInfo | undefined>;
    if (a?.dtype !== b?.dtype || t?.dtype !== e?.dtype) throw new Error(`${kernelName} needs tensors of the same type`);
    return kernelFunc(args);
  };

tf.registerBackend(NAME, () => new MathBackendCPU());
for (const kernel of tf.getKernelsForBackend("cpu")) {
  const { kernelName } = kernel;
  // A kernel that is registered already is the library's.
  if (LACKING.includes(kernelName) || tf.getKernel(kernelName, NAME)) continue;
  tf.registerKernel({ ...kernel, backendName: NAME, kernelFunc: strict(kernel) });
}
