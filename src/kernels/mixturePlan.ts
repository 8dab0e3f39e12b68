import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  checkPerChannel,
  checkTensor,
  type MixtureAttrs,
  type MixtureInputs,
  type MixtureView,
  type NormAttrs,
  normalizeAxis,
  type PerChannel,
} from "../arguments.js";
import type { StandaloneExports } from "../binary/interface.js";
import type { Addresses, KernelPlan } from "../launch/plan.js";

type TableNames = "mean" | "variance" | "prior" | "gamma" | "beta";
export type MixtureNames<More extends string> = TableNames | "x" | More;

interface MixturePlanOptions {
  accumulatorCount?: (slots: number) => number;
  fold?: boolean;
  standardized?: boolean;
}

/**
 * The part of a plan that all kernels of a mixture share: the table, and x.
 *
 * @param accumulatorCount from the number of slots, how many accumulators the kernel keeps in each lane block. Default: none
 * @param fold whether gains are multiplied by gamma
 * @param standardized whether it is of activations whose mean and variance are taken out: another table is before the mixture's
 */
export function mixturePlan(
  binary: StandaloneExports,
  { x, mean, variance, prior, gamma, beta }: MixtureInputs & PerChannel,
  { size, channels, inner, components }: MixtureView,
  { epsilon, formula }: NormAttrs,
  { accumulatorCount, fold = false, standardized = false }: MixturePlanOptions = {},
) {
  const ucb = formula === "ucb";
  const slots = binary.mixture_slot_count(components, epsilon, ucb);
  const accumulators = accumulatorCount?.(slots) ?? 0;
  return {
    count: size,
    chunkAlignment: binary.walk_alignment(channels, inner),
    tableBytes: standardized
      ? binary.uan_standardized_table_bytes(channels, inner, slots, accumulators)
      : binary.mixture_table_bytes(channels, inner, slots, accumulators),
    inputs: { mean, variance, prior, gamma, beta },
    streamedInputs: { x },
    streamedOutputs: {},
    outputs: {},
    passes: [],
    prepare({ table, mean, variance, prior, gamma, beta }: Addresses<TableNames>) {
      if (standardized) {
        // biome-ignore format: one line
        binary.uan_standardized_prepare(table, mean, variance, prior, gamma, beta, size, channels, inner, components, accumulators, epsilon, fold, ucb);
      } else {
        // biome-ignore format: one line
        binary.mixture_prepare(table, mean, variance, prior, gamma, beta, channels, inner, components, accumulators, epsilon, fold, ucb);
      }
    },
  } satisfies KernelPlan<TableNames | "x">;
}

/** Inputs of the gradient of a normalization by a mixture. */
export interface NormGradInputs extends MixtureInputs {
  dy: TensorInfo;
  gamma?: TensorInfo | undefined;
}

export type GradientNames = "dx" | "dmean" | "dvariance" | "dprior" | "dgamma" | "dbeta";

/** Checks what the gradient has beside the mixture. */
export function checkGradient(op: string, { x, dy, gamma }: NormGradInputs, { channels }: MixtureView): void {
  checkTensor(op, "dy", dy, x.shape);
  checkPerChannel(op, "gamma", gamma, channels);
}

/** The part of its plan that is the same for every such normalization: x and dy, and the gradients of all inputs. */
export function gradientTensors({ x, dy, mean: { shape } }: NormGradInputs, { channels, components }: MixtureView) {
  return {
    streamedInputs: { x, dy },
    streamedOutputs: { dx: x.shape },
    outputs: { dmean: shape, dvariance: shape, dprior: [components], dgamma: [channels], dbeta: [channels] },
  };
}

/** The shape of a missing gamma: one number for each channel of x. */
export function channelsOf({ x }: Pick<MixtureInputs, "x">, { axis }: MixtureAttrs): number[] {
  return [x.shape[normalizeAxis("unsupervisedAdaptiveNormalization", axis, x.shape.length)] as number];
}
