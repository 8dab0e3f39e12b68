import type { TensorInfo } from "@tensorflow/tfjs-core";
import {
  argumentError,
  checkFloat32,
  checkMixture,
  checkShape,
  type MixtureInputs,
  type MixtureView,
  type PerChannel,
} from "../arguments.js";
import type { Kernels } from "../binary/module.js";
import type { Addresses, Job } from "../launch/plan.js";

/** A mixture of K Gaussians over the rows of x [N, C]: prior [K], mean and variance [K, C]; and the rows' responsibilities. */
export interface RowInputs extends MixtureInputs {
  /** [N, K]. NaN: the row counts for nothing. */
  nu: TensorInfo;
}

export interface RowAttrs {
  epsilon: number;
}

/** Whether mean and variance are the rows' own by nu, or constants. */
export interface BatchAttrs extends RowAttrs {
  batch: boolean;
}

/** Keeps the bytes of a table, of the start's rows and of the responsibilities signed 32-bit integers. */
export function checkSizes(op: string, rows: number, channels: number, components: number): void {
  const table = components * (channels + 8);
  const start = Math.min(rows, 1024) * (channels + components + 1);
  if (table <= 2 ** 24 && start <= 2 ** 28 && rows * components <= 2 ** 29) return;
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
  checkFloat32(op, "nu", nu);
  checkShape(op, "nu", nu, [outer, components]);
}

type TableNames = "mean" | "variance" | "prior" | "gamma" | "beta";

/** The part of a job that the kernels of mixture normalization have: the table, and x that may come in pieces of whole rows. */
export function rowTable(
  kernels: Kernels,
  { x, mean, variance, prior, gamma, beta }: MixtureInputs & PerChannel,
  { outer, channels, components }: MixtureView,
  { epsilon }: RowAttrs,
) {
  return {
    count: outer,
    period: 1,
    tableBytes: kernels.mixture_norm_table_bytes(channels, components),
    parameters: { mean, variance, prior, gamma, beta },
    activations: { x },
    along: {},
    results: {},
    prepare({ table, mean, variance, prior, gamma, beta }: Addresses<TableNames>) {
      kernels.mixture_norm_prepare(table, prior, mean, variance, gamma, beta, channels, components, epsilon);
    },
  } satisfies Partial<Job>;
}

export type RowNames<More extends string> = TableNames | "x" | More;
