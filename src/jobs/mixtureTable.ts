import type { MixtureInputs, MixtureView, NormAttrs, PerChannel } from "../arguments.js";
import type { MixtureKernels } from "../binary/module.js";
import type { Addresses, Job } from "../launch/plan.js";

type TableNames = "mean" | "variance" | "prior" | "gamma" | "beta";

/**
 * The part of a job that all kernels of a mixture have: the table of constants, and x that is walked with it.
 *
 * @param sums from the number of slots, how many running sums the kernel keeps in each group. Default: none
 * @param fold whether gains are multiplied by gamma
 */
export function mixtureTable(
  kernels: MixtureKernels,
  { x, mean, variance, prior, gamma, beta }: MixtureInputs & PerChannel,
  { size, channels, inner, components }: MixtureView,
  { epsilon, formula }: NormAttrs,
  { sums, fold = false }: { sums?: (slots: number) => number; fold?: boolean } = {},
) {
  const ucb = formula === "ucb";
  const slots = kernels.mixture_slot_count(components, epsilon, ucb);
  const sumCount = sums?.(slots) ?? 0;
  return {
    count: size,
    period: kernels.walk_alignment(channels, inner),
    tableBytes: kernels.mixture_table_bytes(channels, inner, slots, sumCount),
    parameters: { mean, variance, prior, gamma, beta },
    activations: { x },
    along: {},
    results: {},
    prepare({ table, mean, variance, prior, gamma, beta }: Addresses<TableNames>) {
      const parameters = [mean, variance, prior, gamma, beta] as const;
      kernels.mixture_prepare(table, ...parameters, channels, inner, components, sumCount, epsilon, fold, ucb);
    },
  } satisfies Partial<Job>;
}

export type MixtureNames<More extends string> = TableNames | "x" | More;
