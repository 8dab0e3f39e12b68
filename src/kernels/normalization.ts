import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  argumentError,
  checkEpsilon,
  checkFloat32,
  checkGammaAndBeta,
  checkTensor,
  type PerChannel,
  type PriorInputs,
} from "../arguments.js";
import type { BinaryExports } from "../binary/interface.js";
import { type Addresses, type KernelPlan, parallelPass, sizeOf, wholePass } from "../launch/plan.js";
import type { BinaryKernel } from "./declaration.js";

/**
 * The numbers that share a mean and a variance (docs/math.md, section 4). x is `slices` tensors of [outer, channels, inner], each
 * normalized by itself; in a slice, the channels make `groups` groups, each with one mean and one variance.
 */
export interface NormalizationAttrs {
  slices: number;
  outer: number;
  channels: number;
  inner: number;
  groups: number;
  /** Whether the mean is taken for 0 and the mean square for the variance; then outer and inner must be 1. Default false. */
  rms?: boolean;
  epsilon: number;
}

export interface NormalizationInputs extends PerChannel {
  x: TensorInfo;
}

export interface NormalizationGradInputs {
  x: TensorInfo;
  dy: TensorInfo;
  /** [slices, groups], as the forward pass had them. */
  mean: TensorInfo;
  variance: TensorInfo;
  residual: TensorInfo;
  gamma?: TensorInfo | undefined;
}

const isCount = (n: number) => Number.isInteger(n) && n >= 0;

export function checkNormalization(op: string, { x, gamma, beta }: NormalizationInputs, attrs: NormalizationAttrs): void {
  const { slices, outer, channels, inner, groups, epsilon } = attrs;
  checkFloat32(op, "x", x);
  checkEpsilon(op, epsilon);
  const isView =
    isCount(slices) &&
    isCount(outer) &&
    isCount(channels) &&
    isCount(inner) &&
    isCount(groups) &&
    slices * outer * channels * inner === sizeOf(x.shape);
  if (!isView || channels % groups !== 0) {
    const wanted = `hold ${slices} × [${outer}, ${channels}, ${inner}] numbers, its channels in ${groups} groups`;
    throw argumentError(op, "x", wanted, `shape [${x.shape}]`);
  }
  if (attrs.rms && (outer !== 1 || inner !== 1)) {
    throw argumentError(op, "rms", "be false where outer or inner is not 1", `outer ${outer}, inner ${inner}`);
  }
  checkGammaAndBeta(op, { gamma, beta }, channels);
}

/** The part of a plan that the family shares: the table, and how a tensor may be cut. */
export function normalizationPlan(binary: BinaryExports, { gamma, beta }: PerChannel, attrs: NormalizationAttrs) {
  const { slices, outer, channels, inner, groups, rms = false, epsilon } = attrs;
  const size = outer * channels * inner;
  return {
    count: slices * size,
    // A single slice may come in chunks; several come whole, one or more at a time.
    chunkAlignment: slices === 1 ? binary.walk_alignment(channels, inner) : size,
    tableBytes: binary.norm_table_bytes(channels, inner),
    inputs: { gamma, beta },
    outputs: {},
    streamedInputs: {},
    streamedOutputs: {},
    passes: [],
    prepare({ table, gamma, beta }: Addresses<"gamma" | "beta">) {
      binary.norm_prepare(table, gamma, beta, size, channels, inner, groups, epsilon);
      if (rms) binary.norm_rms_prepare(table);
    },
  } satisfies KernelPlan<"gamma" | "beta">;
}

/**
 * Whether a tensor is one slice, seen chunk by chunk: once for its moments or accumulators, once more for the output. The moments of
 * an empty tensor are NaN.
 */
const isOneSlice = ({ slices, outer, inner }: NormalizationAttrs) => slices === 1 && outer * inner !== 1;

/** @param oneSlice whether the tensor is a single slice, in chunks. Only then there may be the mass of a prior */
export function normalizationGradPlan(
  binary: BinaryExports,
  { x, dy, mean, variance, residual, gamma, priorMass }: NormalizationGradInputs & Pick<PriorInputs, "priorMass">,
  attrs: NormalizationAttrs,
  oneSlice: boolean,
) {
  const { channels } = attrs;
  const shared = normalizationPlan(binary, { gamma }, attrs);
  type Names = "x" | "dy" | "gamma" | "beta" | "mean" | "variance" | "residual" | "priorMass" | "dx" | "dgamma" | "dbeta";
  const plan: KernelPlan<Names> = {
    ...shared,
    inputs: { gamma, beta: undefined, mean, variance, residual, priorMass },
    streamedInputs: { x, dy },
    streamedOutputs: { dx: x.shape },
    outputs: { dgamma: [channels], dbeta: [channels] },
    prepare(at) {
      shared.prepare(at);
      binary.norm_grad_params_reset(at.table);
      if (oneSlice) binary.norm_grad_prepare(at.table, at.mean);
    },
    passes: oneSlice
      ? [
          parallelPass(binary, "norm_grad_accumulate", ["x", "dy"], {
            merge: "norm_grad_merge",
            finalize: ({ table, variance, residual, priorMass }: Addresses<"variance" | "residual" | "priorMass">) =>
              binary.norm_grad_finalize(table, variance, residual, priorMass),
          }),
          parallelPass(binary, "norm_grad_apply", ["x", "dy", "dx"]),
        ]
      : [
          parallelPass(binary, "norm_grad_slices_apply", ["x", "dy", "dx", "mean", "variance", "residual"], {
            merge: "norm_grad_params_merge",
          }),
        ],
  };
  plan.passes.push(wholePass(({ table, dgamma, dbeta }) => binary.norm_grad_params_finalize(table, dgamma, dbeta)));
  return plan;
}

/** Outputs: the gradients of x (like x), gamma and beta [channels], of Σ dy·y. */
export const NormalizationGrad: BinaryKernel<NormalizationGradInputs, NormalizationAttrs, void> = {
  name: "NormalizationGrad",
  op: "normalization's gradient",
  check({ x, dy, mean, variance, residual, gamma }, attrs) {
    checkNormalization(this.op, { x, gamma }, attrs);
    const { slices, groups } = attrs;
    for (const [argument, tensor, shape] of [
      ["dy", dy, x.shape],
      ["mean", mean, [slices, groups]],
      ["variance", variance, [slices, groups]],
      ["residual", residual, [slices, groups]],
    ] as const) {
      checkTensor(this.op, argument, tensor, shape);
    }
  },
  plan: (binary, inputs, attrs) => normalizationGradPlan(binary, inputs, attrs, isOneSlice(attrs)),
};

/**
 * Outputs: y, like x; mean, variance and residual [slices, groups]. Mean and variance carry no gradient: moving averages use them. The
 * residual is what the mean lost when it was rounded to float32.
 */
export const Normalization: BinaryKernel<NormalizationInputs, NormalizationAttrs, void> = {
  name: "Normalization",
  op: "normalization",
  check(inputs, attrs) {
    checkNormalization(this.op, inputs, attrs);
  },
  plan(binary, { x, gamma, beta }, attrs): KernelPlan<"x" | "gamma" | "beta" | "y" | "mean" | "variance" | "residual"> {
    const moments = [attrs.slices, attrs.groups];
    const shared = normalizationPlan(binary, { gamma, beta }, attrs);
    return {
      ...shared,
      prepare(at) {
        shared.prepare(at);
        if (isOneSlice(attrs)) binary.norm_moments_reset(at.table);
      },
      streamedInputs: { x },
      streamedOutputs: { y: x.shape },
      outputs: { mean: moments, variance: moments, residual: moments },
      passes: isOneSlice(attrs)
        ? [
            parallelPass(binary, "norm_moments_accumulate", ["x"], {
              merge: "norm_moments_merge",
              finalize: ({ table, mean, variance, residual }: Addresses<"mean" | "variance" | "residual">) =>
                binary.norm_moments_finalize(table, mean, variance, residual),
            }),
            parallelPass(binary, "norm_apply", ["x", "y"]),
          ]
        : [parallelPass(binary, "norm_slices_apply", ["x", "y", "mean", "variance", "residual"])],
    };
  },
  gradient: {
    kernel: NormalizationGrad,
    savedInputs: ["x", "gamma"],
    savedOutputs: [undefined, "mean", "variance", "residual"],
    gradients: ["x", "gamma", "beta"],
    ones: { gamma: (_: NormalizationInputs, { channels }: NormalizationAttrs) => [channels] },
  },
};
