import { INPUT } from "../mixture/table";
import { loadVec, storeVec, sub, Vec } from "../simd/vec";

// The input of a mixture is x itself, or, in a table that is `centered`, x less the number of its lane at INPUT, which is 0 in other
// tables. The loops of activations in range have no subtraction: it would cost every mixture 5 %. The input of a centered table is
// stored in its scratch before.

/** The input of the vector at x. */
@inline export function loadInput(x: usize, laneBlock: usize): Vec {
  return sub(loadVec(x), loadVec(laneBlock + INPUT));
}

/** Stores the input of `rows` vectors at `to`, toStride bytes from one to the next. */
export function storeInput(x: usize, laneBlock: usize, stride: usize, rows: u32, to: usize, toStride: usize): void {
  const less = loadVec(laneBlock + INPUT);
  do {
    storeVec(to, sub(loadVec(x), less));
    x += stride;
    to += toStride;
  } while (--rows);
}
