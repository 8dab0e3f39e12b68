import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  argumentError,
  checkMixture,
  checkShape,
  checkTensor,
  type MixtureInputs,
  type MixtureView,
  type PerChannel,
} from "../arguments.js";
import type { BinaryExports } from "../binary/interface.js";
import { KMEANS_ROWS } from "../constants.js";
import type { Addresses, KernelPlan } from "../launch/plan.js";

/** A mixture of K Gaussians over the rows of x [N, C]: prior [K], mean and variance [K, C]; and the rows' responsibilities. */
export interface RowInputs extends MixtureInputs {
  /** [N, K]. A row of NaN is left out. */
  nu: TensorInfo;
}

export interface RowAttrs {
  epsilon: number;
}

/** Keeps the bytes of a table, of the k-means sample and of the responsibilities signed 32-bit integers. */
export function checkSizes(op: string, rows: number, channels: number, components: number): void {
  const table = components * (channels + 8);
  const sample = Math.min(rows, KMEANS_ROWS) * (channels + components + 1);
  if (table <= 2 ** 24 && sample <= 2 ** 28 && rows * components <= 2 ** 29) return;
  const got = `${rows} rows of ${channels} numbers and ${components} components`;
  throw argumentError(op, "x", "have fewer rows or channels, or its mixture fewer components", got);
}

/** Of x [N, C] and its mixture; `outer` of the view is N. */
export function checkRows(op: string, inputs: MixtureInputs, { epsilon }: RowAttrs): MixtureView {
  const view = checkMixture(op, inputs, { axis: -1, epsilon });
  checkShape(op, "x", inputs.x, [view.outer, view.channels]);
  checkSizes(op, view.outer, view.channels, view.components);
  return view;
}

export function checkResponsibilities(op: string, { nu }: RowInputs, { outer, components }: MixtureView): void {
  checkTensor(op, "nu", nu, [outer, components]);
}

/** Numbers of rows, for each component, that are worth waking a thread for; and rows that are worth a copy of the table. */
const MIN_CHUNK_NUMBERS = 2 ** 17;
const MIN_CHUNK_ROWS = 512;

type TableNames = "mean" | "variance" | "prior" | "gamma" | "beta";

/** The part of a plan that the kernels of mixture normalization share: the table, and x, streamed by whole rows. */
export function rowPlan(
  binary: BinaryExports,
  { x, mean, variance, prior, gamma, beta }: MixtureInputs & PerChannel,
  { outer, channels, components }: MixtureView,
  { epsilon }: RowAttrs,
) {
  return {
    count: outer,
    chunkAlignment: 1,
    minChunk: Math.max(Math.ceil(MIN_CHUNK_NUMBERS / Math.max(channels * components, 1)), MIN_CHUNK_ROWS),
    tableBytes: binary.mixture_norm_table_bytes(channels, components),
    inputs: { mean, variance, prior, gamma, beta },
    streamedInputs: { x },
    streamedOutputs: {},
    outputs: {},
    passes: [],
    prepare({ table, mean, variance, prior, gamma, beta }: Addresses<TableNames>) {
      binary.mixture_norm_prepare(table, prior, mean, variance, gamma, beta, channels, components, epsilon);
    },
  } satisfies KernelPlan<TableNames | "x">;
}

export type RowNames<More extends string> = TableNames | "x" | More;
