import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  checkFloat32,
  checkNorm,
  checkPerChannel,
  checkPrior,
  checkShape,
  type MixtureView,
  type NormAttrs,
  normalizeAxis,
  type PriorInputs,
} from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import { STANDARD_ROWS } from "../constants.js";
import { type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import type { MixtureNames } from "./mixturePlan.js";
import type { NormGradInputs, NormInputs } from "./unsupervisedAdaptiveNorm.js";

// Unsupervised Adaptive Normalization of activations whose mean and variance are taken out (docs/math.md, section 2.5).

export type StandardizedInputs = NormInputs & PriorInputs;

export interface StandardizedGradInputs extends NormGradInputs {
  /** As the forward pass had it. */
  standard: TensorInfo;
}

type Priors = "priorMean" | "priorVariance" | "priorMass";

/** The part of a plan that both kernels share: the table, and x. */
function standardizedPlan(
  binary: StandaloneExports,
  { x, mean, variance, prior, gamma, beta }: NormInputs,
  { size, channels, inner, components }: MixtureView,
  { epsilon, formula }: NormAttrs,
  { accumulatorCount, fold }: { accumulatorCount?: (slots: number) => number; fold: boolean },
) {
  const ucb = formula === "ucb";
  const slots = binary.mixture_slot_count(components, epsilon, ucb);
  const accumulators = accumulatorCount?.(slots) ?? 0;
  return {
    count: size,
    chunkAlignment: binary.walk_alignment(channels, inner),
    tableBytes: binary.uan_standardized_table_bytes(channels, inner, slots, accumulators),
    inputs: { mean, variance, prior, gamma, beta },
    streamedInputs: { x },
    streamedOutputs: {},
    outputs: {},
    passes: [],
    prepare({ table, mean, variance, prior, gamma, beta }) {
      // biome-ignore format: one line
      binary.uan_standardized_prepare(table, mean, variance, prior, gamma, beta, size, channels, inner, components, accumulators, epsilon, fold, ucb);
    },
  } satisfies KernelPlan<MixtureNames<never>>;
}

/** Outputs: the gradients of x (like x), mean and variance [K, C], prior [K], gamma and beta [C], of Σ dy·y. */
export const StandardizedMixtureNormGrad: BinaryKernel<StandardizedGradInputs, NormAttrs, MixtureView, StandaloneExports> = {
  name: "StandardizedMixtureNormGrad",
  op: "unsupervisedAdaptiveNormalization's gradient",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    const { channels } = view;
    checkFloat32(this.op, "dy", inputs.dy);
    checkShape(this.op, "dy", inputs.dy, inputs.x.shape);
    checkPerChannel(this.op, "gamma", inputs.gamma, channels);
    checkFloat32(this.op, "standard", inputs.standard);
    checkShape(this.op, "standard", inputs.standard, [STANDARD_ROWS, channels]);
    return view;
  },
  plan(binary, inputs, attrs, view) {
    const { x, dy, mean, standard } = inputs;
    const { channels, components } = view;
    const shared = standardizedPlan(binary, inputs, view, attrs, {
      accumulatorCount: binary.uan_grad_accumulator_count,
      fold: false,
    });
    type Gradients = "dx" | "dmean" | "dvariance" | "dprior" | "dgamma" | "dbeta";
    const plan: KernelPlan<MixtureNames<"dy" | "standard" | Gradients>> = {
      ...shared,
      inputs: { ...shared.inputs, standard },
      streamedInputs: { x, dy },
      streamedOutputs: { dx: x.shape },
      outputs: {
        dmean: mean.shape,
        dvariance: mean.shape,
        dprior: [components],
        dgamma: [channels],
        dbeta: [channels],
      },
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
    checkPerChannel(this.op, "gamma", inputs.gamma, view.channels);
    checkPerChannel(this.op, "beta", inputs.beta, view.channels);
    checkPrior(this.op, inputs, view.channels);
    return view;
  },
  plan(binary, inputs, attrs, view) {
    const { channels } = view;
    const { priorMean, priorVariance, priorMass } = inputs;
    const shared = standardizedPlan(binary, inputs, view, attrs, { fold: true });
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

function channelsOf({ x }: Pick<StandardizedInputs, "x">, { axis }: NormAttrs): number[] {
  return [x.shape[normalizeAxis("unsupervisedAdaptiveNormalization", axis, x.shape.length)] as number];
}
