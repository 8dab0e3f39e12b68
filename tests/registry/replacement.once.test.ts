import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { setKernelReplacement } from "../../src/index.js";
import { useBackend } from "../helpers/backends.js";
import { runConvolutionKernel as run, convolutionTensors as tensors } from "../helpers/convolutions.js";

const NAMES = [
  "AvgPool",
  "AvgPool3D",
  "AvgPool3DGrad",
  "AvgPoolGrad",
  "BatchMatMul",
  "BatchToSpaceND",
  "Cast",
  "Concat",
  "Conv2DBackpropInput",
  "Conv3D",
  "Conv3DBackpropFilterV2",
  "Conv3DBackpropInputV2",
  "DepthToSpace",
  "Elu",
  "Equal",
  "Erf",
  "Exp",
  "Expm1",
  "FloorDiv",
  "FusedBatchNorm",
  "GatherV2",
  "Greater",
  "GreaterEqual",
  "Identity",
  "LeakyRelu",
  "Less",
  "LessEqual",
  "Log",
  "LogicalAnd",
  "LogicalOr",
  "LogicalXor",
  "Max",
  "MaxPool",
  "MaxPool3D",
  "MaxPool3DGrad",
  "MaxPoolGrad",
  "Maximum",
  "Mean",
  "Min",
  "Minimum",
  "NotEqual",
  "Pack",
  "PadV2",
  "Prod",
  "Reverse",
  "Rsqrt",
  "Select",
  "Selu",
  "Sigmoid",
  "Slice",
  "Softmax",
  "Softplus",
  "SpaceToBatchND",
  "SplitV",
  "Sqrt",
  "StridedSlice",
  "Sum",
  "Tanh",
  "Tile",
  "Transpose",
  "Unpack",
  "_FusedMatMul",
];
const registered = () => NAMES.map((name) => tf.getKernel(name, "wasm"));

describe("kernels that replace the backend's", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => setKernelReplacement(true));

  it("can be declined, and wanted again", () => {
    const ours = registered();
    setKernelReplacement(false);
    const theirs = registered();
    theirs.forEach((kernel, i) => {
      expect(kernel).toBeDefined();
      expect(kernel).not.toBe(ours[i]);
    });
    const { dy, filter } = tensors();
    const before = run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dataSync();
    setKernelReplacement(true);
    expect(registered()).toEqual(ours);
    expect(run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dataSync()).toEqual(before);
  });

  it("stay when the backend is registered anew, and what they replaced works when put back then", async () => {
    const ours = registered();
    const factory = tf.findBackendFactory("wasm");
    await tf.setBackend("cpu");
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", factory, 2);
    await useBackend("wasm");
    expect(registered()).toEqual(ours);
    setKernelReplacement(false);
    const { dy, filter } = tensors();
    const dx = run("Conv2DBackpropInput", { dy, filter }, { inputShape: [1, 5, 5, 2] }).dataSync();
    expect(dx[24]).toBe(36);
  });
});

describe("kernels under TensorFlow.js's names on 'wasm'", () => {
  beforeEach(() => useBackend("wasm"));

  it.each<[string, () => tf.Tensor, string]>([
    [
      "a dy of another shape",
      () => run("Conv2DBackpropFilter", { ...tensors(), dy: tf.ones([1, 4, 5, 4]) }, { filterShape: [3, 3, 2, 4] }),
      "conv2dBackpropFilter: argument 'dy' must have shape [1, 5, 5, 4], got [1, 4, 5, 4]",
    ],
    [
      "a dy of another dtype",
      () =>
        run(
          "Conv2DBackpropFilter",
          { ...tensors(), dy: tf.tensor(Array(100).fill("a"), [1, 5, 5, 4]) },
          { filterShape: [3, 3, 2, 4] },
        ),
      "conv2dBackpropFilter: argument 'dy' must have dtype float32, got string",
    ],
    [
      "a filter of other channels",
      () => run("Conv2DBackpropInput", { ...tensors(), filter: tf.ones([3, 3, 3, 4]) }, { inputShape: [1, 5, 5, 2] }),
      "conv2dBackpropInput: argument 'filter' must have 2 input channels, got 3",
    ],
    [
      "an x of rank 3",
      () => run("Conv2DBackpropFilter", { ...tensors(), x: tf.ones([5, 5, 2]) }, { filterShape: [3, 3, 2, 4] }),
      "conv2dBackpropFilter: argument 'x' must have rank 4, got shape [5, 5, 2]",
    ],
    [
      "a pool's dy of another shape",
      () => run("MaxPoolGrad", { dy: tf.ones([1, 5, 5, 3]), input: tf.ones([1, 5, 5, 2]) }, { filterSize: 2 }),
      "maxPoolGrad: argument 'dy' must have shape [1, 5, 5, 2], got [1, 5, 5, 3]",
    ],
    [
      "a border that no memory holds",
      () =>
        run(
          "DepthwiseConv2dNativeBackpropFilter",
          { x: tf.ones([1, 3, 3, 1]), dy: tf.ones([1, 3, 3, 1]) },
          { filterShape: [3, 3, 1, 1], dilations: 50000 },
        ),
      "bytes left",
    ],
    [
      "a mean of another dtype",
      () => run("FusedBatchNorm", { x: tf.ones([1, 1, 3, 2]), mean: tf.tensor1d(["a", "b"]), variance: tf.ones([2]) }, {}),
      "batchNorm: argument 'mean' must have dtype float32, got string",
    ],
    [
      "an empty mean with a variance",
      () => run("FusedBatchNorm", { x: tf.ones([1, 1, 3, 2]), mean: tf.tensor1d([]), variance: tf.ones([2]) }, {}),
      "batchNorm: argument 'mean' must have shape [2], got [0]",
    ],
    [
      "a dy of fewer rows",
      () => run("Conv2DBackpropInput", { ...tensors(), dy: tf.ones([1, 4, 5, 4]) }, { inputShape: [1, 5, 5, 2] }),
      "conv2dBackpropInput: argument 'dy' must have shape [1, 5, 5, 4], got [1, 4, 5, 4]",
    ],
    [
      "segments of another length",
      () => run("UnsortedSegmentSum", { x: tf.ones([3, 2]), segmentIds: tf.tensor1d([0, 1], "int32") }, { numSegments: 2 }),
      "unsortedSegmentSum: argument 'segmentIds' must have shape [3], got [2]",
    ],
  ])("refuse %s", (_, call, message) => {
    expect(call).toThrow(message);
  });
});
