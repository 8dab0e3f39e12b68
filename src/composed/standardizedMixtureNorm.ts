import { add, fill, reshape, stack, type Tensor, unstack, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { STANDARD_ROWS } from "../constants.js";
import type { StandardizedGradInputs, StandardizedInputs } from "../kernels/standardizedMixtureNorm.js";
import { unrecorded } from "../tensorflow/tape.js";
import { standardize, standardizeGrad } from "./shrinkage.js";
import type { Tensors } from "./tensors.js";
import { composedUnsupervisedAdaptiveNorm, composedUnsupervisedAdaptiveNormGrad } from "./unsupervisedAdaptiveNorm.js";

/** docs/math.md, section 2.5. */
export function composedStandardizedMixtureNorm(
  inputs: Tensors<StandardizedInputs>,
  attrs: NormAttrs,
  view: MixtureView,
): Tensor[] {
  const { x, priorMean, priorVariance, priorMass } = inputs;
  const { channels } = view;
  const same = (value: number) => fill([channels], value);
  if (view.size === 0) return [zerosLike(x), same(Number.NaN), same(Number.NaN), fill([STANDARD_ROWS, channels], Number.NaN)];
  const standardized = standardize(x, inputs, view, attrs.epsilon);
  const y = composedUnsupervisedAdaptiveNorm({ ...inputs, x: standardized.z }, attrs, view);
  const { own, mean, variance, residual } = standardized;
  const perChannel = (tensor: Tensor) => reshape(tensor, [channels]);
  const mass = priorMass ? add(same(0), priorMass) : same(0);
  const standard = stack([mean, variance, residual, priorMean ?? same(0), priorVariance ?? same(0), mass].map(perChannel));
  return [reshape(y, x.shape), perChannel(own.mean), perChannel(own.variance), standard];
}

/** It uses the moments of x itself, not those of the inputs, so that it may be differentiated again. */
export function composedStandardizedMixtureNormGrad(
  inputs: Tensors<StandardizedGradInputs>,
  attrs: NormAttrs,
  view: MixtureView,
): Tensor[] {
  const { x } = inputs;
  if (view.size === 0) return composedUnsupervisedAdaptiveNormGrad(inputs, attrs, view);
  const [, , , priorMean, priorVariance, mass] = unrecorded(() => unstack(inputs.standard)) as Tensor[];
  const priorMass = unrecorded(() => reshape(mass as Tensor, [1, view.channels, 1]));
  const standardized = standardize(x, { priorMean, priorVariance, priorMass }, view, attrs.epsilon);
  const { z } = standardized;
  const [dz, ...gradients] = composedUnsupervisedAdaptiveNormGrad({ ...inputs, x: z }, attrs, view);
  return [reshape(standardizeGrad(standardized, dz as Tensor), x.shape), ...gradients];
}
