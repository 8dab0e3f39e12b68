import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkPerChannel } from "../arguments.js";
import type { BinaryExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass, sizeOf } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forDepthwise, rowsOf } from "./convolutionPlan.js";
import type { NamesakeKernel } from "./declaration.js";
import { checkActivation, finishingOf } from "./matMul.js";

type Inputs = { x: TensorInfo; filter: TensorInfo };
type FusedInputs = Inputs & { bias?: TensorInfo; preluActivationWeights?: TensorInfo };
type FusedAttrs = ConvolutionAttrs & { activation?: string; leakyreluAlpha?: number };

/** Multiplications up to which XNNPACK, which copies nothing, is faster. */
const MAX_THEIRS = 2 ** 15;
/** Those up to which it is faster than threads. */
const MAX_THEIRS_SPLIT = 2 ** 17;
/** So it is for filters of fewer taps, where a channel has one filter, */
const MIN_TAPS = 9;
/** and for fewer channels than a vector has lanes. */
const MIN_CHANNELS = 4;
/** Multiplications that are worth waking a thread for. Copying a number with its border costs as much as some. */
const MIN_CHUNK_WORK = 2 ** 18;
const WORK_OF_COPY = 4;

/** Numbers of a depthwise convolution's rows that are worth waking a thread for. */
export const minDepthwiseChunk = ({ filterHeight, filterWidth }: ConvolutionView) =>
  Math.ceil(MIN_CHUNK_WORK / (filterHeight * filterWidth + WORK_OF_COPY));

function checkInputs(op: string, { x, filter }: Inputs, attrs: ConvolutionAttrs): ConvolutionView {
  return checkConvolution(op, { x, filter }, x.shape, filter.shape, attrs, true);
}

function planOf(
  binary: BinaryExports,
  { x, filter, bias, preluActivationWeights: slopes }: FusedInputs,
  attrs: FusedAttrs,
  view: ConvolutionView,
): KernelPlan<"x" | "filter" | "bias" | "slopes" | "y"> {
  return {
    ...convolutionPlan(binary, view, forDepthwise, finishingOf(attrs)),
    inputs: { x, filter, bias, slopes },
    streamedOutputs: { y: view.outShape },
    ...rowsOf(view, minDepthwiseChunk(view)),
    passes: [parallelPass(binary, "depthwise_apply", ["x", "filter", "bias", "slopes", "y"])],
  };
}

/** @param most multiplications up to which TensorFlow.js's kernel is faster */
function isTheirs({ x, filter }: Inputs, { strides, dataFormat = "NHWC" }: ConvolutionAttrs, most: number): boolean {
  // TensorFlow.js's kernel takes other dtypes for float32, and leaves the format out.
  if (x.dtype !== "float32" || filter.dtype !== "float32") return false;
  const [, , channels = 1, multiplier = 1] = filter.shape;
  if (dataFormat !== "NHWC" || channels * multiplier < MIN_CHANNELS) return true;
  const stride = typeof strides === "number" ? strides ** 2 : sizeOf(strides);
  return sizeOf(x.shape, 0, 3) * sizeOf(filter.shape) <= most * stride;
}

function theirsIsFaster(inputs: Inputs, attrs: ConvolutionAttrs, inThreads: boolean): boolean {
  if (inThreads) return isTheirs(inputs, attrs, MAX_THEIRS_SPLIT);
  const [height = 1, width = 1, , multiplier = 1] = inputs.filter.shape;
  return isTheirs(inputs, attrs, multiplier === 1 && height * width < MIN_TAPS ? Number.POSITIVE_INFINITY : MAX_THEIRS);
}

/** Output: y. */
export const DepthwiseConv2dNative: NamesakeKernel<Inputs, ConvolutionAttrs, ConvolutionView> = {
  name: "DepthwiseConv2dNative",
  op: "depthwiseConv2d",
  check(inputs, attrs) {
    return checkInputs(this.op, inputs, attrs);
  },
  plan: planOf,
  theirsIsFaster,
};

/** Output: activation(convolution + bias), as FusedConv2D has it. */
export const FusedDepthwiseConv2D: NamesakeKernel<FusedInputs, FusedAttrs, ConvolutionView> = {
  name: "FusedDepthwiseConv2D",
  op: "fused.depthwiseConv2d",
  check(inputs, attrs) {
    const { bias, preluActivationWeights: slopes } = inputs;
    const view = checkInputs(this.op, inputs, attrs);
    checkActivation(this.op, attrs.activation ?? "linear", slopes);
    checkPerChannel(this.op, "bias", bias, view.outChannels);
    checkPerChannel(this.op, "preluActivationWeights", slopes, view.outChannels);
    return view;
  },
  plan: planOf,
  theirsTakes: () => true,
  theirsIsFaster,
};
