import {
  add,
  mean as meanOf,
  moments,
  mul,
  reshape,
  rsqrt,
  sub,
  sum,
  type Tensor,
  zeros,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { NormalizationAttrs, NormalizationGradInputs, NormalizationInputs } from "../kernels/normalization.js";
import type { NormalizationGivenAttrs, NormalizationGivenInputs } from "../kernels/normalizationInference.js";
import type { Tensors } from "../registry/run.js";

/** The axes that a set's numbers lie along in [slabs, outer, sets, channels of a set, inner], and those of a channel's. */
const OF_SET = [1, 3, 4];
const OF_CHANNEL = [0, 1, 4];

/** Views of x and what is normalized: x̂, 1/√(variance + epsilon), mean and variance. */
function standardized(x: Tensor, { slabs, outer, channels, inner, sets, epsilon }: NormalizationAttrs) {
  const view = (tensor: Tensor) => reshape(tensor, [slabs, outer, sets, channels / sets, inner]);
  const perChannel = (tensor: Tensor) => reshape(tensor, [1, 1, sets, channels / sets, 1]);
  const numbers = view(x);
  const { mean, variance } = moments(numbers, OF_SET, true);
  const scale = rsqrt(add(variance, epsilon));
  return { view, perChannel, z: mul(sub(numbers, mean), scale), scale, mean, variance };
}

export function composedNormalization(
  { x, gamma, beta }: Tensors<NormalizationInputs>,
  attrs: NormalizationAttrs,
): [Tensor, Tensor, Tensor] {
  const stats = [attrs.slabs, attrs.sets];
  if (x.size === 0) return [zerosLike(x), zeros(stats), zeros(stats)];
  const { perChannel, z, mean, variance } = standardized(x, attrs);
  const scaled = gamma ? mul(z, perChannel(gamma)) : z;
  const y = beta ? add(scaled, perChannel(beta)) : scaled;
  return [reshape(y, x.shape), reshape(mean, stats), reshape(variance, stats)];
}

/** By mean and variance of x itself, not those that are given: so it may be differentiated once more. */
export function composedNormalizationGrad(
  { x, dy, gamma }: Tensors<NormalizationGradInputs>,
  attrs: NormalizationAttrs,
): [Tensor, Tensor, Tensor] {
  if (x.size === 0) return [zerosLike(x), zeros([attrs.channels]), zeros([attrs.channels])];
  const { view, perChannel, z, scale } = standardized(x, attrs);
  const upstream = view(dy);
  const scaled = gamma ? mul(upstream, perChannel(gamma)) : upstream;
  const along = mul(z, meanOf(mul(scaled, z), OF_SET, true));
  const dx = mul(sub(sub(scaled, meanOf(scaled, OF_SET, true)), along), scale);
  const perChannelSum = (tensor: Tensor) => reshape(sum(tensor, OF_CHANNEL), [attrs.channels]);
  return [reshape(dx, x.shape), perChannelSum(mul(upstream, z)), perChannelSum(upstream)];
}

export function composedNormalizationGiven(
  { x, mean, variance, gamma, beta }: Tensors<NormalizationGivenInputs>,
  { outer, channels, inner, epsilon }: NormalizationGivenAttrs,
): Tensor {
  const perChannel = (tensor: Tensor) => reshape(tensor, [1, channels, 1]);
  const inverse = rsqrt(add(variance, epsilon));
  const scale = gamma ? mul(inverse, gamma) : inverse;
  const scaled = mul(sub(reshape(x, [outer, channels, inner]), perChannel(mean)), perChannel(scale));
  return reshape(beta ? add(scaled, perChannel(beta)) : scaled, x.shape);
}
