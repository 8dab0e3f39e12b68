import { clone, div, matMul, mean, mul, pad, reshape, stack, sum, type Tensor } from "@tensorflow/tfjs-core";
import { sizeOf } from "../launch/plan.js";
import { constant } from "../tensorflow/constants.js";
import { isOnNative } from "../tensorflow/native.js";

// Sums of many numbers. Backends add up in float32, some of them one number after the other, and each addition may lose half a unit
// in the last place of the sum so far. So runs of numbers are added up first, and then their sums: the error hardly grows with how
// many numbers there are.

/** Numbers in a run, at most. Whatever their order, their sum is within 1024 · 2^-24 = 6·10⁻⁵ of the sum of their absolute values. */
const MAX_RUN = 1024;
/** Runs are shorter only where an axis is. Zeros fill up an axis that has no divisor from here to MAX_RUN. */
const MIN_RUN = 32;

const countOf = (x: Tensor, axes: number[]) => sizeOf(axes.map((axis) => x.shape[axis] as number));

/** An axis in runs of equal length: the axis becomes two, runs and numbers in a run. */
function inRuns(x: Tensor, axis: number): Tensor {
  const [before, size, after] = [x.shape.slice(0, axis), x.shape[axis] as number, x.shape.slice(axis + 1)];
  let run = Math.min(size, MAX_RUN);
  while (size % run !== 0) run--;
  if (run < Math.min(size, MIN_RUN)) run = MAX_RUN;
  const runs = Math.ceil(size / run);
  const missing = runs * run - size;
  const rows = [sizeOf(before), size, sizeOf(after)];
  const whole =
    missing > 0
      ? pad(reshape(x, rows), [
          [0, 0],
          [0, missing],
          [0, 0],
        ])
      : x;
  return reshape(whole, [...before, runs, run, ...after]);
}

/** Axes of at most MAX_RUN numbers, and as many as there are such, if that leaves no axis longer than MAX_RUN. */
function axesOfARun(x: Tensor, axes: number[]): number[] {
  const longest = Math.max(...axes.map((axis) => x.shape[axis] as number));
  if (longest > MAX_RUN) return [];
  let subsets: number[][] = [[]];
  for (const axis of axes) subsets = subsets.concat(subsets.map((some) => [...some, axis]));
  return subsets.reduce((a, b) => (countOf(x, b) <= MAX_RUN && countOf(x, b) > countOf(x, a) ? b : a));
}

/** A part of a reduction of more numbers than a run has: over some of the axes, or of the runs of the longest one. */
function reduceRuns(x: Tensor, axes: number[], reduce: typeof sum): Tensor {
  const some = axesOfARun(x, axes);
  if (some.length > 0) return reduce(x, some, true);
  const axis = axes.reduce((a, b) => (countOf(x, [b]) > countOf(x, [a]) ? b : a));
  const runs = inRuns(x, axis);
  const reduced = reduce(runs, axis + 1);
  const filled = countOf(runs, [axis, axis + 1]) / countOf(x, [axis]);
  return reduce === mean && filled > 1 ? mul(reduced, filled) : reduced;
}

/** @param keep whether the axes stay, with size 1 */
function reduceOver(x: Tensor, axes: number[], reduce: typeof sum, keep: boolean): Tensor {
  const count = countOf(x, axes);
  if (count === 1) {
    return keep
      ? clone(x)
      : reshape(
          x,
          x.shape.filter((_, axis) => !axes.includes(axis)),
        );
  }
  let reduced = x;
  while (countOf(reduced, axes) > MAX_RUN) reduced = reduceRuns(reduced, axes, reduce);
  return countOf(reduced, axes) === 1 && keep ? reduced : reduce(reduced, axes, keep);
}

/** tf.sum over axes, which stay, with size 1. */
export const sumOver = (x: Tensor, axes: number[]): Tensor => reduceOver(x, axes, sum, true);

/** tf.sum over axes, which go. */
export const sumAway = (x: Tensor, axes: number[]): Tensor => reduceOver(x, axes, sum, false);

/** tf.mean over axes, which stay, with size 1. */
export function meanOver(x: Tensor, axes: number[], keep = true): Tensor {
  // Native TensorFlow's mean is two operations, a cast and the mean, for each run.
  if (isOnNative()) return div(reduceOver(x, axes, sum, keep), constant(countOf(x, axes)));
  return reduceOver(x, axes, mean, keep);
}

/** The sums of several tensors of one shape, stacked along a new first axis. */
export function sumsOver(tensors: Tensor[], axes: number[]): Tensor {
  const stacked = stack(
    tensors.map((tensor) =>
      countOf(tensor, axes) > MAX_RUN ? reduceRuns(tensor, axes, sum) : reduceOver(tensor, axes, sum, true),
    ),
  );
  return sumOver(
    stacked,
    axes.map((axis) => axis + 1),
  );
}

/** aᵀ b, [A, B], of a [N, A] and b [N, B]. */
export function productOver(a: Tensor, b: Tensor): Tensor {
  const products = matMul(inRuns(a, 0), inRuns(b, 0), true);
  return sumAway(products, [0]);
}
