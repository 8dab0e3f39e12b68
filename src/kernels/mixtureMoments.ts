import { checkMixture, type MixtureAttrs, type MixtureInputs, type MixtureView } from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { type MixtureNames, mixturePlan } from "./mixturePlan.js";

/** Outputs: mass, mean and variance, each [K, C]. */
export const MixtureMoments: BinaryKernel<MixtureInputs, MixtureAttrs, MixtureView, StandaloneExports> = {
  name: "MixtureMoments",
  op: "mixtureMoments",
  check(inputs, attrs) {
    return checkMixture(this.op, inputs, attrs);
  },
  plan(binary, inputs, attrs, view): KernelPlan<MixtureNames<"mass" | "newMean" | "newVariance">> {
    const { shape } = inputs.mean;
    return {
      ...mixturePlan(binary, inputs, view, attrs, { accumulatorCount: binary.mixture_moments_accumulator_count }),
      outputs: { mass: shape, newMean: shape, newVariance: shape },
      passes: [
        parallelPass(binary, "mixture_moments_accumulate", ["x"], {
          merge: "mixture_merge",
          finalize: ({ table, mean, variance, mass, newMean, newVariance }) =>
            binary.mixture_moments_finalize(table, mean, variance, mass, newMean, newVariance),
        }),
      ],
    };
  },
};
