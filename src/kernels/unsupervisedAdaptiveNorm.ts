import {
  checkGammaAndBeta,
  checkNorm,
  type MixtureInputs,
  type MixtureView,
  type NormAttrs,
  type PerChannel,
} from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import {
  channelsOf,
  checkGradient,
  type GradientNames,
  gradientTensors,
  type MixtureNames,
  mixturePlan,
  type NormGradInputs,
} from "./mixturePlan.js";

export type NormInputs = MixtureInputs & PerChannel;

/** Outputs: the gradients of x (like x), mean and variance [K, C], prior [K], gamma and beta [C], of Σ dy·y. */
export const UnsupervisedAdaptiveNormGrad: BinaryKernel<NormGradInputs, NormAttrs, MixtureView, StandaloneExports> = {
  name: "UnsupervisedAdaptiveNormGrad",
  op: "unsupervisedAdaptiveNormalization's gradient",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    checkGradient(this.op, inputs, view);
    return view;
  },
  plan(binary, inputs, attrs, view): KernelPlan<MixtureNames<"dy" | GradientNames>> {
    return {
      ...mixturePlan(binary, inputs, view, attrs, { accumulatorCount: binary.uan_grad_accumulator_count }),
      ...gradientTensors(inputs, view),
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
    checkGammaAndBeta(this.op, inputs, view.channels);
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
    ones: { gamma: channelsOf },
  },
};
