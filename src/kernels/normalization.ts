import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkEpsilon, checkFloat32, checkPerChannel, checkShape, type PerChannel } from "../arguments.js";
import type { Kernels } from "../binary/module.js";
import { composedNormalization, composedNormalizationGrad } from "../composed/normalization.js";
import { type Addresses, type Job, pieces, sizeOf } from "../launch/plan.js";
import type { KernelSpec } from "../registry/run.js";

/**
 * What mean and variance are taken over (spec.md, section 3). x is `slabs` tensors of [outer, channels, inner], each normalized
 * for itself; in a slab, `sets` runs of channels have a mean and a variance each.
 */
export interface NormalizationAttrs {
  slabs: number;
  outer: number;
  channels: number;
  inner: number;
  sets: number;
  epsilon: number;
}

export interface NormalizationInputs extends PerChannel {
  x: TensorInfo;
}

export interface NormalizationGradInputs {
  x: TensorInfo;
  dy: TensorInfo;
  /** [slabs, sets], as the forward pass had them. */
  mean: TensorInfo;
  variance: TensorInfo;
  gamma?: TensorInfo | undefined;
}

export function checkNormalization(op: string, { x, gamma, beta }: NormalizationInputs, attrs: NormalizationAttrs): void {
  const { slabs, outer, channels, inner, sets, epsilon } = attrs;
  checkFloat32(op, "x", x);
  checkEpsilon(op, epsilon);
  const sizes = [slabs, outer, channels, inner, sets];
  const isView = sizes.every((n) => Number.isInteger(n) && n >= 0) && slabs * outer * channels * inner === sizeOf(x.shape);
  if (!isView || channels % sets !== 0) {
    const wanted = `hold ${slabs} × [${outer}, ${channels}, ${inner}] numbers, its channels in ${sets} sets`;
    throw argumentError(op, "x", wanted, `shape [${x.shape}]`);
  }
  checkPerChannel(op, "gamma", gamma, channels);
  checkPerChannel(op, "beta", beta, channels);
}

/** The part of a job that the family shares: the table, and how a tensor may be cut. */
export function normalizationTable(kernels: Kernels, { gamma, beta }: PerChannel, attrs: NormalizationAttrs) {
  const { slabs, outer, channels, inner, sets, epsilon } = attrs;
  const size = outer * channels * inner;
  return {
    count: slabs * size,
    // A single slab may come in pieces, others come whole.
    period: slabs === 1 ? kernels.walk_alignment(channels, inner) : size,
    tableBytes: kernels.norm_table_bytes(channels, inner),
    parameters: { gamma, beta },
    results: {},
    prepare({ table, gamma, beta }: Addresses<"gamma" | "beta">) {
      kernels.norm_prepare(table, gamma, beta, size, channels, inner, sets, epsilon);
    },
  };
}

/** Whether a tensor is one slab, seen piece by piece: once for its moments or sums, once more for the output. Of none, moments are NaN. */
const isOneSlab = ({ slabs, outer, inner }: NormalizationAttrs) => slabs === 1 && outer * inner !== 1;

/** Outputs: y, like x; mean and variance [slabs, sets]. */
export const Normalization: KernelSpec<NormalizationInputs, NormalizationAttrs, void> = {
  name: "Normalization",
  op: "normalization",
  check(inputs, attrs) {
    checkNormalization(this.op, inputs, attrs);
  },
  job(kernels, { x, gamma, beta }, attrs): Job<"x" | "gamma" | "beta" | "y" | "mean" | "variance"> {
    const stats = [attrs.slabs, attrs.sets];
    const shared = normalizationTable(kernels, { gamma, beta }, attrs);
    return {
      ...shared,
      prepare(at) {
        shared.prepare(at);
        if (isOneSlab(attrs)) kernels.norm_moments_reset(at.table);
      },
      activations: { x },
      along: { y: x.shape },
      results: { mean: stats, variance: stats },
      passes: isOneSlab(attrs)
        ? [
            {
              ...pieces(kernels, "norm_moments_accumulate", ["x"], "norm_moments_merge"),
              finish: ({ table, mean, variance }) => kernels.norm_moments_finalize(table, mean, variance),
            },
            pieces(kernels, "norm_apply", ["x", "y"]),
          ]
        : [pieces(kernels, "norm_slices_apply", ["x", "y", "mean", "variance"])],
    };
  },
  composed: composedNormalization,
};

/** Outputs: the gradients of x (like x), gamma and beta [channels], of Σ dy·y. */
export const NormalizationGrad: KernelSpec<NormalizationGradInputs, NormalizationAttrs, void> = {
  name: "NormalizationGrad",
  op: "normalization's gradient",
  check({ x, dy, mean, variance, gamma }, attrs) {
    checkNormalization(this.op, { x, gamma }, attrs);
    const { slabs, sets } = attrs;
    for (const [argument, tensor, shape] of [
      ["dy", dy, x.shape],
      ["mean", mean, [slabs, sets]],
      ["variance", variance, [slabs, sets]],
    ] as const) {
      checkFloat32(this.op, argument, tensor);
      checkShape(this.op, argument, tensor, shape);
    }
  },
  job(kernels, { x, dy, mean, variance, gamma }, attrs) {
    const { channels } = attrs;
    const shared = normalizationTable(kernels, { gamma }, attrs);
    const job: Job<"x" | "dy" | "gamma" | "beta" | "mean" | "variance" | "dx" | "dgamma" | "dbeta"> = {
      ...shared,
      parameters: { gamma, mean, variance },
      activations: { x, dy },
      along: { dx: x.shape },
      results: { dgamma: [channels], dbeta: [channels] },
      prepare({ table, gamma, mean }) {
        shared.prepare({ table, gamma, beta: 0 });
        kernels.norm_grad_params_reset(table);
        if (isOneSlab(attrs)) kernels.norm_grad_prepare(table, mean);
      },
      passes: isOneSlab(attrs)
        ? [
            {
              ...pieces(kernels, "norm_grad_accumulate", ["x", "dy"], "norm_grad_merge"),
              finish: ({ table, variance }) => kernels.norm_grad_finalize(table, variance),
            },
            pieces(kernels, "norm_grad_apply", ["x", "dy", "dx"]),
          ]
        : [pieces(kernels, "norm_grad_slices_apply", ["x", "dy", "dx", "mean", "variance"], "norm_grad_params_merge")],
    };
    job.passes.push({ finish: ({ table, dgamma, dbeta }) => kernels.norm_grad_params_finalize(table, dgamma, dbeta) });
    return job;
  },
  composed: composedNormalizationGrad,
};
