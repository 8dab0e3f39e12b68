import { argumentError } from "../arguments.js";
import { BatchNormalization, type BatchNormalizationArgs } from "./batchNormalization.js";
import { BatchNormalizationWithPrior, type BatchNormalizationWithPriorArgs } from "./batchNormalizationWithPrior.js";
import { KerasBatchNormalization, type KerasBatchNormalizationArgs, kerasOptionOf } from "./kerasBatchNormalization.js";
import type { MovingRuleArgs } from "./moving.js";

/** A layer that normalizes by the batch's moments: see {@link BatchNormalization}. */
export function batchNormalization(args?: BatchNormalizationArgs): BatchNormalization;
/** With a prior mass or a memory: see {@link BatchNormalizationWithPrior}. */
export function batchNormalization(args: BatchNormalizationWithPriorArgs): BatchNormalizationWithPrior;
/** With several axes, batch renormalization, or `training`: see {@link KerasBatchNormalization}. */
export function batchNormalization(args: KerasBatchNormalizationArgs): KerasBatchNormalization;
export function batchNormalization(
  args: MovingRuleArgs & KerasBatchNormalizationArgs = {},
): BatchNormalization | BatchNormalizationWithPrior {
  const { priorMass, memory, ...plain } = args as BatchNormalizationWithPriorArgs & KerasBatchNormalizationArgs;
  const isPlain = (priorMass ?? 0) === 0 && (memory ?? null) === null;
  const option = kerasOptionOf(args);
  if (isPlain) return option ? new KerasBatchNormalization(plain) : new BatchNormalization(plain);
  if (!option) return new BatchNormalizationWithPrior(args as BatchNormalizationWithPriorArgs);
  const given = String(JSON.stringify(args[option]));
  throw argumentError("batchNormalization", option, "not be given where priorMass or memory is", given);
}
