import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, parallelPass, sizeOf } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forDepthwise, forDepthwiseInputGradient } from "./convolutionPlan.js";
import type { BinaryKernel } from "./declaration.js";
import { minDepthwiseChunk } from "./depthwiseConv2d.js";

/** Pixels of dy in a chunk, at least, so that copies and sums of dW take little time beside it. */
const MIN_CHUNK_PIXELS = 256;

/** Output: dW, of shape filterShape, [height, width, inChannels, multiplier]. */
export const DepthwiseConv2dNativeBackpropFilter: BinaryKernel<
  { x: TensorInfo; dy: TensorInfo },
  ConvolutionAttrs & { filterShape: number[] },
  ConvolutionView
> = {
  name: "DepthwiseConv2dNativeBackpropFilter",
  op: "depthwiseConv2dNativeBackpropFilter",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, inputs.x.shape, attrs.filterShape, attrs, true);
  },
  plan: (binary, { x, dy }, { filterShape }, view): KernelPlan<"x" | "dy" | "dw"> => ({
    ...convolutionPlan(binary, view, forDepthwise, { accumulators: sizeOf(filterShape) }),
    inputs: { x },
    streamedInputs: { dy },
    outputs: { dw: filterShape },
    count: sizeOf(dy.shape),
    chunkAlignment: Math.max(view.outWidth * view.outChannels, 1),
    minChunk: Math.max(minDepthwiseChunk(view), MIN_CHUNK_PIXELS * view.outChannels),
    prepare: ({ table }) => binary.depthwise_backprop_filter_prepare(table),
    passes: [
      parallelPass(binary, "depthwise_backprop_filter_accumulate", ["x", "dy"], {
        merge: "depthwise_backprop_filter_merge",
        finalize: ({ table, dw }) => binary.depthwise_backprop_filter_finalize(table, dw),
      }),
    ],
  }),
};

/** Output: dx, of shape inputShape. */
export const DepthwiseConv2dNativeBackpropInput: BinaryKernel<
  { dy: TensorInfo; filter: TensorInfo },
  ConvolutionAttrs & { inputShape: number[] },
  ConvolutionView
> = {
  name: "DepthwiseConv2dNativeBackpropInput",
  op: "depthwiseConv2dNativeBackpropInput",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, attrs.inputShape, inputs.filter.shape, attrs, true);
  },
  plan: (binary, { dy, filter }, { inputShape }, view): KernelPlan<"dy" | "filter" | "dx"> => ({
    ...convolutionPlan(binary, view, forDepthwiseInputGradient),
    inputs: { dy, filter },
    streamedOutputs: { dx: inputShape },
    count: sizeOf(inputShape),
    chunkAlignment: Math.max(view.inWidth * view.inChannels, 1),
    minChunk: minDepthwiseChunk(view),
    passes: [parallelPass(binary, "depthwise_backprop_input_apply", ["dy", "filter", "dx"])],
  }),
};
