import type { MixtureInputs, MixtureView } from "../arguments.js";
import { type KernelPlan, serialPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkRows, type RowAttrs, type RowNames, rowPlan } from "./mixtureNormPlan.js";

export interface EStepAttrs extends RowAttrs {
  /** Whether the M step follows: the moments by the new responsibilities. */
  moments: boolean;
}

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
        serialPass(
          ["x", "nu"],
          ({ table, x, nu }, _, count) => binary.mixture_norm_e_step_apply(table, x, nu, count, moments),
          ({ table, prior, variance, newPrior, newMean, newVariance }) => {
            if (moments) binary.mixture_norm_m_step_finalize(table, prior, variance, newPrior, newMean, newVariance);
          },
        ),
      ],
    };
  },
};
