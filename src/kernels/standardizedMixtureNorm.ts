import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  checkGammaAndBeta,
  checkNorm,
  checkPrior,
  checkTensor,
  type MixtureView,
  type NormAttrs,
  type PriorInputs,
} from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import { STANDARD_ROWS } from "../constants.js";
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
import type { NormInputs } from "./unsupervisedAdaptiveNorm.js";

// Unsupervised Adaptive Normalization of activations whose mean and variance are taken out (docs/math.md, section 2.5).

export type StandardizedInputs = NormInputs & PriorInputs;

export interface StandardizedGradInputs extends NormGradInputs {
  /** As the forward pass had it. */
  standard: TensorInfo;
}

type Priors = "priorMean" | "priorVariance" | "priorMass";

/** Outputs: the gradients of x (like x), mean and variance [K, C], prior [K], gamma and beta [C], of Σ dy·y. */
export const StandardizedMixtureNormGrad: BinaryKernel<StandardizedGradInputs, NormAttrs, MixtureView, StandaloneExports> = {
  name: "StandardizedMixtureNormGrad",
  op: "unsupervisedAdaptiveNormalization's gradient",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    const { channels } = view;
    checkGradient(this.op, inputs, view);
    checkTensor(this.op, "standard", inputs.standard, [STANDARD_ROWS, channels]);
    return view;
  },
  plan(binary, inputs, attrs, view) {
    const { standard } = inputs;
    const shared = mixturePlan(binary, inputs, view, attrs, {
      accumulatorCount: binary.uan_grad_accumulator_count,
      standardized: true,
    });
    const plan: KernelPlan<MixtureNames<"dy" | "standard" | GradientNames>> = {
      ...shared,
      inputs: { ...shared.inputs, standard },
      ...gradientTensors(inputs, view),
      prepare(at) {
        shared.prepare(at);
        binary.uan_standardized_grad_prepare(at.table, at.standard);
      },
      passes: [
        // dx first is the gradient of the standardized activations.
        parallelPass(binary, "uan_standardized_grad_apply", ["x", "dy", "dx"], {
          merge: "uan_standardized_grad_merge",
          finalize: ({ table, standard, dmean, dvariance, dprior, dgamma, dbeta }) =>
            binary.uan_standardized_grad_finalize(table, standard, dmean, dvariance, dprior, dgamma, dbeta),
        }),
        parallelPass(binary, "norm_grad_apply", ["x", "dx", "dx"]),
      ],
    };
    return plan;
  },
};

/**
 * Outputs: y, like x; the batch's own mean and variance [C]; and standard [STANDARD_ROWS, C]: the mean and the variance by which it is
 * standardized, what the mean lost when it was rounded to float32, and the prior's mean, variance and mass, 0 without a prior. Only y
 * carries a gradient.
 */
export const StandardizedMixtureNorm: BinaryKernel<StandardizedInputs, NormAttrs, MixtureView, StandaloneExports> = {
  name: "StandardizedMixtureNorm",
  op: "unsupervisedAdaptiveNormalization",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    checkGammaAndBeta(this.op, inputs, view.channels);
    checkPrior(this.op, inputs, view.channels);
    return view;
  },
  plan(binary, inputs, attrs, view) {
    const { channels } = view;
    const { priorMean, priorVariance, priorMass } = inputs;
    const shared = mixturePlan(binary, inputs, view, attrs, { fold: true, standardized: true });
    const plan: KernelPlan<MixtureNames<"y" | Priors | "ownMean" | "ownVariance" | "standard">> = {
      ...shared,
      inputs: { ...shared.inputs, priorMean, priorVariance, priorMass },
      streamedOutputs: { y: inputs.x.shape },
      outputs: { ownMean: [channels], ownVariance: [channels], standard: [STANDARD_ROWS, channels] },
      passes: [
        parallelPass(binary, "norm_moments_accumulate", ["x"], {
          merge: "norm_moments_merge",
          finalize: ({ table, priorMean, priorVariance, priorMass, ownMean, ownVariance, standard }) =>
            // biome-ignore format: one line
            binary.uan_standardized_finalize(table, priorMean, priorVariance, priorMass, ownMean, ownVariance, standard),
        }),
        parallelPass(binary, "uan_standardized_apply", ["x", "y"]),
      ],
    };
    return plan;
  },
  gradient: {
    kernel: StandardizedMixtureNormGrad,
    savedInputs: ["x", "mean", "variance", "prior", "gamma"],
    savedOutputs: [undefined, undefined, undefined, "standard"],
    gradients: ["x", "mean", "variance", "prior", "gamma", "beta"],
    constants: { priorMean: channelsOf, priorVariance: channelsOf, priorMass: () => [] },
    ones: { gamma: channelsOf },
  },
};
