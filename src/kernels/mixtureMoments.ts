import { checkMixture, type MixtureAttrs, type MixtureInputs, type MixtureView } from "../arguments.js";
import type { Job } from "../backend/job.js";
import { composedMoments } from "../composed/mixtureMoments.js";
import type { KernelSpec } from "./kernel.js";
import { type MixtureNames, mixtureTable } from "./mixtureTable.js";

/** Outputs: mass, mean and variance, each [K, C]. */
export const MixtureMoments: KernelSpec<MixtureInputs, MixtureAttrs, MixtureView> = {
  name: "MixtureMoments",
  op: "mixtureMoments",
  check(inputs, attrs) {
    return checkMixture(this.op, inputs, attrs);
  },
  job(kernels, inputs, attrs, view): Job<MixtureNames<"mass" | "newMean" | "newVariance">> {
    const { shape } = inputs.mean;
    return {
      ...mixtureTable(kernels, inputs, view, attrs, { sums: kernels.mixture_moments_sums }),
      results: { mass: shape, newMean: shape, newVariance: shape },
      passes: [
        {
          step: ({ table, x }, start, count) => kernels.mixture_moments(table, x, start, count),
          finish: ({ table, mean, variance, mass, newMean, newVariance }) =>
            kernels.mixture_moments_finish(table, mean, variance, mass, newMean, newVariance),
        },
      ],
    };
  },
  composed: composedMoments,
};
