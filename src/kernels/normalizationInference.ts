import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkShape } from "../arguments.js";
import { type KernelPlan, parallelPass, sizeOf } from "../launch/plan.js";
import type { BinaryKernel, KernelDeclaration } from "./declaration.js";
import { checkNormalization, type NormalizationInputs, normalizationPlan } from "./normalization.js";

export interface NormalizationInferenceInputs extends NormalizationInputs {
  /** [channels] */
  mean: TensorInfo;
  /** [channels] */
  variance: TensorInfo;
}

export interface NormalizationInferenceGradInputs extends Omit<NormalizationInferenceInputs, "beta"> {
  dy: TensorInfo;
}

/** x is [outer, channels, inner]. */
export interface NormalizationInferenceAttrs {
  outer: number;
  channels: number;
  inner: number;
  epsilon: number;
}

const asOneSlice = (attrs: NormalizationInferenceAttrs) => ({ ...attrs, slices: 1, groups: attrs.channels });

function check(op: string, inputs: NormalizationInferenceInputs, attrs: NormalizationInferenceAttrs): void {
  checkNormalization(op, inputs, asOneSlice(attrs));
  for (const argument of ["mean", "variance"] as const) {
    checkFloat32(op, argument, inputs[argument]);
    checkShape(op, argument, inputs[argument], [attrs.channels]);
  }
}

/** Outputs: the gradients of x (like x), mean, variance, gamma and beta [channels], of Σ dy·y. */
export const NormalizationInferenceGrad: KernelDeclaration<NormalizationInferenceGradInputs, NormalizationInferenceAttrs, void> =
  {
    name: "NormalizationInferenceGrad",
    op: "batchNormalization's gradient",
    check({ dy, ...inputs }, attrs) {
      check(this.op, inputs, attrs);
      checkFloat32(this.op, "dy", dy);
      checkShape(this.op, "dy", dy, inputs.x.shape);
    },
  };

/** Normalizes by a given mean and variance, as batch normalization does at inference. Output: y, like x. */
export const NormalizationInference: BinaryKernel<NormalizationInferenceInputs, NormalizationInferenceAttrs, void> = {
  name: "NormalizationInference",
  op: "batchNormalization",
  check(inputs, attrs) {
    check(this.op, inputs, attrs);
  },
  plan(binary, { x, mean, variance, gamma, beta }, attrs): KernelPlan<"x" | "mean" | "variance" | "gamma" | "beta" | "y"> {
    const shared = normalizationPlan(binary, { gamma, beta }, asOneSlice(attrs));
    return {
      ...shared,
      inputs: { gamma, beta, mean, variance },
      streamedInputs: { x },
      streamedOutputs: { y: x.shape },
      prepare(at) {
        shared.prepare(at);
        binary.norm_inference_prepare(at.table, at.mean, at.variance);
      },
      passes: [parallelPass(binary, "norm_apply", ["x", "y"])],
    };
  },
  gradient: {
    kernel: NormalizationInferenceGrad,
    savedInputs: ["x", "mean", "variance", "gamma"],
    gradients: ["x", "mean", "variance", "gamma", "beta"],
    ones: { gamma: (_: NormalizationInferenceInputs, { channels }: NormalizationInferenceAttrs) => [channels] },
  },
};

interface FusedBatchNormInputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  scale?: TensorInfo;
  offset?: TensorInfo;
}

/** The same under the name, and with the arguments, that tf.batchNorm knows; mean and variance [C]. */
export const FusedBatchNorm: BinaryKernel<FusedBatchNormInputs, { varianceEpsilon: number }, NormalizationInferenceAttrs> = {
  name: "FusedBatchNorm",
  op: "batchNorm",
  check({ x, scale: gamma, offset: beta, ...moments }, { varianceEpsilon: epsilon }) {
    const channels = moments.mean.shape[0] ?? 0;
    const attrs = { outer: channels > 0 ? sizeOf(x.shape) / channels : 0, channels, inner: 1, epsilon };
    check(this.op, { x, gamma, beta, ...moments }, attrs);
    return attrs;
  },
  plan: (binary, { scale: gamma, offset: beta, ...inputs }, _, attrs) =>
    NormalizationInference.plan(binary, { gamma, beta, ...inputs }, attrs, undefined),
};
