import { checkPerChannel, type MixtureView, type PerChannel } from "../arguments.js";
import { composedMixtureNorm } from "../composed/mixtureNorm.js";
import type { Job } from "../launch/plan.js";
import type { KernelSpec } from "../registry/run.js";
import { checkResponsibilities, checkRows, type RowAttrs, type RowInputs, type RowNames, rowTable } from "./mixtureNormTable.js";

/** Output: gamma · Σ_k nu_k/√prior_k · (x − mean_k)/√(variance_k + epsilon) + beta, like x. */
export const MixtureNorm: KernelSpec<RowInputs & PerChannel, RowAttrs, MixtureView> = {
  name: "MixtureNorm",
  op: "mixtureNormalization",
  check(inputs, attrs) {
    const view = checkRows(this.op, inputs, attrs);
    checkResponsibilities(this.op, inputs, view);
    checkPerChannel(this.op, "gamma", inputs.gamma, view.channels);
    checkPerChannel(this.op, "beta", inputs.beta, view.channels);
    return view;
  },
  job: (kernels, inputs, attrs, view): Job<RowNames<"nu" | "y">> => ({
    ...rowTable(kernels, inputs, view, attrs),
    activations: { x: inputs.x, nu: inputs.nu },
    along: { y: inputs.x.shape },
    passes: [{ step: ({ table, x, nu, y }, _, count) => kernels.mixture_norm_apply(table, x, nu, y, count) }],
  }),
  composed: composedMixtureNorm,
};
