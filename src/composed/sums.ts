import { matMul, mean, mul, pad, reshape, stack, sum, type Tensor, type Tensor4D } from "@tensorflow/tfjs-core";
import { sizeOf } from "../launch/plan.js";

// Sums of many numbers. Backends add up in float32, some of them one number after the other, and each addition may lose half a unit
// in the last place of the sum so far. So runs of numbers are added up first, and then their sums: the error hardly grows with how
// many numbers there are.

/** Numbers in a run, at most. Whatever their order, their sum is within 1024 · 2^-24 = 6·10⁻⁵ of the sum of their absolute values. */
const MAX_RUN = 1024;
/** Runs are shorter only where an axis is. Zeros fill up an axis that has no divisor from here to MAX_RUN. */
const MIN_RUN = 32;

const countOf = (x: Tensor, axes: number[]) => sizeOf(axes.map((axis) => x.shape[axis] as number));

/** An axis in runs of equal length: [product of the sizes before it, runs, numbers in a run, product of the sizes behind it]. */
function inRuns(x: Tensor, axis: number): Tensor4D {
  const [before, size, after] = [x.shape.slice(0, axis), x.shape[axis] as number, x.shape.slice(axis + 1)];
  let run = Math.min(size, MAX_RUN);
  while (size % run !== 0) run--;
  if (run < Math.min(size, MIN_RUN)) run = MAX_RUN;
  const runs = Math.ceil(size / run);
  const rows = reshape(x, [sizeOf(before), size, sizeOf(after)]);
  const missing = runs * run - size;
  const whole =
    missing > 0
      ? pad(rows, [
          [0, 0],
          [0, missing],
          [0, 0],
        ])
      : rows;
  return reshape(whole, [sizeOf(before), runs, run, sizeOf(after)]);
}

/** One reduction: of all numbers, or where they are many of the runs of the longest axis. @param reduce tf.sum or tf.mean */
function reduceOnce(x: Tensor, axes: number[], reduce: typeof sum): Tensor {
  if (countOf(x, axes) <= MAX_RUN) return reduce(x, axes, true);
  const axis = axes.reduce((a, b) => (countOf(x, [b]) > countOf(x, [a]) ? b : a));
  const runs = inRuns(x, axis);
  const [, count, run] = runs.shape;
  const reduced = reshape(reduce(runs, 2), [...x.shape.slice(0, axis), count, ...x.shape.slice(axis + 1)]);
  const filled = (count * run) / countOf(x, [axis]);
  return reduce === mean && filled > 1 ? mul(reduced, filled) : reduced;
}

function reduceOver(x: Tensor, axes: number[], reduce: typeof sum): Tensor {
  return countOf(x, axes) === 1 ? x : reduceOver(reduceOnce(x, axes, reduce), axes, reduce);
}

/** tf.sum over axes, which stay, with size 1. */
export const sumOver = (x: Tensor, axes: number[]): Tensor => reduceOver(x, axes, sum);

/** tf.mean over axes, which stay, with size 1. */
export const meanOver = (x: Tensor, axes: number[]): Tensor => reduceOver(x, axes, mean);

/** The sums of several tensors of one shape, stacked along a new first axis. */
export function sumsOver(tensors: Tensor[], axes: number[]): Tensor {
  const stacked = stack(tensors.map((tensor) => reduceOnce(tensor, axes, sum)));
  return sumOver(
    stacked,
    axes.map((axis) => axis + 1),
  );
}

/** aᵀ b, [A, B], of a [N, A] and b [N, B]. */
export function productOver(a: Tensor, b: Tensor): Tensor {
  const products = matMul(inRuns(a, 0), inRuns(b, 0), true);
  return reshape(sumOver(products, [1]), [a.shape[1] as number, b.shape[1] as number]);
}
