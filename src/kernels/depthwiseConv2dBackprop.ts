import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { BinaryKernel, Job } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution, convolutionJob } from "./convolution.js";

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
  job: (kernels, { x, dy }, { filterShape }, view): Job<"x" | "dy" | "dw"> => ({
    ...convolutionJob(kernels, "depthwiseFilter", view),
    parameters: { x, dy },
    results: { dw: filterShape },
    passes: [{ finish: ({ table, x, dy, dw }) => kernels.depthwise_backprop_filter_apply(table, x, dy, dw) }],
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
  job: (kernels, { dy, filter }, { inputShape }, view): Job<"dy" | "filter" | "dx"> => ({
    ...convolutionJob(kernels, "depthwiseInput", view),
    parameters: { dy, filter },
    results: { dx: inputShape },
    passes: [{ finish: ({ table, dy, filter, dx }) => kernels.depthwise_backprop_input_apply(table, dy, filter, dx) }],
  }),
};
