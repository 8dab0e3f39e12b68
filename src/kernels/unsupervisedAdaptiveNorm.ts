import { checkNorm, checkPerChannel, type MixtureInputs, type MixtureView, type NormAttrs } from "../arguments.js";
import type { Job } from "../backend/job.js";
import { composedNorm } from "../composed/unsupervisedAdaptiveNorm.js";
import type { KernelSpec } from "./kernel.js";
import { type MixtureNames, mixtureTable, type PerChannel } from "./mixtureTable.js";

export type NormInputs = MixtureInputs & PerChannel;

/** Output: y, like x. */
export const UnsupervisedAdaptiveNorm: KernelSpec<NormInputs, NormAttrs, MixtureView> = {
  name: "UnsupervisedAdaptiveNorm",
  op: "unsupervisedAdaptiveNormalization",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    checkPerChannel(this.op, "gamma", inputs.gamma, view.channels);
    checkPerChannel(this.op, "beta", inputs.beta, view.channels);
    return view;
  },
  job: (kernels, inputs, attrs, view): Job<MixtureNames<"y">> => ({
    ...mixtureTable(kernels, inputs, view, attrs, { fold: true }),
    along: { y: inputs.x.shape },
    passes: [{ step: ({ table, x, y }, start, count) => kernels.uan_forward(table, x, y, start, count) }],
  }),
  composed: composedNorm,
};
