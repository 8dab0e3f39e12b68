import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkShape } from "../arguments.js";
import { composedNormalizationGiven } from "../composed/normalization.js";
import { type BinaryKernel, type Job, pieces, sizeOf } from "../launch/plan.js";
import type { KernelSpec } from "../registry/run.js";
import { checkNormalization, type NormalizationInputs, normalizationTable } from "./normalization.js";

export interface NormalizationGivenInputs extends NormalizationInputs {
  /** [channels] */
  mean: TensorInfo;
  variance: TensorInfo;
}

/** x is [outer, channels, inner]. */
export interface NormalizationGivenAttrs {
  outer: number;
  channels: number;
  inner: number;
  epsilon: number;
}

const asOneSlab = (attrs: NormalizationGivenAttrs) => ({ ...attrs, slabs: 1, sets: attrs.channels });

function check(op: string, inputs: NormalizationGivenInputs, attrs: NormalizationGivenAttrs): void {
  checkNormalization(op, inputs, asOneSlab(attrs));
  for (const argument of ["mean", "variance"] as const) {
    checkFloat32(op, argument, inputs[argument]);
    checkShape(op, argument, inputs[argument], [attrs.channels]);
  }
}

/** By a mean and variance that are given, as batch normalization does at inference. Output: y, like x. */
export const NormalizationGiven: KernelSpec<NormalizationGivenInputs, NormalizationGivenAttrs, void> = {
  name: "NormalizationGiven",
  op: "batchNormalization",
  check(inputs, attrs) {
    check(this.op, inputs, attrs);
  },
  job(kernels, { x, mean, variance, gamma, beta }, attrs) {
    const shared = normalizationTable(kernels, { gamma, beta }, asOneSlab(attrs));
    const job: Job<"x" | "mean" | "variance" | "gamma" | "beta" | "y"> = {
      ...shared,
      parameters: { gamma, beta, mean, variance },
      activations: { x },
      along: { y: x.shape },
      prepare(at) {
        shared.prepare(at);
        kernels.norm_inference_prepare(at.table, at.mean, at.variance);
      },
      passes: [pieces(kernels, "norm_apply", ["x", "y"])],
    };
    return job;
  },
  composed: composedNormalizationGiven,
};

interface FusedBatchNormInputs {
  x: TensorInfo;
  mean: TensorInfo;
  variance: TensorInfo;
  scale?: TensorInfo;
  offset?: TensorInfo;
}

/** The same under the name, and with the arguments, that tf.batchNorm knows; mean and variance [C]. */
export const FusedBatchNorm: BinaryKernel<FusedBatchNormInputs, { varianceEpsilon: number }, NormalizationGivenAttrs> = {
  name: "FusedBatchNorm",
  op: "batchNorm",
  check({ x, scale: gamma, offset: beta, ...given }, { varianceEpsilon: epsilon }) {
    const channels = given.mean.shape[0] ?? 0;
    const attrs = { outer: channels > 0 ? sizeOf(x.shape) / channels : 0, channels, inner: 1, epsilon };
    check(this.op, { x, gamma, beta, ...given }, attrs);
    return attrs;
  },
  job: (kernels, { scale: gamma, offset: beta, ...inputs }, _, attrs) =>
    NormalizationGiven.job(kernels, { gamma, beta, ...inputs }, attrs, undefined),
};
