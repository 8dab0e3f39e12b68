import type { MixtureInputs, MixtureView } from "../arguments.js";
import { composedFit } from "../composed/mixtureNorm.js";
import type { Job } from "../launch/plan.js";
import type { KernelSpec } from "../registry/run.js";
import { checkRows, type RowAttrs, type RowNames, rowTable } from "./mixtureNormTable.js";

/** Whether the moments by the responsibilities are wanted, too. */
export interface FitAttrs extends RowAttrs {
  moments: boolean;
}

/**
 * A step of EM. Outputs: the responsibilities nu [N, K]; with `moments`, by these, also prior [K], mean and variance [K, C]. A
 * component without mass keeps its mean and variance.
 */
export const MixtureNormFit: KernelSpec<MixtureInputs, FitAttrs, MixtureView> = {
  name: "MixtureNormFit",
  op: "mixtureNormalization's fit",
  check(inputs, attrs) {
    return checkRows(this.op, inputs, attrs);
  },
  job(kernels, inputs, attrs, view): Job<RowNames<"nu" | "newPrior" | "newMean" | "newVariance">> {
    const { moments } = attrs;
    const { shape } = inputs.mean;
    return {
      ...rowTable(kernels, inputs, view, attrs),
      along: { nu: [view.outer, view.components] },
      results: moments ? { newPrior: [view.components], newMean: shape, newVariance: shape } : {},
      passes: [
        {
          step: ({ table, x, nu }, _, count) => kernels.mixture_norm_e_step_apply(table, x, nu, count, moments),
          finish({ table, prior, variance, newPrior, newMean, newVariance }) {
            if (moments) kernels.mixture_norm_m_step_finalize(table, prior, variance, newPrior, newMean, newVariance);
          },
        },
      ],
    };
  },
  composed: composedFit,
};
