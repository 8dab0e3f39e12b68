import { add, fill, mul, reshape, type Tensor, zeros, zerosLike } from "@tensorflow/tfjs-core";
import type { View } from "../arguments.js";
import type { NormalizationInferenceAttrs } from "../kernels/normalizationInference.js";
import type { ShrunkNormalizationGradInputs, ShrunkNormalizationInputs } from "../kernels/shrunkNormalization.js";
import { perChannel } from "./mixture.js";
import { type Standardized, standardize, standardizeGrad } from "./shrinkage.js";
import { sumOver } from "./sums.js";
import type { Tensors } from "./tensors.js";

/** The batch's own mean and variance, then those by which it is normalized and the residual: [channels], after y of its kernels. */
function momentsOutputs({ own, mean, variance, residual }: Standardized, channels: number): Tensor[] {
  return [own.mean, own.variance, mean, variance, residual].map((tensor) => reshape(tensor, [channels]));
}

/** The same of a batch without activations. */
const noMoments = (channels: number): Tensor[] => Array.from({ length: 5 }, () => fill([channels], Number.NaN));

const viewOf = ({ outer, channels, inner }: NormalizationInferenceAttrs): View => {
  return { outer, channels, inner, size: outer * channels * inner };
};

export function composedShrunkNormalization(
  { x, gamma, beta, ...prior }: Tensors<ShrunkNormalizationInputs>,
  attrs: NormalizationInferenceAttrs,
): Tensor[] {
  if (x.size === 0) return [zerosLike(x), ...noMoments(attrs.channels)];
  const view = viewOf(attrs);
  const standardized = standardize(x, prior, view, attrs.epsilon);
  const scaled = gamma ? mul(standardized.z, perChannel(gamma, view)) : standardized.z;
  const y = beta ? add(scaled, perChannel(beta, view)) : scaled;
  return [reshape(y, x.shape), ...momentsOutputs(standardized, attrs.channels)];
}

/** It uses the moments of x itself, not those of the inputs, so that it may be differentiated again. */
export function composedShrunkNormalizationGrad(
  { x, dy, gamma, priorMean, priorVariance, priorMass }: Tensors<ShrunkNormalizationGradInputs>,
  attrs: NormalizationInferenceAttrs,
): Tensor[] {
  const { channels, outer, inner, epsilon } = attrs;
  if (x.size === 0) return [zerosLike(x), zeros([channels]), zeros([channels])];
  const view = viewOf(attrs);
  const standardized = standardize(x, { priorMean, priorVariance, priorMass }, view, epsilon);
  const upstream = reshape(dy, [outer, channels, inner]);
  const dx = standardizeGrad(standardized, gamma ? mul(upstream, perChannel(gamma, view)) : upstream);
  const channelSum = (tensor: Tensor) => reshape(sumOver(tensor, [0, 2]), [channels]);
  return [reshape(dx, x.shape), channelSum(mul(upstream, standardized.z)), channelSum(upstream)];
}
