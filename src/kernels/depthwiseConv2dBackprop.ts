import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, wholePass } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forDepthwise, forDepthwiseInputGradient } from "./convolutionPlan.js";
import type { BinaryKernel } from "./declaration.js";

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
    ...convolutionPlan(binary, view, forDepthwise),
    inputs: { x, dy },
    outputs: { dw: filterShape },
    passes: [wholePass(({ table, x, dy, dw }) => binary.depthwise_backprop_filter_apply(table, x, dy, dw))],
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
    outputs: { dx: inputShape },
    passes: [wholePass(({ table, dy, filter, dx }) => binary.depthwise_backprop_input_apply(table, dy, filter, dx))],
  }),
};
