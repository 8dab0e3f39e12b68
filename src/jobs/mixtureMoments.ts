import { checkMixture, type MixtureAttrs, type MixtureInputs, type MixtureView } from "../arguments.js";
import type { MixtureKernels } from "../binary/module.js";
import { type BinaryKernel, type Job, pieces } from "../launch/plan.js";
import { type MixtureNames, mixtureTable } from "./mixtureTable.js";

/** Outputs: mass, mean and variance, each [K, C]. */
export const MixtureMoments: BinaryKernel<MixtureInputs, MixtureAttrs, MixtureView, MixtureKernels> = {
  name: "MixtureMoments",
  op: "mixtureMoments",
  check(inputs, attrs) {
    return checkMixture(this.op, inputs, attrs);
  },
  job(kernels, inputs, attrs, view): Job<MixtureNames<"mass" | "newMean" | "newVariance">> {
    const { shape } = inputs.mean;
    return {
      ...mixtureTable(kernels, inputs, view, attrs, { sums: kernels.mixture_moments_accumulator_count }),
      results: { mass: shape, newMean: shape, newVariance: shape },
      passes: [
        {
          ...pieces(kernels, "mixture_moments_accumulate", ["x"], "mixture_merge"),
          finish: ({ table, mean, variance, mass, newMean, newVariance }) =>
            kernels.mixture_moments_finalize(table, mean, variance, mass, newMean, newVariance),
        },
      ],
    };
  },
};
