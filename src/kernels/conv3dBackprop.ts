import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, wholePass } from "../launch/plan.js";
import { convolutionPlan, forFilterGradient, forInputGradient } from "./convolutionPlan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkVolumeConvolution, type VolumeAttrs, type VolumeView } from "./volume.js";

type FilterInputs = { x: TensorInfo; dy: TensorInfo };
type FilterAttrs = VolumeAttrs & { filterShape: number[] };

/** Output: dW, of shape filterShape, [depth, height, width, inChannels, outChannels]. */
export const Conv3DBackpropFilterV2: BinaryKernel<FilterInputs, FilterAttrs, VolumeView> = {
  name: "Conv3DBackpropFilterV2",
  op: "conv3dBackpropFilter",
  check(inputs, attrs) {
    return checkVolumeConvolution(this.op, inputs, inputs.x.shape, attrs.filterShape, attrs);
  },
  plan: (binary, { x, dy }, { filterShape }, view): KernelPlan<"x" | "dy" | "dw"> => ({
    ...convolutionPlan(binary, view, forFilterGradient),
    inputs: { x, dy },
    outputs: { dw: filterShape },
    passes: [wholePass(({ table, x, dy, dw }) => binary.conv3d_backprop_filter_apply(table, x, dy, dw))],
  }),
};

type InputInputs = { dy: TensorInfo; filter: TensorInfo };
type InputAttrs = VolumeAttrs & { inputShape: number[] };

/** Output: dx, of shape inputShape. Also the forward pass of transposed convolutions. */
export const Conv3DBackpropInputV2: BinaryKernel<InputInputs, InputAttrs, VolumeView> = {
  name: "Conv3DBackpropInputV2",
  op: "conv3dBackpropInput",
  check(inputs, attrs) {
    return checkVolumeConvolution(this.op, inputs, attrs.inputShape, inputs.filter.shape, attrs);
  },
  plan: (binary, { dy, filter }, { inputShape }, view): KernelPlan<"dy" | "filter" | "dx"> => ({
    ...convolutionPlan(binary, view, forInputGradient),
    inputs: { dy, filter },
    outputs: { dx: inputShape },
    passes: [wholePass(({ table, dy, filter, dx }) => binary.conv3d_backprop_input_apply(table, dy, filter, dx))],
  }),
};
