import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, wholePass } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forFilterGradient } from "./convolutionPlan.js";
import { convolutionProduct, filterGradientByProduct } from "./convolutionProduct.js";
import type { BinaryKernel } from "./declaration.js";
import { hasWinogradTaps, isFasterByWinograd, winogradFilterGradientPlan, winogradSizes } from "./winograd.js";

type Inputs = { x: TensorInfo; dy: TensorInfo };
type Attrs = ConvolutionAttrs & { filterShape: number[] };

/** Output: dW, of shape filterShape, [height, width, inChannels, outChannels]. */
export const Conv2DBackpropFilter: BinaryKernel<Inputs, Attrs, ConvolutionView> = {
  name: "Conv2DBackpropFilter",
  op: "conv2dBackpropFilter",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, inputs.x.shape, attrs.filterShape, attrs, false);
  },
  plan(binary, { x, dy }, attrs, view) {
    const product = convolutionProduct(view);
    if (product) return filterGradientByProduct(binary, product, { x, dy }, attrs.filterShape);
    if (hasWinogradTaps(attrs.filterShape, attrs)) {
      const sizes = winogradSizes(view);
      if (isFasterByWinograd(sizes)) return winogradFilterGradientPlan(binary, sizes, { x, dy });
    }
    const plan: KernelPlan<"x" | "dy" | "dw"> = {
      ...convolutionPlan(binary, view, forFilterGradient),
      inputs: { x, dy },
      outputs: { dw: attrs.filterShape },
      passes: [wholePass(({ table, x, dy, dw }) => binary.conv2d_backprop_filter_apply(table, x, dy, dw))],
    };
    return plan;
  },
};
