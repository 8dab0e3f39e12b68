import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { MixtureAttrs, MixtureInputs, MixtureView } from "../arguments.js";
import type { Addresses, Job } from "../backend/job.js";
import type { Kernels } from "../backend/module.js";

/** What a normalization has for each channel, where it has it. */
export interface PerChannel {
  gamma?: TensorInfo | undefined;
  beta?: TensorInfo | undefined;
}

type TableNames = "mean" | "variance" | "prior" | "gamma" | "beta";

/**
 * The part of a job that all kernels of a mixture have: the table of constants, and x that is walked with it.
 *
 * @param sums running sums that the kernel keeps in each group
 * @param fold whether gains are multiplied by gamma
 */
export function mixtureTable(
  kernels: Kernels,
  { x, mean, variance, prior, gamma, beta }: MixtureInputs & PerChannel,
  { size, channels, inner, components }: MixtureView,
  { epsilon }: MixtureAttrs,
  { sums = 0, fold = false } = {},
) {
  return {
    count: size,
    period: kernels.walk_period(channels, inner),
    tableBytes: kernels.mixture_table_bytes(channels, inner, components, sums),
    parameters: { mean, variance, prior, gamma, beta },
    activations: { x },
    along: {},
    results: {},
    prepare({ table, mean, variance, prior, gamma, beta }: Addresses<TableNames>) {
      kernels.mixture_prepare(table, mean, variance, prior, gamma, beta, channels, inner, components, sums, epsilon, fold);
    },
  } satisfies Partial<Job>;
}

export type MixtureNames<More extends string> = TableNames | "x" | More;
