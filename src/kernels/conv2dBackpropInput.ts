import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { BinaryKernel, Job } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution, convolutionJob } from "./convolution.js";

type Inputs = { dy: TensorInfo; filter: TensorInfo };
type Attrs = ConvolutionAttrs & { inputShape: number[] };

/** Output: dx, of shape inputShape. Also the forward pass of transposed convolutions. */
export const Conv2DBackpropInput: BinaryKernel<Inputs, Attrs, ConvolutionView> = {
  name: "Conv2DBackpropInput",
  op: "conv2dBackpropInput",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, attrs.inputShape, inputs.filter.shape, { ...attrs, dilations: 1 }, false);
  },
  job: (kernels, { dy, filter }, { inputShape }, view): Job<"dy" | "filter" | "dx"> => ({
    ...convolutionJob(kernels, "input", view),
    parameters: { dy, filter },
    results: { dx: inputShape },
    passes: [{ finish: ({ table, dy, filter, dx }) => kernels.conv2d_backprop_input_apply(table, dy, filter, dx) }],
  }),
};
