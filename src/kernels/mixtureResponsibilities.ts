import { checkMixture, type MixtureAttrs, type MixtureInputs, type MixtureView } from "../arguments.js";
import type { Job } from "../backend/job.js";
import { composedResponsibilities } from "../composed/mixtureResponsibilities.js";
import type { KernelSpec } from "./kernel.js";
import { type MixtureNames, mixtureTable } from "./mixtureTable.js";

/** Output: the responsibilities, x.shape + [K]. */
export const MixtureResponsibilities: KernelSpec<MixtureInputs, MixtureAttrs, MixtureView> = {
  name: "MixtureResponsibilities",
  op: "mixtureResponsibilities",
  check(inputs, attrs) {
    return checkMixture(this.op, inputs, attrs);
  },
  job: (kernels, inputs, attrs, view): Job<MixtureNames<"tau">> => ({
    ...mixtureTable(kernels, inputs, view, attrs),
    along: { tau: [...inputs.x.shape, view.components] },
    passes: [{ step: ({ table, x, tau }, start, count) => kernels.mixture_responsibilities(table, x, tau, start, count) }],
  }),
  composed: composedResponsibilities,
};
