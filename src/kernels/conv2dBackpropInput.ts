import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, wholePass } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forInputGradient } from "./convolutionPlan.js";
import type { BinaryKernel } from "./declaration.js";

type Inputs = { dy: TensorInfo; filter: TensorInfo };
type Attrs = ConvolutionAttrs & { inputShape: number[] };

/** Output: dx, of shape inputShape. Also the forward pass of transposed convolutions. */
export const Conv2DBackpropInput: BinaryKernel<Inputs, Attrs, ConvolutionView> = {
  name: "Conv2DBackpropInput",
  op: "conv2dBackpropInput",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, attrs.inputShape, inputs.filter.shape, { ...attrs, dilations: 1 }, false);
  },
  plan: (binary, { dy, filter }, { inputShape }, view): KernelPlan<"dy" | "filter" | "dx"> => ({
    ...convolutionPlan(binary, view, forInputGradient),
    inputs: { dy, filter },
    outputs: { dx: inputShape },
    passes: [wholePass(({ table, dy, filter, dx }) => binary.conv2d_backprop_input_apply(table, dy, filter, dx))],
  }),
};
