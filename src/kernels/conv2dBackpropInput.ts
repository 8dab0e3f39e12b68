import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import { type KernelPlan, parallelPass, sizeOf, wholePass } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution, type Shape4D } from "./convolution.js";
import { chunkOf, convolutionPlan, forInputGradient } from "./convolutionPlan.js";
import { convolutionProduct, inputGradientByProduct } from "./convolutionProduct.js";
import type { NamesakeKernel } from "./declaration.js";
import { hasWinogradTaps, inputGradientSizes, isFasterByWinograd, winogradPlan } from "./winograd.js";

type Inputs = { dy: TensorInfo; filter: TensorInfo };
type Attrs = ConvolutionAttrs & { inputShape: number[] };

/** Multiplications up to which TensorFlow.js's kernel, which does nothing but its loops, is done before ours has packed an operand. */
const MAX_THEIRS = 4096;

/** Output: dx, of shape inputShape. Also the forward pass of transposed convolutions. */
export const Conv2DBackpropInput: NamesakeKernel<Inputs, Attrs, ConvolutionView> = {
  name: "Conv2DBackpropInput",
  op: "conv2dBackpropInput",
  check(inputs, attrs) {
    const view = checkConvolution(this.op, inputs, attrs.inputShape, inputs.filter.shape, attrs, false);
    const { strideHeight, strideWidth, dilationHeight, dilationWidth } = view;
    if ((strideHeight > 1 && dilationHeight > 1) || (strideWidth > 1 && dilationWidth > 1)) {
      const got = `[${dilationHeight}, ${dilationWidth}] with strides [${strideHeight}, ${strideWidth}]`;
      throw argumentError(this.op, "dilations", "be 1 along axes whose strides are not", got);
    }
    return view;
  },
  plan(binary, { dy, filter }, attrs, view) {
    const product = convolutionProduct(view);
    if (product) return inputGradientByProduct(binary, product, { dy, filter }, attrs.inputShape);
    if (hasWinogradTaps(filter.shape, attrs)) {
      const sizes = inputGradientSizes(view);
      if (isFasterByWinograd(sizes)) return winogradPlan(binary, sizes, { x: dy, filter });
    }
    const { inHeight, inWidth, inChannels, strideHeight, strideWidth } = view;
    const row = inWidth * inChannels;
    const work = (sizeOf(filter.shape, 0, 2) * view.outChannels) / (strideHeight * strideWidth);
    const plan: KernelPlan<"dy" | "filter" | "shared" | "dx"> = {
      ...convolutionPlan(binary, view, forInputGradient),
      inputs: { dy, filter },
      streamedOutputs: { dx: attrs.inputShape },
      count: sizeOf(attrs.inputShape),
      chunkAlignment: Math.max(view.dataFormat === "channelsLast" ? row : inHeight * row, 1),
      minChunk: chunkOf(work),
      passes: [
        wholePass(({ table, filter, shared }) => binary.conv2d_backprop_input_filter_apply(table, filter, shared)),
        parallelPass(binary, "conv2d_backprop_input_apply", ["dy", "shared", "dx"]),
      ],
    };
    return plan;
  },
  // TensorFlow.js's kernel leaves out what dy has too many of, batches, rows or columns.
  theirsTakes({ dy, filter }, { inputShape, strides, pad, dataFormat = "NHWC", dimRoundingMode, dilations }) {
    if (inputShape.length !== 4 || dy.shape.length !== 4 || filter.shape.length !== 4) return false;
    if ([dilations ?? 1].flat().some((dilation) => dilation !== 1)) return false;
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
