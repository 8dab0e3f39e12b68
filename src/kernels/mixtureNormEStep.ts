import type { MixtureInputs, MixtureView } from "../arguments.js";
import { type Addresses, type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkRows, type RowAttrs, type RowNames, rowPlan } from "./mixtureNormPlan.js";

export interface EStepAttrs extends RowAttrs {
  /** Whether the M step follows: the moments by the new responsibilities. */
  moments: boolean;
}

type Moments = "prior" | "variance" | "newPrior" | "newMean" | "newVariance";

/**
 * A step of EM. Outputs: the responsibilities nu [N, K]; with `moments`, also the prior [K], mean and variance [K, C] that they give.
 * A component without mass keeps its mean and variance.
 */
export const MixtureNormEStep: BinaryKernel<MixtureInputs, EStepAttrs, MixtureView> = {
  name: "MixtureNormEStep",
  op: "mixtureNormalization's EM step",
  check(inputs, attrs) {
    return checkRows(this.op, inputs, attrs);
  },
  plan(binary, inputs, attrs, view): KernelPlan<RowNames<"nu" | "newPrior" | "newMean" | "newVariance">> {
    const { moments } = attrs;
    const { shape } = inputs.mean;
    return {
      ...rowPlan(binary, inputs, view, attrs),
      streamedOutputs: { nu: [view.outer, view.components] },
      outputs: moments ? { newPrior: [view.components], newMean: shape, newVariance: shape } : {},
      passes: [
        moments
          ? parallelPass(binary, "mixture_norm_e_step_accumulate", ["x", "nu"], {
              merge: "mixture_norm_merge",
              finalize: ({ table, prior, variance, newPrior, newMean, newVariance }: Addresses<Moments>) =>
                binary.mixture_norm_m_step_finalize(table, prior, variance, newPrior, newMean, newVariance),
            })
          : parallelPass(binary, "mixture_norm_e_step_apply", ["x", "nu"]),
      ],
    };
  },
};
