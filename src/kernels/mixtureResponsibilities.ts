import { checkMixture, type MixtureAttrs, type MixtureInputs, type MixtureView } from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { type MixtureNames, mixturePlan } from "./mixturePlan.js";

/** Output: the responsibilities, x.shape + [K]. */
export const MixtureResponsibilities: BinaryKernel<MixtureInputs, MixtureAttrs, MixtureView, StandaloneExports> = {
  name: "MixtureResponsibilities",
  op: "mixtureResponsibilities",
  check(inputs, attrs) {
    return checkMixture(this.op, inputs, attrs);
  },
  plan: (binary, inputs, attrs, view): KernelPlan<MixtureNames<"tau">> => ({
    ...mixturePlan(binary, inputs, view, attrs),
    streamedOutputs: { tau: [...inputs.x.shape, view.components] },
    passes: [parallelPass(binary, "mixture_responsibilities_apply", ["x", "tau"])],
  }),
};
