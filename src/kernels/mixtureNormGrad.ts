import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkPerChannel, checkShape, type MixtureView } from "../arguments.js";
import { composedMixtureNormGrad } from "../composed/mixtureNorm.js";
import type { Job } from "../launch/plan.js";
import type { KernelSpec } from "../registry/run.js";
import {
  type BatchAttrs,
  checkResponsibilities,
  checkRows,
  type RowInputs,
  type RowNames,
  rowTable,
} from "./mixtureNormTable.js";

export interface MixtureNormGradInputs extends RowInputs {
  dy: TensorInfo;
  gamma?: TensorInfo | undefined;
}

/** Outputs: the gradients of x (like x), gamma and beta [C], of Σ dy·y, nu held constant. */
export const MixtureNormGrad: KernelSpec<MixtureNormGradInputs, BatchAttrs, MixtureView> = {
  name: "MixtureNormGrad",
  op: "mixtureNormalization's gradient",
  check(inputs, attrs) {
    const view = checkRows(this.op, inputs, attrs);
    checkResponsibilities(this.op, inputs, view);
    checkFloat32(this.op, "dy", inputs.dy);
    checkShape(this.op, "dy", inputs.dy, inputs.x.shape);
    checkPerChannel(this.op, "gamma", inputs.gamma, view.channels);
    return view;
  },
  job(kernels, inputs, attrs, view): Job<RowNames<"nu" | "dy" | "dx" | "dgamma" | "dbeta">> {
    const { x, dy, nu } = inputs;
    return {
      ...rowTable(kernels, inputs, view, attrs),
      activations: { x, dy, nu },
      along: { dx: x.shape },
      results: { dgamma: [view.channels], dbeta: [view.channels] },
      passes: [
        {
          step: ({ table, x, dy, nu }, _, count) => kernels.mixture_norm_grad_accumulate(table, x, dy, nu, count),
          finish: ({ table, dgamma, dbeta }) => kernels.mixture_norm_grad_finalize(table, dgamma, dbeta, attrs.batch),
        },
        { step: ({ table, x, dy, nu, dx }, _, count) => kernels.mixture_norm_grad_apply(table, x, dy, nu, dx, count) },
      ],
    };
  },
  composed: composedMixtureNormGrad,
};
