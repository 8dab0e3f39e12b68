import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  checkFloat32,
  checkNorm,
  checkPerChannel,
  checkShape,
  type MixtureInputs,
  type MixtureView,
  type NormAttrs,
} from "../arguments.js";
import type { MixtureKernels } from "../binary/module.js";
import { type BinaryKernel, type Job, pieces } from "../launch/plan.js";
import { type MixtureNames, mixtureTable } from "./mixtureTable.js";

export interface NormGradInputs extends MixtureInputs {
  dy: TensorInfo;
  gamma?: TensorInfo | undefined;
}

/** Outputs: the gradients of x (like x), mean and variance [K, C], prior [K], gamma and beta [C], of Σ dy·y. */
export const UnsupervisedAdaptiveNormGrad: BinaryKernel<NormGradInputs, NormAttrs, MixtureView, MixtureKernels> = {
  name: "UnsupervisedAdaptiveNormGrad",
  op: "unsupervisedAdaptiveNormalization's gradient",
  check(inputs, attrs) {
    const view = checkNorm(this.op, inputs, attrs);
    checkFloat32(this.op, "dy", inputs.dy);
    checkShape(this.op, "dy", inputs.dy, inputs.x.shape);
    checkPerChannel(this.op, "gamma", inputs.gamma, view.channels);
    return view;
  },
  job(kernels, inputs, attrs, view): Job<MixtureNames<"dy" | "dx" | "dmean" | "dvariance" | "dprior" | "dgamma" | "dbeta">> {
    const { x, dy, mean } = inputs;
    const { channels, components } = view;
    return {
      ...mixtureTable(kernels, inputs, view, attrs, { sums: kernels.uan_grad_accumulator_count }),
      activations: { x, dy },
      along: { dx: x.shape },
      results: {
        dmean: mean.shape,
        dvariance: mean.shape,
        dprior: [components],
        dgamma: [channels],
        dbeta: [channels],
      },
      passes: [
        {
          ...pieces(kernels, "uan_grad_apply", ["x", "dy", "dx"], "mixture_merge"),
          finish: ({ table, dmean, dvariance, dprior, dgamma, dbeta }) =>
            kernels.uan_grad_finalize(table, dmean, dvariance, dprior, dgamma, dbeta),
        },
      ],
    };
  },
};
