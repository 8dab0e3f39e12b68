import { mul, sub, type Tensor } from "@tensorflow/tfjs-core";
import type { LayerVariable } from "@tensorflow/tfjs-layers";
import { argumentError } from "../arguments.js";

/** How much of a moving average is kept. */
export function checkMomentum(op: string, momentum: number): void {
  if (!(momentum >= 0 && momentum <= 1)) throw argumentError(op, "momentum", "be a number from 0 to 1", String(momentum));
}

/** An average, (1 − momentum) of the way to a value, as TensorFlow.js's batch normalization has it. */
export function moved(average: Tensor, value: Tensor, momentum: number): Tensor {
  return sub(average, mul(sub(average, value), 1 - momentum));
}

export function follow(average: LayerVariable, value: Tensor, momentum: number): void {
  average.write(moved(average.read(), value, momentum));
}
