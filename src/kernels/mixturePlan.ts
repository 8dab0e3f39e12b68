import type { MixtureInputs, MixtureView, NormAttrs, PerChannel } from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import type { Addresses, KernelPlan } from "../launch/plan.js";

type TableNames = "mean" | "variance" | "prior" | "gamma" | "beta";
export type MixtureNames<More extends string> = TableNames | "x" | More;

/**
 * The part of a plan that all kernels of a mixture share: the table, and x.
 *
 * @param accumulatorCount from the number of slots, how many accumulators the kernel keeps in each lane block. Default: none
 * @param fold whether gains are multiplied by gamma
 */
export function mixturePlan(
  binary: StandaloneExports,
  { x, mean, variance, prior, gamma, beta }: MixtureInputs & PerChannel,
  { size, channels, inner, components }: MixtureView,
  { epsilon, formula }: NormAttrs,
  { accumulatorCount, fold = false }: { accumulatorCount?: (slots: number) => number; fold?: boolean } = {},
) {
  const ucb = formula === "ucb";
  const slots = binary.mixture_slot_count(components, epsilon, ucb);
  const accumulators = accumulatorCount?.(slots) ?? 0;
  return {
    count: size,
    chunkAlignment: binary.walk_alignment(channels, inner),
    tableBytes: binary.mixture_table_bytes(channels, inner, slots, accumulators),
    inputs: { mean, variance, prior, gamma, beta },
    streamedInputs: { x },
    streamedOutputs: {},
    outputs: {},
    passes: [],
    prepare({ table, mean, variance, prior, gamma, beta }: Addresses<TableNames>) {
      // biome-ignore format: one line
      binary.mixture_prepare(table, mean, variance, prior, gamma, beta, channels, inner, components, accumulators, epsilon, fold, ucb);
    },
  } satisfies KernelPlan<TableNames | "x">;
}
