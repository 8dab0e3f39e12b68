import { add, div, LANES, loadSplat, loadVec, mul, splat, sqrt, storeFirst, storeVec, VEC, Vec } from "../simd/vec";

// A step of Adam, with decoupled weight decay (docs/math.md, section 7.1), in one pass: every number is read and written once. Nothing
// is fused or reordered: m and v are rounded as TensorFlow.js's operations round them.

@unmanaged
class AdamUpdateTable {
  beta1: f32;
  gain1: f32;
  beta2: f32;
  gain2: f32;
  correction1: f32;
  correction2: f32;
  epsilon: f32;
  step: f32;
  keep: f32;
}

export function adam_update_table_bytes(): usize {
  return offsetof<AdamUpdateTable>();
}

/**
 * @param at a table of adam_update_table_bytes
 * @param beta1, beta2 what is kept of m and v
 * @param gain1, gain2 1 − β: what is added to them, of the gradient and of its square
 * @param correction1, correction2 1 / (1 − β^t)
 * @param epsilon added to √v̂
 * @param step the learning rate's opposite
 * @param keep what is kept of a weight
 */
export function adam_update_prepare(
  at: usize,
  beta1: f32,
  gain1: f32,
  beta2: f32,
  gain2: f32,
  correction1: f32,
  correction2: f32,
  epsilon: f32,
  step: f32,
  keep: f32,
): void {
  const table = changetype<AdamUpdateTable>(at);
  table.beta1 = beta1;
  table.gain1 = gain1;
  table.beta2 = beta2;
  table.gain2 = gain2;
  table.correction1 = correction1;
  table.correction2 = correction2;
  table.epsilon = epsilon;
  table.step = step;
  table.keep = keep;
}

@inline function averaged(a: Vec, beta: Vec, b: Vec, gain: Vec): Vec {
  return add(mul(a, beta), mul(b, gain));
}

/**
 * `count` numbers of a weight and its moments, from number `start` on.
 *
 * @param at a table after adam_update_prepare
 * @param gradient, weight, m, v float32 [count]
 * @param newWeight, newM, newV float32 [count]; each overlaps none of the others, or is its old one
 */
export function adam_update_apply(
  at: usize,
  gradient: usize,
  weight: usize,
  m: usize,
  v: usize,
  newWeight: usize,
  newM: usize,
  newV: usize,
  _start: u32,
  count: u32,
): void {
  const table = changetype<AdamUpdateTable>(at);
  const beta1 = splat(table.beta1);
  const gain1 = splat(table.gain1);
  const beta2 = splat(table.beta2);
  const gain2 = splat(table.gain2);
  const correction1 = splat(table.correction1);
  const correction2 = splat(table.correction2);
  const epsilon = splat(table.epsilon);
  const step = splat(table.step);
  const keep = splat(table.keep);
  const bytes = (<usize>count) << 2;
  const whole = bytes & ~(VEC - 1);
  let i: usize = 0;
  for (; i < whole; i += VEC) {
    const g = loadVec(gradient + i);
    const a = averaged(loadVec(m + i), beta1, g, gain1);
    const b = averaged(loadVec(v + i), beta2, mul(g, g), gain2);
    const direction = div(mul(a, correction1), add(sqrt(mul(b, correction2)), epsilon));
    storeVec(newWeight + i, add(mul(direction, step), mul(loadVec(weight + i), keep)));
    storeVec(newM + i, a);
    storeVec(newV + i, b);
  }
  if (LANES == 1) return;
  for (; i < bytes; i += 4) {
    const g = loadSplat(gradient + i);
    const a = averaged(loadSplat(m + i), beta1, g, gain1);
    const b = averaged(loadSplat(v + i), beta2, mul(g, g), gain2);
    const direction = div(mul(a, correction1), add(sqrt(mul(b, correction2)), epsilon));
    storeFirst(newWeight + i, add(mul(direction, step), mul(loadSplat(weight + i), keep)));
    storeFirst(newM + i, a);
    storeFirst(newV + i, b);
  }
}
