import { add, fill, mul, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import type { NormalizationInferenceAttrs } from "../kernels/normalizationInference.js";
import type { ShrunkNormalizationGradInputs, ShrunkNormalizationInputs } from "../kernels/shrunkNormalization.js";
import { activations, channelSum, layoutOf, perChannel, reshaped } from "./layout.js";
import { type Standardized, standardize, standardizeAgain, standardizeGrad } from "./shrinkage.js";
import type { Tensors } from "./tensors.js";

/** The batch's own mean and variance, then those by which it is normalized and the residual: [channels], after y of its kernels. */
function momentsOutputs({ own, mean, variance, residual }: Standardized, channels: number): Tensor[] {
  return [own.mean, own.variance, mean, variance, residual].map((tensor) => reshaped(tensor, [channels]));
}

/** The same of a batch without activations. */
const noMoments = (channels: number): Tensor[] => Array.from({ length: 5 }, () => fill([channels], Number.NaN));

/** x is not empty. */
const layoutFor = (x: Tensor, { outer, channels, inner }: NormalizationInferenceAttrs) =>
  layoutOf(x.shape, { outer, channels, inner, size: x.size });

export function composedShrunkNormalization(
  { x, gamma, beta, ...prior }: Tensors<ShrunkNormalizationInputs>,
  attrs: NormalizationInferenceAttrs,
): Tensor[] {
  if (x.size === 0) return [zerosLike(x), ...noMoments(attrs.channels)];
  const layout = layoutFor(x, attrs);
  const standardized = standardize(x, prior, layout, attrs.epsilon);
  const scaled = gamma ? mul(standardized.z, perChannel(gamma, layout)) : standardized.z;
  const y = beta ? add(scaled, perChannel(beta, layout)) : scaled;
  return [reshaped(y, x.shape), ...momentsOutputs(standardized, attrs.channels)];
}

/** It uses the moments of x itself, not those of the inputs, where it may be differentiated again. */
export function composedShrunkNormalizationGrad(
  { x, dy, gamma, ...standard }: Tensors<ShrunkNormalizationGradInputs>,
  attrs: NormalizationInferenceAttrs,
): Tensor[] {
  const { channels, epsilon } = attrs;
  if (x.size === 0) return [zerosLike(x), zeros([channels]), zeros([channels])];
  const layout = layoutFor(x, attrs);
  const standardized = standardizeAgain(x, standard, layout, epsilon);
  const upstream = activations(dy, layout);
  const dz = gamma ? mul(upstream, perChannel(gamma, layout)) : upstream;
  const dx = standardizeGrad(standardized, dz, standard.priorMass, layout);
  const sumOf = (tensor: Tensor) => reshaped(channelSum(tensor, layout), [channels]);
  return [reshaped(dx, x.shape), sumOf(mul(upstream, standardized.z)), sumOf(upstream)];
}
