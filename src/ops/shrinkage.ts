import { reshape, scalar, Tensor } from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import { MAX_FLOAT32 } from "../constants.js";
import { toTensor } from "./tensors.js";

export { type Moments, type PriorMoments, shrunk } from "../composed/shrinkage.js";

/** Options of ops whose moments of the batch may be shrunk. */
export interface PriorConfig {
  /** Activations' worth of trust in the moving moments: 0 (default) is none, Infinity is inference. */
  priorMass?: number | Tensor;
}

/**
 * The prior mass as a scalar tensor; undefined where it is 0.
 *
 * @throws where it is a number that is negative or NaN, or a tensor of more numbers than one
 */
export function priorMassOf(op: string, priorMass: number | Tensor = 0): Tensor | undefined {
  if (priorMass instanceof Tensor) {
    const mass = toTensor(op, "priorMass", priorMass);
    if (mass.size !== 1) throw argumentError(op, "priorMass", "be one number", `shape [${mass.shape}]`);
    return mass.rank === 0 ? mass : reshape(mass, []);
  }
  if (!(priorMass >= 0)) throw argumentError(op, "priorMass", "be a number that is not negative", String(priorMass));
  // Infinity is not uploaded: TensorFlow.js's debug mode refuses that.
  return priorMass === 0 ? undefined : scalar(Math.min(priorMass, MAX_FLOAT32));
}
