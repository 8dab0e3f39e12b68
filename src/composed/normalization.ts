import {
  add,
  batchNorm,
  div,
  getBackend,
  mean as meanOf,
  moments,
  mul,
  neg,
  onesLike,
  reshape,
  rsqrt,
  square,
  squaredDifference,
  sub,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  zeros,
  zerosLike,
} from "@tensorflow/tfjs-core";
import type { NormalizationAttrs, NormalizationGradInputs, NormalizationInputs } from "../kernels/normalization.js";
import type {
  NormalizationInferenceAttrs,
  NormalizationInferenceGradInputs,
  NormalizationInferenceInputs,
} from "../kernels/normalizationInference.js";
import { constant } from "../tensorflow/constants.js";
import { isOnNative } from "../tensorflow/native.js";
import { isTaped } from "../tensorflow/tape.js";
import { activations, channelSum, layoutOf, perChannel, reshaped } from "./layout.js";
import { meanOver, sumAway } from "./sums.js";
import type { Tensors } from "./tensors.js";

/** The axes of a group's numbers in [slices, outer, groups, channels of a group, inner], and the axes of a channel's. */
const OF_GROUP = [1, 3, 4];
const OF_CHANNEL = [0, 1, 4];

/** The numbers that share a mean and a variance, and those that share a channel, as TensorFlow.js operations see them. */
interface Groups {
  /** Of activations: the five axes above, but for those of size 1. */
  shape: number[];
  groupAxes: number[];
  channelAxes: number[];
  /** Of a statistic of groups, and of a parameter of channels, as they broadcast. */
  statistic: number[];
  perChannel: number[];
}

const withoutLeadingOnes = (shape: number[]) => shape.slice(shape.findIndex((size) => size !== 1));

function groupsOf(x: Tensor, { slices, outer, channels, inner, groups }: NormalizationAttrs): Groups {
  const sizes = [slices, outer, groups, channels / groups, inner];
  const { shape, rank } = x;
  if (isOnNative() && rank > 1 && slices * inner === 1 && groups === channels && shape[rank - 1] === channels) {
    // Channels are last: a mean of each broadcasts without a reshape of x.
    const axes = shape.slice(1).map((_, axis) => axis);
    return { shape, groupAxes: axes, channelAxes: axes, statistic: [1, channels], perChannel: [channels] };
  }
  const kept = sizes.flatMap((size, axis) => (size > 1 ? [axis] : []));
  const seen = kept.length > 0 ? kept : [0];
  const axesOf = (some: number[]) => seen.flatMap((axis, i) => (some.includes(axis) ? [i] : []));
  const sizesBut = (some: number[]) => seen.map((axis) => (some.includes(axis) ? 1 : (sizes[axis] as number)));
  return {
    shape: seen.map((axis) => sizes[axis] as number),
    groupAxes: axesOf(OF_GROUP),
    channelAxes: axesOf(OF_CHANNEL),
    statistic: sizesBut(OF_GROUP),
    perChannel: withoutLeadingOnes(sizesBut(OF_CHANNEL)),
  };
}

/**
 * Backends whose batchNorm subtracts the mean before it multiplies, as others do not: where means are large, they lose digits. It is
 * 30 times as fast there as the same out of other operations.
 */
const EXACT = ["cpu", "wasm"];

/** Native TensorFlow has it in one operation, of four axes; it is given x without its mean, so that no digits are lost on any device. */
const hasFastBatchNorm = () => EXACT.includes(getBackend()) || isOnNative();

/** Normalizes x, [rows, channels] or of four axes, by mean and variance [channels]. */
function normalizeRows(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  { gamma, beta, epsilon }: { gamma: Tensor | undefined; beta: Tensor | undefined; epsilon: number },
): Tensor {
  // Native TensorFlow makes what is missing at every call, out of numbers.
  const offset = beta ?? (isOnNative() ? zerosLike(mean) : undefined);
  const scale = gamma ?? (isOnNative() ? onesLike(mean) : undefined);
  return batchNorm(x as Tensor2D, mean as Tensor1D, variance as Tensor1D, offset as Tensor1D, scale as Tensor1D, epsilon);
}

/** The shape of activations for `normalizeRows`, with channels last. */
function rowsShape({ shape, rank }: Tensor, outer: number, channels: number): number[] {
  if (!isOnNative()) return [outer, channels];
  return rank === 4 && shape[3] === channels ? shape : [1, 1, outer, channels];
}

/** Batch normalization with channels last, by tf.batchNorm. */
function normalizedRows({ x, gamma, beta }: Tensors<NormalizationInputs>, attrs: NormalizationAttrs): Tensor[] {
  const { outer, channels, epsilon } = attrs;
  const rows = reshaped(x, rowsShape(x, outer, channels));
  const [rounded, deviations, residual, variance] = momentsOfRows(rows);
  const y = normalizeRows(deviations, residual, variance, { gamma, beta, epsilon });
  return [reshaped(y, x.shape), ...[rounded, variance, residual].map((statistic) => reshape(statistic, [1, channels]))];
}

/** Mean, x without it, what the mean lost, and variance. */
function momentsOfRows(rows: Tensor): [Tensor, Tensor, Tensor, Tensor] {
  if (isOnNative()) {
    const axes = [0, 1, 2];
    const rounded = meanOver(rows, axes, false);
    const deviations = sub(rows, rounded);
    const residual = meanOver(deviations, axes, false);
    return [rounded, deviations, residual, meanOver(squaredDifference(deviations, residual), axes, false)];
  }
  const rounded = meanOf(rows, 0);
  const deviations = sub(rows, rounded);
  const { mean: residual, variance } = moments(deviations, 0);
  return [rounded, deviations, residual, variance];
}

/** Mean and variance of groups, what the mean lost when it was rounded, and numbers − mean without that loss. */
function centered(numbers: Tensor, axes: number[]) {
  const rounded = meanOver(numbers, axes);
  const deviations = sub(numbers, rounded);
  const residual = meanOver(deviations, axes);
  const exact = sub(deviations, residual);
  return { mean: rounded, residual, variance: meanOver(square(exact), axes), deviations: exact };
}

/** The same for RMS normalization, whose mean is taken for 0. */
function uncentered(numbers: Tensor, axes: number[]) {
  const variance = meanOver(square(numbers), axes);
  const zero = zerosLike(variance);
  return { mean: zero, residual: zero, variance, deviations: numbers };
}

/** z = (x − mean)/√(variance + epsilon), 1/√(variance + epsilon), mean, variance and residual. */
function standardized(x: Tensor, { shape, groupAxes }: Groups, { rms, epsilon }: NormalizationAttrs) {
  const numbers = reshaped(x, shape);
  const { mean, residual, variance, deviations } = rms ? uncentered(numbers, groupAxes) : centered(numbers, groupAxes);
  const scale = rsqrt(add(variance, constant(epsilon)));
  return { z: mul(deviations, scale), scale, mean, variance, residual };
}

/** The same by the mean and variance of the forward pass. */
function standardizedAgain({ x, ...given }: Tensors<NormalizationGradInputs>, groups: Groups, attrs: NormalizationAttrs) {
  // Those of x itself may be differentiated again.
  if (isTaped()) return standardized(x, groups, attrs);
  const [mean, variance, residual] = [given.mean, given.variance, given.residual].map((tensor) =>
    reshaped(tensor, groups.statistic),
  ) as [Tensor, Tensor, Tensor];
  const numbers = reshaped(x, groups.shape);
  const scale = rsqrt(add(variance, constant(attrs.epsilon)));
  return { z: mul(attrs.rms ? numbers : sub(sub(numbers, mean), residual), scale), scale };
}

export function composedNormalization(inputs: Tensors<NormalizationInputs>, attrs: NormalizationAttrs): Tensor[] {
  const { x, gamma, beta } = inputs;
  const { slices, channels, inner, groups, rms } = attrs;
  const shape = [slices, groups];
  if (x.size === 0) return [zerosLike(x), ...Array.from({ length: 3 }, () => zeros(shape))];
  if (!rms && slices * inner === 1 && groups === channels && hasFastBatchNorm()) return normalizedRows(inputs, attrs);
  const seen = groupsOf(x, attrs);
  const { z, mean, variance, residual } = standardized(x, seen, attrs);
  const scaled = gamma ? mul(z, reshaped(gamma, seen.perChannel)) : z;
  const y = beta ? add(scaled, reshaped(beta, seen.perChannel)) : scaled;
  return [reshaped(y, x.shape), ...[mean, variance, residual].map((statistic) => reshaped(statistic, shape))];
}

/** It uses the mean and variance of x itself, not those of the inputs, where it may be differentiated again. */
export function composedNormalizationGrad(
  inputs: Tensors<NormalizationGradInputs>,
  attrs: NormalizationAttrs,
): [Tensor, Tensor, Tensor] {
  const { x, dy, gamma } = inputs;
  const { slices, channels, inner, groups } = attrs;
  if (x.size === 0) return [zerosLike(x), zeros([channels]), zeros([channels])];
  const seen = groupsOf(x, attrs);
  const { z, scale } = standardizedAgain(inputs, seen, attrs);
  const upstream = reshaped(dy, seen.shape);
  const perChannelSum = (tensor: Tensor) => reshaped(sumAway(tensor, seen.channelAxes), [channels]);
  const [dgamma, dbeta] = [perChannelSum(mul(upstream, z)), perChannelSum(upstream)];
  const factor = gamma && reshaped(gamma, seen.perChannel);
  if (slices === 1 && groups === channels && !attrs.rms) {
    // γ is the same for all of a group: its means are those of the sums for γ and β.
    const count = constant(attrs.outer * inner);
    const [along, across] = [dgamma, dbeta].map((sum) => reshaped(div(sum, count), seen.perChannel)) as [Tensor, Tensor];
    const dx = mul(sub(sub(upstream, across), mul(z, along)), factor ? mul(scale, factor) : scale);
    return [reshaped(dx, x.shape), dgamma, dbeta];
  }
  const scaled = factor ? mul(upstream, factor) : upstream;
  const along = mul(z, meanOver(mul(scaled, z), seen.groupAxes));
  const across = attrs.rms ? scaled : sub(scaled, meanOver(scaled, seen.groupAxes));
  return [reshaped(mul(sub(across, along), scale), x.shape), dgamma, dbeta];
}

export function composedNormalizationInference(
  { x, mean, variance, gamma, beta }: Tensors<NormalizationInferenceInputs>,
  { outer, channels, inner, epsilon }: NormalizationInferenceAttrs,
): Tensor {
  if (x.size === 0) return zerosLike(x);
  if (inner === 1 && hasFastBatchNorm()) {
    const rows = reshaped(x, rowsShape(x, outer, channels));
    return reshaped(normalizeRows(rows, mean, variance, { gamma, beta, epsilon }), x.shape);
  }
  const layout = layoutOf(x.shape, { outer, channels, inner, size: x.size });
  const inverse = rsqrt(add(variance, constant(epsilon)));
  const scale = gamma ? mul(inverse, gamma) : inverse;
  const scaled = mul(sub(activations(x, layout), perChannel(mean, layout)), perChannel(scale, layout));
  return reshaped(beta ? add(scaled, perChannel(beta, layout)) : scaled, x.shape);
}

/** With r = 1/√(variance + epsilon): dx = γ r dy, dmean = −Σdx, dvariance = −½ r² Σ dx (x − mean), dγ = r Σ dy (x − mean). */
export function composedNormalizationInferenceGrad(
  { x, dy, mean, variance, gamma }: Tensors<NormalizationInferenceGradInputs>,
  { outer, channels, inner, epsilon }: NormalizationInferenceAttrs,
): Tensor[] {
  if (x.size === 0) return [zerosLike(x), ...Array.from({ length: 4 }, () => zeros([channels]))];
  const layout = layoutOf(x.shape, { outer, channels, inner, size: x.size });
  const sumOf = (tensor: Tensor) => reshaped(channelSum(tensor, layout), [channels]);
  const upstream = activations(dy, layout);
  const inverse = rsqrt(add(variance, constant(epsilon)));
  const ofGamma = mul(sumOf(mul(upstream, sub(activations(x, layout), perChannel(mean, layout)))), inverse);
  const ofBeta = sumOf(upstream);
  const scale = gamma ? mul(inverse, gamma) : inverse;
  const scaledInverse = mul(scale, inverse);
  return [
    reshaped(mul(upstream, perChannel(scale, layout)), x.shape),
    neg(mul(ofBeta, scale)),
    mul(mul(ofGamma, scaledInverse), constant(-0.5)),
    ofGamma,
    ofBeta,
  ];
}
