import { add, fill, stack, type Tensor, unstack, zerosLike } from "@tensorflow/tfjs-core";
import type { MixtureView, NormAttrs } from "../arguments.js";
import { STANDARD_ROWS } from "../constants.js";
import type { StandardizedGradInputs, StandardizedInputs } from "../kernels/standardizedMixtureNorm.js";
import { unrecorded } from "../tensorflow/tape.js";
import { activations, layoutOf, reshaped } from "./layout.js";
import { standardize, standardizeAgain, standardizeGrad } from "./shrinkage.js";
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
  const layout = layoutOf(x.shape, view);
  const standardized = standardize(x, inputs, layout, attrs.epsilon);
  const y = composedUnsupervisedAdaptiveNorm({ ...inputs, x: standardized.z }, attrs, view);
  const { own, mean, variance, residual } = standardized;
  const perChannel = (tensor: Tensor) => reshaped(tensor, [channels]);
  const zero = zerosLike(perChannel(mean));
  const mass = priorMass ? add(zero, priorMass) : zero;
  const standard = stack([mean, variance, residual, priorMean ?? zero, priorVariance ?? zero, mass].map(perChannel));
  return [reshaped(y, x.shape), perChannel(own.mean), perChannel(own.variance), standard];
}

/** It uses the moments of x itself, not those of the inputs, where it may be differentiated again. */
export function composedStandardizedMixtureNormGrad(
  inputs: Tensors<StandardizedGradInputs>,
  attrs: NormAttrs,
  view: MixtureView,
): Tensor[] {
  const { x } = inputs;
  if (view.size === 0) return composedUnsupervisedAdaptiveNormGrad(inputs, attrs, view);
  const rows = unrecorded(() => unstack(inputs.standard)) as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const [mean, variance, residual, priorMean, priorVariance, priorMass] = rows;
  const layout = layoutOf(x.shape, view);
  const dy = activations(inputs.dy, layout);
  const standard = { mean, variance, residual, priorMean, priorVariance, priorMass };
  const standardized = standardizeAgain(x, standard, layout, attrs.epsilon);
  const [dz, ...gradients] = composedUnsupervisedAdaptiveNormGrad({ ...inputs, x: standardized.z, dy }, attrs, view);
  const dx = standardizeGrad(standardized, dz as Tensor, priorMass, layout);
  return [reshaped(dx, x.shape), ...gradients];
}
