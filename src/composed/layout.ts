import { add, max, maximum, reshape, slice, split, sum, type Tensor, unstack } from "@tensorflow/tfjs-core";
import type { View } from "../arguments.js";
import { sizeOf } from "../launch/plan.js";
import { isOnNative } from "../tensorflow/native.js";
import { meanOver, sumAway, sumOver, sumsOver } from "./sums.js";

// How activations and the components of a mixture are laid out for TensorFlow.js operations.
//
// Native TensorFlow takes as long to begin an operation as for many numbers, also for a reshape. There, activations keep their shape
// where they can, and all components are in one tensor, [K, …]. On other backends a component has tensors of its own: WebGL and WebGPU are
// slow at sums over an axis as short as K, and 'cpu' at broadcasting; and a reshape costs nothing.

/** Tensors of all components: one for each, or a single one of all, with K as its first axis. */
export type Each = Tensor[];

export interface Layout {
  /** Of activations. */
  shape: number[];
  /** The axes of `shape` that a channel's activations lie along. */
  axes: number[];
  /** Of one number a channel, as it broadcasts: [C], or with ones for the axes of activations. */
  perChannel: number[];
  channels: number;
  /** Whether all components are in one tensor. */
  isStacked: boolean;
}

/** @param shape of x, a tensor that is [outer, channels, inner] */
export function layoutOf(shape: number[], { outer, channels, inner }: View): Layout {
  const isStacked = isOnNative();
  const at = shape.findIndex((size, axis) => size === channels && sizeOf(shape, 0, axis) === outer);
  // With K there is one axis more, and broadcasts of many axes are slow.
  const kept = isStacked && shape.length <= 4 && at >= 0;
  const seen = kept ? shape : [outer, channels, inner];
  const channelAxis = kept ? at : 1;
  const axes = seen.map((_, axis) => axis).filter((axis) => axis !== channelAxis);
  const isLast = channelAxis === seen.length - 1;
  const perChannel = isLast ? [channels] : seen.map((_, axis) => (axis === channelAxis ? channels : 1));
  return { shape: seen, axes, perChannel, channels, isStacked };
}

const isShape = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** tf.reshape, or the tensor itself where it has the shape. */
export const reshaped = (tensor: Tensor, shape: number[]): Tensor =>
  isShape(tensor.shape, shape) ? tensor : reshape(tensor, shape);

/** Like x, as it broadcasts. */
export const activations = (x: Tensor, { shape }: Layout): Tensor => reshaped(x, shape);

/** One number a channel, as it broadcasts. */
export const perChannel = (parameter: Tensor, layout: Layout): Tensor => reshaped(parameter, layout.perChannel);

/** Of activations, the sum of each channel, as it broadcasts. */
export function channelSum(x: Tensor, { axes, perChannel }: Layout): Tensor {
  return perChannel.length === 1 ? sumAway(x, axes) : sumOver(x, axes);
}

/** The mean of each channel, as it broadcasts. */
export const channelMean = (x: Tensor, { axes, perChannel }: Layout): Tensor => meanOver(x, axes, perChannel.length > 1);

/** tf.unstack. TensorFlow.js's gradient of it throws where there is one tensor only. */
export function separate(tensor: Tensor): Tensor[] {
  const [count, ...shape] = tensor.shape;
  return count === 1 ? [reshape(tensor, shape)] : unstack(tensor);
}

/** A parameter of components and channels, [K, C], or of components, [K] or [K, 1], as it broadcasts when it is parted by `each`. */
export function parameters(parameter: Tensor, { shape, axes }: Layout): Tensor {
  const [components, channels = 1] = parameter.shape as [number, number?];
  return reshaped(parameter, [components, ...shape.map((_, axis) => (axes.includes(axis) ? 1 : channels))]);
}

/** What `parameters` gives, or what is computed of it alone, component by component. */
export const each = (parameter: Tensor, { isStacked }: Layout): Each => (isStacked ? [parameter] : separate(parameter));

/** Sums over a channel's activations, in the shape that `parameters` gives. */
export function gathered(tensors: Each, { axes, isStacked }: Layout): Tensor {
  return isStacked ? sumOver(tensors[0] as Tensor, axes.map(next)) : sumsOver(tensors, axes);
}

const next = (axis: number) => axis + 1;

/** The same of several: [K, C] of components, and [C] or [1, C] of a single tensor like x. */
export function sumsOf(all: Each[], { shape, axes, channels, isStacked }: Layout): Tensor[] {
  if (isStacked) {
    return all.map(([tensor]) => {
      const { rank } = tensor as Tensor;
      return sumAway(tensor as Tensor, rank > shape.length ? axes.map(next) : axes);
    });
  }
  const tensors = all.flat();
  const sums = reshape(sumsOver(tensors, axes), [tensors.length, channels]);
  return split(
    sums,
    all.map(({ length }) => length),
  );
}

/** The sum of tensors of one shape. Not tf.addN: on 'webgpu' it is silently wrong for more tensors than a shader may read. */
export const added = (tensors: Tensor[]): Tensor => tensors.reduce((a, b) => add(a, b));

/** The sum over all components. */
export const total = (tensors: Each, { isStacked }: Layout): Tensor =>
  isStacked ? sum(tensors[0] as Tensor, 0) : added(tensors);

/** The largest over all components. */
export const largest = (tensors: Each, { isStacked }: Layout): Tensor =>
  isStacked ? max(tensors[0] as Tensor, 0) : tensors.reduce((a, b) => maximum(a, b));

/** The first component's. */
export const first = ([one]: Each, { isStacked }: Layout): Tensor => (isStacked ? slice(one as Tensor, 0, 1) : (one as Tensor));
