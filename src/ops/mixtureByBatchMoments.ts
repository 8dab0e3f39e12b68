import { clone, scalar, type Tensor } from "@tensorflow/tfjs-core";
import type { MixtureTensors } from "../composed/mixture.js";
import { type BatchMomentsAttrs, BatchMomentsNorm } from "../kernels/batchMomentsNorm.js";
import { run } from "../registry/run.js";
import { unrecorded } from "../tensorflow/tape.js";
import type { PriorMoments } from "./shrinkage.js";

/** y by moments of the batch, weighted with responsibilities, and these: mass, mean and variance [K, C], without gradient. */
export function byBatchMoments(
  inputs: MixtureTensors & { gamma?: Tensor | undefined; beta?: Tensor | undefined },
  attrs: BatchMomentsAttrs,
  prior: PriorMoments | undefined,
): Record<"y" | "mass" | "mean" | "variance", Tensor> {
  // Constants to the gradient. Where there is no prior, any moments will do for the moving ones.
  const constants = unrecorded(() => ({
    priorMass: prior ? clone(prior.mass) : scalar(0),
    movingMean: clone(prior?.mean ?? inputs.mean),
    movingVariance: clone(prior?.variance ?? inputs.variance),
  }));
  const [y, mass, mean, variance] = run(BatchMomentsNorm, { ...inputs, ...constants }, attrs) as [Tensor, Tensor, Tensor, Tensor];
  return { y, mass, mean, variance };
}
