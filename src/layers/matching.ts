import {
  add,
  argMax,
  cast,
  equal,
  expandDims,
  greater,
  logicalOr,
  maximum,
  neg,
  range,
  reshape,
  squaredDifference,
  sum,
  type Tensor,
  type Tensor2D,
  where,
  zeros,
} from "@tensorflow/tfjs-core";

// Not -Infinity: TensorFlow.js's debug mode refuses it.
/** Rows are at least this close, however far apart they are. */
const LEAST_CLOSE = -1e38;
/** The closeness of rows one of which has its pair. */
const TAKEN = -3e38;

/**
 * Pairs the rows of two [K, C], each once, the nearest pair first; on the device, nothing is read back.
 *
 * @returns a permutation [K, K]: its product with `rows` has beside each row of `to` the one that is paired with it
 */
export function nearestRows(to: Tensor2D, rows: Tensor2D): Tensor2D {
  const [size] = to.shape;
  const distances = sum(squaredDifference(expandDims(to, 1), expandDims(rows, 0)), 2);
  let closeness: Tensor = maximum(neg(distances), LEAST_CLOSE);
  let order: Tensor2D = zeros([size, size]);
  for (let i = 0; i < size; i++) {
    const nearest = equal(range(0, size * size, 1, "int32"), argMax(reshape(closeness, [-1])));
    const pair = reshape(cast(nearest, "float32"), [size, size]);
    order = add(order, pair);
    const taken = logicalOr(greater(sum(pair, 1, true), 0), greater(sum(pair, 0, true), 0));
    closeness = where(taken, TAKEN, closeness);
  }
  return order;
}
