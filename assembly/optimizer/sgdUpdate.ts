import { add, LANES, loadSplat, loadVec, mul, splat, storeFirst, storeVec, VEC } from "../simd/vec";

// A step of gradient descent, plain or with momentum, with decoupled weight decay (docs/math.md, section 7.2), in one pass. Nothing is
// fused or reordered: the numbers are those of TensorFlow.js's operations.

@unmanaged
class SgdUpdateTable {
  step: f32;
  keep: f32;
  /** What is kept of the accumulation. */
  momentum: f32;
  nesterov: bool;
}

export function sgd_update_table_bytes(): usize {
  return offsetof<SgdUpdateTable>();
}

/**
 * @param at a table of sgd_update_table_bytes
 * @param step the learning rate's opposite
 * @param keep what is kept of a weight
 * @param momentum what is kept of the accumulation
 * @param nesterov whether a weight moves along the gradient and the new accumulation times momentum, or along that alone
 */
export function sgd_update_prepare(at: usize, step: f32, keep: f32, momentum: f32, nesterov: bool): void {
  const table = changetype<SgdUpdateTable>(at);
  table.step = step;
  table.keep = keep;
  table.momentum = momentum;
  table.nesterov = nesterov;
}

/**
 * `count` numbers of a weight, from number `start` on.
 *
 * @param at a table after sgd_update_prepare
 * @param gradient, weight float32 [count]
 * @param newWeight float32 [count]; it overlaps neither, or is the weight
 */
export function sgd_update_apply(at: usize, gradient: usize, weight: usize, newWeight: usize, _start: u32, count: u32): void {
  const table = changetype<SgdUpdateTable>(at);
  const step = splat(table.step);
  const keep = splat(table.keep);
  const bytes = (<usize>count) << 2;
  const whole = bytes & ~(VEC - 1);
  let i: usize = 0;
  for (; i < whole; i += VEC) {
    storeVec(newWeight + i, add(mul(step, loadVec(gradient + i)), mul(loadVec(weight + i), keep)));
  }
  if (LANES == 1) return;
  for (; i < bytes; i += 4) {
    storeFirst(newWeight + i, add(mul(step, loadSplat(gradient + i)), mul(loadSplat(weight + i), keep)));
  }
}

/**
 * `count` numbers of a weight and its accumulation, from number `start` on.
 *
 * @param at a table after sgd_update_prepare
 * @param gradient, weight, accumulation float32 [count]
 * @param newWeight, newAccumulation float32 [count]; each overlaps none of the others, or is its old one
 */
export function sgd_update_momentum_apply(
  at: usize,
  gradient: usize,
  weight: usize,
  accumulation: usize,
  newWeight: usize,
  newAccumulation: usize,
  _start: u32,
  count: u32,
): void {
  const table = changetype<SgdUpdateTable>(at);
  const step = splat(table.step);
  const keep = splat(table.keep);
  const momentum = splat(table.momentum);
  const nesterov = table.nesterov;
  const bytes = (<usize>count) << 2;
  const whole = bytes & ~(VEC - 1);
  let i: usize = 0;
  for (; i < whole; i += VEC) {
    const g = loadVec(gradient + i);
    const a = add(mul(momentum, loadVec(accumulation + i)), g);
    const direction = nesterov ? add(g, mul(a, momentum)) : a;
    storeVec(newWeight + i, add(mul(step, direction), mul(loadVec(weight + i), keep)));
    storeVec(newAccumulation + i, a);
  }
  if (LANES == 1) return;
  for (; i < bytes; i += 4) {
    const g = loadSplat(gradient + i);
    const a = add(mul(momentum, loadSplat(accumulation + i)), g);
    const direction = nesterov ? add(g, mul(a, momentum)) : a;
    storeFirst(newWeight + i, add(mul(step, direction), mul(loadSplat(weight + i), keep)));
    storeFirst(newAccumulation + i, a);
  }
}
