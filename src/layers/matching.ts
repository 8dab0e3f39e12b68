import {
  add,
  argMax,
  cast,
  equal,
  expandDims,
  greater,
  logicalOr,
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

/**
 * Pairs the rows of two [K, C], each once, the nearest pair first; on the device, nothing is read back.
 *
 * @returns a permutation [K, K]: its product with `rows` has beside each row of `to` the one that is paired with it
 */
export function nearestRows(to: Tensor2D, rows: Tensor2D): Tensor2D {
  const [size] = to.shape;
  let closeness: Tensor = neg(sum(squaredDifference(expandDims(to, 1), expandDims(rows, 0)), 2));
  let order: Tensor2D = zeros([size, size]);
  for (let i = 0; i < size; i++) {
    const nearest = equal(range(0, size * size, 1, "int32"), argMax(reshape(closeness, [-1])));
    const pair = reshape(cast(nearest, "float32"), [size, size]);
    order = add(order, pair);
    const taken = logicalOr(greater(sum(pair, 1, true), 0), greater(sum(pair, 0, true), 0));
    closeness = where(taken, Number.NEGATIVE_INFINITY, closeness);
  }
  return order;
}
