import {
  checkNorm,
  checkPerChannel,
  type MixtureInputs,
  type MixtureView,
  type NormAttrs,
  type PerChannel,
} from "../arguments.js";
import type { MixtureKernels } from "../binary/module.js";
import { type BinaryKernel, type Job, pieces } from "../launch/plan.js";
import { type MixtureNames, mixtureTable } from "./mixtureTable.js";

export type NormInputs = MixtureInputs & PerChannel;

/** Output: y, like x. */
export const UnsupervisedAdaptiveNorm: BinaryKernel<NormInputs, NormAttrs, MixtureView, MixtureKernels> = {
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
    passes: [pieces(kernels, "uan_apply", ["x", "y"])],
  }),
};
