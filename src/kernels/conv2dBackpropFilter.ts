import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { BinaryKernel, Job } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution, convolutionJob } from "./convolution.js";

type Inputs = { x: TensorInfo; dy: TensorInfo };
type Attrs = ConvolutionAttrs & { filterShape: number[] };

/** Output: dW, of shape filterShape, [height, width, inChannels, outChannels]. */
export const Conv2DBackpropFilter: BinaryKernel<Inputs, Attrs, ConvolutionView> = {
  name: "Conv2DBackpropFilter",
  op: "conv2dBackpropFilter",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, inputs.x.shape, attrs.filterShape, { ...attrs, dilations: 1 }, false);
  },
  job: (kernels, { x, dy }, { filterShape }, view): Job<"x" | "dy" | "dw"> => ({
    ...convolutionJob(kernels, "filter", view),
    parameters: { x, dy },
    results: { dw: filterShape },
    passes: [{ finish: ({ table, x, dy, dw }) => kernels.conv2d_backprop_filter_apply(table, x, dy, dw) }],
  }),
};
