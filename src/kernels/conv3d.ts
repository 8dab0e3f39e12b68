import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, parallelPass, sizeOf, wholePass } from "../launch/plan.js";
import { convolutionPlan, forVolume, rowsOf } from "./convolutionPlan.js";
import { convolutionProduct, forwardByProduct } from "./convolutionProduct.js";
import type { NamesakeKernel } from "./declaration.js";
import { checkVolumeConvolution, type VolumeConvolutionAttrs, type VolumeView } from "./volume.js";

type Inputs = { x: TensorInfo; filter: TensorInfo };

/** Multiplications up to which TensorFlow.js's kernel, which does nothing but its loops, is done before ours has packed the filter. */
const MAX_THEIRS = 1024;

/** Output: y. */
export const Conv3D: NamesakeKernel<Inputs, VolumeConvolutionAttrs, VolumeView> = {
  name: "Conv3D",
  op: "conv3d",
  check(inputs, attrs) {
    return checkVolumeConvolution(this.op, inputs, inputs.x.shape, inputs.filter.shape, attrs);
  },
  plan(binary, { x, filter }, _, view) {
    const product = convolutionProduct(view);
    if (product) return forwardByProduct(binary, product, { x, filter }, view.outShape);
    const plan: KernelPlan<"x" | "filter" | "shared" | "y"> = {
      ...convolutionPlan(binary, view, forVolume),
      ...rowsOf(view),
      inputs: { x, filter },
      streamedOutputs: { y: view.outShape },
      passes: [
        wholePass(({ table, filter, shared }) => binary.conv3d_filter_apply(table, filter, shared)),
        parallelPass(binary, "conv3d_apply", ["x", "shared", "y"]),
      ],
    };
    return plan;
  },
  theirsTakes({ x, filter }) {
    return x.shape.length === 5 && filter.shape.length === 5 && x.shape[4] === filter.shape[3];
  },
  theirsIsFaster({ x, filter }, { strides }) {
    const stride = typeof strides === "number" ? strides ** 3 : sizeOf(strides);
    return sizeOf(x.shape, 0, 4) * sizeOf(filter.shape) <= MAX_THEIRS * stride;
  },
};
