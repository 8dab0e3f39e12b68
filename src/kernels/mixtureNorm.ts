import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkGammaAndBeta, type MixtureView, type PerChannel } from "../arguments.js";
import { type Addresses, type KernelPlan, parallelPass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkResponsibilities, checkRows, type RowAttrs, type RowInputs, type RowNames, rowPlan } from "./mixtureNormPlan.js";
import { checkGradient } from "./mixturePlan.js";

export interface MixtureNormAttrs extends RowAttrs {
  /** Whether mean and variance are the rows' own, by nu, so that the gradient of x goes through them; else they are constants. */
  batch: boolean;
}

export interface MixtureNormGradInputs extends RowInputs {
  dy: TensorInfo;
  gamma?: TensorInfo | undefined;
}

/** Outputs: the gradients of x (like x), gamma and beta [C], of Σ dy·y, nu held constant. */
export const MixtureNormGrad: BinaryKernel<MixtureNormGradInputs, MixtureNormAttrs, MixtureView> = {
  name: "MixtureNormGrad",
  op: "mixtureNormalization's gradient",
  check(inputs, attrs) {
    const view = checkRows(this.op, inputs, attrs);
    checkResponsibilities(this.op, inputs, view);
    checkGradient(this.op, inputs, view);
    return view;
  },
  plan(binary, inputs, attrs, view): KernelPlan<RowNames<"nu" | "dy" | "dx" | "dgamma" | "dbeta">> {
    const { x, dy, nu } = inputs;
    return {
      ...rowPlan(binary, inputs, view, attrs),
      streamedInputs: { x, dy, nu },
      streamedOutputs: { dx: x.shape },
      outputs: { dgamma: [view.channels], dbeta: [view.channels] },
      passes: [
        parallelPass(binary, "mixture_norm_grad_accumulate", ["x", "dy", "nu"], {
          merge: "mixture_norm_merge",
          finalize: ({ table, dgamma, dbeta }: Addresses<"dgamma" | "dbeta">) =>
            binary.mixture_norm_grad_finalize(table, dgamma, dbeta, attrs.batch),
        }),
        parallelPass(binary, "mixture_norm_grad_apply", ["x", "dy", "nu", "dx"]),
      ],
    };
  },
};

/** Output: gamma · Σ_k nu_k/√prior_k · (x − mean_k)/√(variance_k + epsilon) + beta, like x. */
export const MixtureNorm: BinaryKernel<RowInputs & PerChannel, MixtureNormAttrs, MixtureView> = {
  name: "MixtureNorm",
  op: "mixtureNormalization",
  check(inputs, attrs) {
    const view = checkRows(this.op, inputs, attrs);
    checkResponsibilities(this.op, inputs, view);
    checkGammaAndBeta(this.op, inputs, view.channels);
    return view;
  },
  plan: (binary, inputs, attrs, view): KernelPlan<RowNames<"nu" | "y">> => ({
    ...rowPlan(binary, inputs, view, attrs),
    streamedInputs: { x: inputs.x, nu: inputs.nu },
    streamedOutputs: { y: inputs.x.shape },
    passes: [parallelPass(binary, "mixture_norm_apply", ["x", "nu", "y"])],
  }),
  gradient: {
    kernel: MixtureNormGrad,
    savedInputs: ["x", "nu", "prior", "mean", "variance", "gamma"],
    gradients: ["x", "gamma", "beta"],
    ones: { gamma: ({ x }: RowInputs) => x.shape.slice(-1) },
  },
};
