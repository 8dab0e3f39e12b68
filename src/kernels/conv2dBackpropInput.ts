import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, sizeOf, wholePass } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forInputGradient } from "./convolutionPlan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { dy: TensorInfo; filter: TensorInfo };
type Attrs = ConvolutionAttrs & { inputShape: number[] };

/** Multiplications up to which TensorFlow.js's kernel, which does nothing but its loops, is done before ours has packed an operand. */
const MAX_THEIRS = 4096;

type Shape4D = [number, number, number, number];

/** Output: dx, of shape inputShape. Also the forward pass of transposed convolutions. */
export const Conv2DBackpropInput: NamesakeKernel<Inputs, Attrs, ConvolutionView> = {
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
  // TensorFlow.js's kernel leaves out what dy has too many of, batches, rows or columns.
  theirsTakes({ dy, filter }, { inputShape, strides, pad, dataFormat = "NHWC", dimRoundingMode, dilations = 1 }) {
    if (inputShape.length !== 4 || dy.shape.length !== 4 || filter.shape.length !== 4) return false;
    if ([dilations].flat().some((dilation) => dilation !== 1)) return false;
    const shapes = [inputShape, filter.shape] as [Shape4D, Shape4D];
    const format = backend_util.convertConv2DDataFormat(dataFormat);
    const view = backend_util.computeConv2DInfo(...shapes, strides, 1, pad, dimRoundingMode, false, format);
    const channelAxis = dataFormat === "NHWC" ? 3 : 1;
    return (
      filter.shape[2] === view.inChannels &&
      dy.shape[channelAxis] === view.outChannels &&
      dy.shape.every((size, axis) => size >= (view.outShape[axis] as number))
    );
  },
  theirsIsFaster: ({ dy, filter }) => sizeOf(dy.shape) * sizeOf(filter.shape, 0, 3) <= MAX_THEIRS,
};
