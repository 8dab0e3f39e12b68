import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, sizeOf, wholePass } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forDepthwise } from "./convolutionPlan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { x: TensorInfo; filter: TensorInfo };

/** Multiplications up to which XNNPACK, which copies nothing, is faster. */
const MAX_THEIRS = 2 ** 15;
/** So it is for filters of fewer taps, where a channel has one filter, */
const MIN_TAPS = 9;
/** and for fewer channels than a vector has lanes. */
const MIN_CHANNELS = 4;

/** Output: y. */
export const DepthwiseConv2dNative: NamesakeKernel<Inputs, ConvolutionAttrs, ConvolutionView> = {
  name: "DepthwiseConv2dNative",
  op: "depthwiseConv2d",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, inputs.x.shape, inputs.filter.shape, attrs, true);
  },
  plan: (binary, { x, filter }, _, view): KernelPlan<"x" | "filter" | "y"> => ({
    ...convolutionPlan(binary, view, forDepthwise),
    inputs: { x, filter },
    outputs: { y: view.outShape },
    passes: [wholePass(({ table, x, filter, y }) => binary.depthwise_apply(table, x, filter, y))],
  }),
  // TensorFlow.js's kernel takes other dtypes for float32, and leaves the format out.
  theirsIsFaster({ x, filter }, { strides, dataFormat = "NHWC" }) {
    if (x.dtype !== "float32" || filter.dtype !== "float32") return false;
    const [height = 1, width = 1, channels = 1, multiplier = 1] = filter.shape;
    if (dataFormat !== "NHWC" || channels * multiplier < MIN_CHANNELS) return true;
    if (multiplier === 1 && height * width < MIN_TAPS) return true;
    const stride = typeof strides === "number" ? strides ** 2 : sizeOf(strides);
    return sizeOf(x.shape) * multiplier * height * width <= MAX_THEIRS * stride;
  },
};
