import { argumentError } from "../arguments.js";

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

/** Numbers that chunks start at a multiple of: a line of the cache is one thread's. */
export const UPDATE_ALIGNMENT = 16;

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
