import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkTensor } from "../arguments.js";
import { type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { planWith } from "./pool.js";
import { poolGradientPlan } from "./poolGrad.js";
import { checkVolumePool, type PoolAttrs, type VolumeView } from "./volume.js";

type Inputs = { dy: TensorInfo; input: TensorInfo };

/** Output: y. */
export const MaxPool3D: BinaryKernel<{ x: TensorInfo }, PoolAttrs, VolumeView> = {
  name: "MaxPool3D",
  op: "maxPool3d",
  check({ x }, attrs) {
    return checkVolumePool(this.op, "x", x, attrs);
  },
  plan: planWith("max_pool_apply"),
};

/** Output: y. */
export const AvgPool3D: BinaryKernel<{ x: TensorInfo }, PoolAttrs, VolumeView> = {
  name: "AvgPool3D",
  op: "avgPool3d",
  check({ x }, attrs) {
    return checkVolumePool(this.op, "x", x, attrs);
  },
  plan: planWith("average_pool_apply"),
};

function checkGradient(op: string, { dy, input }: Inputs, attrs: PoolAttrs): VolumeView {
  const view = checkVolumePool(op, "input", input, attrs);
  checkTensor(op, "dy", dy, view.outShape);
  return view;
}

/** Output: dx, like the input. The output of the pool, which TensorFlow.js hands over too, is not needed. */
export const MaxPool3DGrad: BinaryKernel<Inputs, PoolAttrs, VolumeView> = {
  name: "MaxPool3DGrad",
  op: "maxPool3dGrad",
  check(inputs, attrs) {
    return checkGradient(this.op, inputs, attrs);
  },
  plan: (binary, { dy, input }, _, view): KernelPlan<"dy" | "input" | "dx"> => ({
    ...poolGradientPlan(binary, view, input.shape),
    inputs: { dy, input },
    passes: [parallelPass(binary, "max_pool3d_grad_apply", ["input", "dy", "dx"])],
  }),
};

/** Output: dx, like the input. */
export const AvgPool3DGrad: BinaryKernel<Inputs, PoolAttrs, VolumeView> = {
  name: "AvgPool3DGrad",
  op: "avgPool3dGrad",
  check(inputs, attrs) {
    return checkGradient(this.op, inputs, attrs);
  },
  plan: (binary, { dy, input }, _, view): KernelPlan<"dy" | "dx"> => ({
    ...poolGradientPlan(binary, view, input.shape),
    inputs: { dy },
    passes: [parallelPass(binary, "average_pool_grad_apply", ["dy", "dx"])],
  }),
};
