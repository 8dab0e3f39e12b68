import { checkMixture, type MixtureAttrs, type MixtureInputs, type MixtureView } from "../arguments.js";
import type { MixtureKernels } from "../binary/module.js";
import { type BinaryKernel, type Job, pieces } from "../launch/plan.js";
import { type MixtureNames, mixtureTable } from "./mixtureTable.js";

/** Output: the responsibilities, x.shape + [K]. */
export const MixtureResponsibilities: BinaryKernel<MixtureInputs, MixtureAttrs, MixtureView, MixtureKernels> = {
  name: "MixtureResponsibilities",
  op: "mixtureResponsibilities",
  check(inputs, attrs) {
    return checkMixture(this.op, inputs, attrs);
  },
  job: (kernels, inputs, attrs, view): Job<MixtureNames<"tau">> => ({
    ...mixtureTable(kernels, inputs, view, attrs),
    along: { tau: [...inputs.x.shape, view.components] },
    passes: [pieces(kernels, "mixture_responsibilities_apply", ["x", "tau"])],
  }),
};
