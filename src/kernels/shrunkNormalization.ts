import { checkPrior, checkTensor, type PriorInputs } from "../arguments.js";
import { type Addresses, type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import {
  checkNormalization,
  type NormalizationGradInputs,
  type NormalizationInputs,
  normalizationGradPlan,
  normalizationPlan,
} from "./normalization.js";
import { asOneSlice, type NormalizationInferenceAttrs } from "./normalizationInference.js";

export type ShrunkNormalizationInputs = NormalizationInputs & Required<PriorInputs>;
/** mean, variance and residual [channels], by which the forward pass normalized. */
export type ShrunkNormalizationGradInputs = NormalizationGradInputs & Required<PriorInputs>;

/** Outputs: the gradients of x (like x), gamma and beta [channels], of Σ dy·y. */
export const ShrunkNormalizationGrad: BinaryKernel<ShrunkNormalizationGradInputs, NormalizationInferenceAttrs, void> = {
  name: "ShrunkNormalizationGrad",
  op: "batchNormalization's gradient",
  check(inputs, attrs) {
    const { channels } = attrs;
    checkNormalization(this.op, { x: inputs.x, gamma: inputs.gamma }, asOneSlice(attrs));
    checkPrior(this.op, inputs, channels);
    checkTensor(this.op, "dy", inputs.dy, inputs.x.shape);
    for (const argument of ["mean", "variance", "residual"] as const) {
      checkTensor(this.op, argument, inputs[argument], [channels]);
    }
  },
  plan: (binary, inputs, attrs) => normalizationGradPlan(binary, inputs, asOneSlice(attrs), true),
};

/**
 * Batch normalization by a mean and a variance of the batch that are shrunk toward a prior's (docs/math.md, section 2.5).
 *
 * Outputs: y, like x; the batch's own mean and variance; mean, variance and residual by which it is normalized; all [channels]. Only
 * y carries a gradient.
 */
export const ShrunkNormalization: BinaryKernel<ShrunkNormalizationInputs, NormalizationInferenceAttrs, void> = {
  name: "ShrunkNormalization",
  op: "batchNormalization",
  check(inputs, attrs) {
    checkNormalization(this.op, inputs, asOneSlice(attrs));
    checkPrior(this.op, inputs, attrs.channels);
  },
  plan(binary, { x, gamma, beta, priorMean, priorVariance, priorMass }, attrs) {
    const perChannel = [attrs.channels];
    const shared = normalizationPlan(binary, { gamma, beta }, asOneSlice(attrs));
    type Outputs = "ownMean" | "ownVariance" | "mean" | "variance" | "residual";
    type Priors = "priorMean" | "priorVariance" | "priorMass";
    const plan: KernelPlan<"x" | "y" | "gamma" | "beta" | Priors | Outputs> = {
      ...shared,
      inputs: { gamma, beta, priorMean, priorVariance, priorMass },
      prepare(at) {
        shared.prepare(at);
        binary.norm_moments_reset(at.table);
      },
      streamedInputs: { x },
      streamedOutputs: { y: x.shape },
      outputs: { ownMean: perChannel, ownVariance: perChannel, mean: perChannel, variance: perChannel, residual: perChannel },
      passes: [
        parallelPass(binary, "norm_moments_accumulate", ["x"], {
          merge: "norm_moments_merge",
          finalize: (at: Addresses<Priors | Outputs>) => {
            const { table, priorMean, priorVariance, priorMass, ownMean, ownVariance, mean, variance, residual } = at;
            // biome-ignore format: one line
            binary.norm_shrink_finalize(table, priorMean, priorVariance, priorMass, ownMean, ownVariance, mean, variance, residual);
          },
        }),
        parallelPass(binary, "norm_apply", ["x", "y"]),
      ],
    };
    return plan;
  },
  gradient: {
    kernel: ShrunkNormalizationGrad,
    savedInputs: ["x", "gamma", "priorMean", "priorVariance", "priorMass"],
    savedOutputs: [undefined, undefined, undefined, "mean", "variance", "residual"],
    gradients: ["x", "gamma", "beta"],
    constants: { priorMean: channelsOf, priorVariance: channelsOf, priorMass: () => [] },
    ones: { gamma: channelsOf },
  },
};

function channelsOf(_: unknown, { channels }: NormalizationInferenceAttrs): number[] {
  return [channels];
}
