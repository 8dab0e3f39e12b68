import { argumentError } from "../arguments.js";
import { CACHE_LINE } from "../launch/plan.js";

// What the kernels share that update a weight.

/** Of all optimizers. */
export interface Hyperparameters {
  learningRate: number;
  weightDecay: number;
}

/** What all kernels that update a weight are told. */
export interface UpdateAttrs extends Hyperparameters {
  /** The weight's name, for messages. */
  of: string;
  /** Whether what is new may take the place of what is old, where no other tensor shares its numbers. */
  mayReplace: boolean;
}

/** Numbers that chunks start at multiples of. */
export const UPDATE_ALIGNMENT = CACHE_LINE / 4;

export function checkUpdate(op: string, { learningRate, weightDecay }: Hyperparameters): void {
  if (!Number.isFinite(learningRate)) throw argumentError(op, "learningRate", "be a finite number", String(learningRate));
  if (!(Number.isFinite(weightDecay) && weightDecay >= 0)) {
    throw argumentError(op, "weightDecay", "be a finite number that is not negative", String(weightDecay));
  }
}

/** The learning rate's opposite, and what a step keeps of a weight, in float64. */
export function factorsOf({ learningRate, weightDecay }: Hyperparameters) {
  return { step: -learningRate, keep: 1 - learningRate * weightDecay };
}
