import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkShape } from "../arguments.js";
import { type KernelPlan, wholePass } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkRank4 } from "./convolution.js";
import { convolutionPlan, forPoolGradient } from "./convolutionPlan.js";
import type { BinaryKernel } from "./declaration.js";

type Inputs = { dy: TensorInfo; input: TensorInfo };
type Attrs = Pick<ConvolutionAttrs, "strides" | "pad" | "dimRoundingMode"> & { filterSize: number | [number, number] };

function checkPool(op: string, { dy, input }: Inputs, { filterSize, strides, pad, dimRoundingMode }: Attrs): ConvolutionView {
  const shape = checkRank4(op, "input", input.shape);
  const view = backend_util.computePool2DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  checkFloat32(op, "dy", dy);
  checkFloat32(op, "input", input);
  checkShape(op, "dy", dy, view.outShape);
  return view;
}

/** Output: dx, like the input. The output of the pool, which TensorFlow.js hands over too, is not needed. */
export const MaxPoolGrad: BinaryKernel<Inputs, Attrs, ConvolutionView> = {
  name: "MaxPoolGrad",
  op: "maxPoolGrad",
  check(inputs, attrs) {
    return checkPool(this.op, inputs, attrs);
  },
  plan: (binary, { dy, input }, _, view): KernelPlan<"dy" | "input" | "dx"> => ({
    ...convolutionPlan(binary, view, forPoolGradient),
    inputs: { dy, input },
    outputs: { dx: input.shape },
    passes: [wholePass(({ table, dy, input, dx }) => binary.max_pool_grad_apply(table, input, dy, dx))],
  }),
};

/** Output: dx, like the input. */
export const AvgPoolGrad: BinaryKernel<Inputs, Attrs, ConvolutionView> = {
  name: "AvgPoolGrad",
  op: "avgPoolGrad",
  check(inputs, attrs) {
    return checkPool(this.op, inputs, attrs);
  },
  plan: (binary, { dy, input }, _, view): KernelPlan<"dy" | "dx"> => ({
    ...convolutionPlan(binary, view, forPoolGradient),
    inputs: { dy },
    outputs: { dx: input.shape },
    passes: [wholePass(({ table, dy, dx }) => binary.average_pool_grad_apply(table, dy, dx))],
  }),
};
