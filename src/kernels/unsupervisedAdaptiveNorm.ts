import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  checkFloat32,
  checkNorm,
  checkPerChannel,
  checkShape,
  type MixtureInputs,
  type MixtureView,
  type NormAttrs,
  normalizeAxis,
  type PerChannel,
} from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { type MixtureNames, mixturePlan } from "./mixturePlan.js";

export type NormInputs = MixtureInputs & PerChannel;

export interface NormGradInputs extends MixtureInputs {
  dy: TensorInfo;
  gamma?: TensorInfo | undefined;
}

/** Outputs: the gradients of x (like x), mean and variance [K, C], prior [K], gamma and beta [C], of Σ dy·y. */
export const UnsupervisedAdaptiveNormGrad: BinaryKernel<NormGradInputs, NormAttrs, MixtureView, StandaloneExports> = {
  name: "UnsupervisedAdaptiveNormGrad",
  op: "unsupervisedAdaptiveNormalization's gradient",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    checkFloat32(this.op, "dy", inputs.dy);
    checkShape(this.op, "dy", inputs.dy, inputs.x.shape);
    checkPerChannel(this.op, "gamma", inputs.gamma, view.channels);
    return view;
  },
  plan(
    binary,
    inputs,
    attrs,
    view,
  ): KernelPlan<MixtureNames<"dy" | "dx" | "dmean" | "dvariance" | "dprior" | "dgamma" | "dbeta">> {
    const { x, dy, mean } = inputs;
    const { channels, components } = view;
    return {
      ...mixturePlan(binary, inputs, view, attrs, { accumulatorCount: binary.uan_grad_accumulator_count }),
      streamedInputs: { x, dy },
      streamedOutputs: { dx: x.shape },
      outputs: {
        dmean: mean.shape,
        dvariance: mean.shape,
        dprior: [components],
        dgamma: [channels],
        dbeta: [channels],
      },
      passes: [
        parallelPass(binary, "uan_grad_apply", ["x", "dy", "dx"], {
          merge: "mixture_merge",
          finalize: ({ table, dmean, dvariance, dprior, dgamma, dbeta }) =>
            binary.uan_grad_finalize(table, dmean, dvariance, dprior, dgamma, dbeta),
        }),
      ],
    };
  },
};

/** Output: y, like x. */
export const UnsupervisedAdaptiveNorm: BinaryKernel<NormInputs, NormAttrs, MixtureView, StandaloneExports> = {
  name: "UnsupervisedAdaptiveNorm",
  op: "unsupervisedAdaptiveNormalization",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    checkPerChannel(this.op, "gamma", inputs.gamma, view.channels);
    checkPerChannel(this.op, "beta", inputs.beta, view.channels);
    return view;
  },
  plan: (binary, inputs, attrs, view): KernelPlan<MixtureNames<"y">> => ({
    ...mixturePlan(binary, inputs, view, attrs, { fold: true }),
    streamedOutputs: { y: inputs.x.shape },
    passes: [parallelPass(binary, "uan_apply", ["x", "y"])],
  }),
  gradient: {
    kernel: UnsupervisedAdaptiveNormGrad,
    savedInputs: ["x", "mean", "variance", "prior", "gamma"],
    gradients: ["x", "mean", "variance", "prior", "gamma", "beta"],
    ones: {
      gamma({ x }: NormInputs, { axis }: NormAttrs) {
        return [x.shape[normalizeAxis("unsupervisedAdaptiveNormalization", axis, x.shape.length)] as number];
      },
    },
  },
};
