import { add, addAt, HALVES, LANES, loadVec, loadWide, madd, splat, storeVec, sub, VEC, Vec, WIDE, widen } from "../simd/vec";
import { walk } from "../simd/walk";
import { massOf } from "./shrink";
import {
  ACCUMULATOR,
  ACCUMULATORS,
  accumulatorsOfLane,
  arrayOf,
  CENTER,
  elementOf,
  GAMMA,
  GRAD_CONSTANTS,
  MIN_VISIT_ROWS,
  NormTable,
  norm_moments_reset,
  OFFSET,
  PULL,
  SCALE,
  SUMS_DY,
  spreadConstants,
  totalOf,
} from "./table";

// Gradients of a slice (docs/math.md, section 4.4). With r = 1/√(Var + ε) of a channel's group of n numbers:
//
//     dx = γ r dy − r² m₂ (x − E) − r m₁      m₁ = Σ γ dy / n      m₂ = r Σ γ dy (x − E) / n      over the group
//     dγ = r Σ dy (x − E)      dβ = Σ dy                                                          over the channel
//
// With a prior of mass m (section 2.5), n + m takes the place of n. So dx = SCALE dy + PULL (x − CENTER) + OFFSET. There are two accumulators, Σ dy and Σ dy (x − CENTER). CENTER is E rounded to
// float32; E − CENTER, the residual, matters if E is large beside the deviation.

@unmanaged
class GradAccumulate {
  visit(_at: usize, laneBlock: usize, x: usize, dy: usize, _out: usize, stride: usize, rows: u32, _weight: Vec): void {
    const center = loadVec(laneBlock + CENTER * VEC);
    const even = rows & ~1;
    let sumDy: Vec = splat(0);
    let sumDy2: Vec = splat(0);
    let sumDyx: Vec = splat(0);
    let sumDyx2: Vec = splat(0);
    for (let i: u32 = 0; i < even; i += 2) {
      const d = loadVec(dy);
      const d2 = loadVec(dy + stride);
      sumDy = add(sumDy, d);
      sumDy2 = add(sumDy2, d2);
      sumDyx = madd(d, sub(loadVec(x), center), sumDyx);
      sumDyx2 = madd(d2, sub(loadVec(x + stride), center), sumDyx2);
      x += 2 * stride;
      dy += 2 * stride;
    }
    if (even < rows) {
      sumDy = add(sumDy, loadVec(dy));
      sumDyx = madd(loadVec(dy), sub(loadVec(x), center), sumDyx);
    }
    sumDy = add(sumDy, sumDy2);
    sumDyx = add(sumDyx, sumDyx2);
    for (let half: u32 = 0; half < HALVES; half++) {
      const accumulator = laneBlock + ACCUMULATORS + half * WIDE;
      addAt(accumulator, widen(sumDy, half));
      addAt(accumulator + ACCUMULATOR, widen(sumDyx, half));
    }
  }
}

@unmanaged
class GradApply {
  visit(_at: usize, laneBlock: usize, x: usize, dy: usize, dx: usize, stride: usize, rows: u32, _weight: Vec): void {
    const center = loadVec(laneBlock + CENTER * VEC);
    const scale = loadVec(laneBlock + SCALE * VEC);
    const pull = loadVec(laneBlock + PULL * VEC);
    const offset = loadVec(laneBlock + OFFSET * VEC);
    for (let i: u32 = 0; i < rows; i++) {
      storeVec(dx, madd(loadVec(dy), scale, madd(sub(loadVec(x), center), pull, offset)));
      x += stride;
      dy += stride;
      dx += stride;
    }
  }
}

/**
 * Sets the gradients of gamma and beta to zero.
 *
 * @param at a table as norm_prepare made it
 */
export function norm_grad_params_reset(at: usize): void {
  const table = changetype<NormTable>(at);
  memory.fill(at + table.dgamma, 0, 2 * (table.dbeta - table.dgamma));
  memory.fill(arrayOf(table, SUMS_DY), 0, 2 * table.arrayBytes);
}

/**
 * Sets the accumulators of a slice's gradient to zero, and stores the constant of norm_grad_accumulate.
 *
 * @param at a table as norm_prepare made it
 * @param mean float32 [groups]
 */
export function norm_grad_prepare(at: usize, mean: usize): void {
  const table = changetype<NormTable>(at);
  norm_moments_reset(at);
  const channels = table.channels / table.groups;
  for (let c: u32 = 0; c < table.channels; c++) {
    store<f32>(elementOf(table, CENTER, c), load<f32>(mean + ((<usize>(c / channels)) << 2)));
  }
  spreadConstants(table, 1);
}

/**
 * Adds `count` numbers, from number `start` of their slice on, to the accumulators.
 *
 * @param at a table after norm_grad_prepare
 * @param x, dy float32 [count]
 */
export function norm_grad_accumulate(at: usize, x: usize, dy: usize, start: u32, count: u32): void {
  walk<GradAccumulate>(changetype<NormTable>(at), x, dy, 0, 0, start, count);
}

/**
 * Adds the accumulators of another table.
 *
 * @param at, other tables of the same tensor after norm_grad_accumulate
 */
export function norm_grad_merge(at: usize, other: usize): void {
  const table = changetype<NormTable>(at);
  for (let lane: u32 = 0; lane < table.lanes; lane += LANES / HALVES) {
    const from = accumulatorsOfLane(changetype<NormTable>(other), lane);
    const to = accumulatorsOfLane(table, lane);
    addAt(to, loadWide(from));
    addAt(to + ACCUMULATOR, loadWide(from + ACCUMULATOR));
  }
}

/**
 * Stores the constants PULL and OFFSET of a channel.
 *
 * @param n the mass of all numbers and of the prior; if it is infinite, the gradient does not flow through mean and variance
 * @param r 1/√(Var + ε)
 * @param lost the residual
 * @param m1, m2 n m₁ and n m₂
 */
@inline export function storePull(table: NormTable, channel: u32, n: f64, r: f64, lost: f64, m1: f64, m2: f64): void {
  const pull: f64 = n == Infinity ? 0 : (-r * r * m2) / n;
  store<f32>(elementOf(table, PULL, channel), <f32>pull);
  store<f32>(elementOf(table, OFFSET, channel), <f32>(n == Infinity ? 0 : (-r * m1) / n - pull * lost));
}

/**
 * Adds the accumulators of a slice to the gradients of gamma and beta, and stores the constants of norm_grad_apply.
 *
 * @param at a table after norm_grad_accumulate
 * @param variance, residual float32 [groups], as norm_moments_finalize or norm_shrink_finalize made them
 * @param priorMass float32, or 0: there is no prior
 */
export function norm_grad_finalize(at: usize, variance: usize, residual: usize, priorMass: usize): void {
  const table = changetype<NormTable>(at);
  const channels = table.channels / table.groups;
  const n = <f64>(table.size / table.groups) + massOf(priorMass);
  for (let group: u32 = 0; group < table.groups; group++) {
    const r = 1 / Math.sqrt(<f64>load<f32>(variance + ((<usize>group) << 2)) + table.epsilon);
    const lost = <f64>load<f32>(residual + ((<usize>group) << 2));
    let m1: f64 = 0;
    let m2: f64 = 0;
    for (let c = group * channels; c < (group + 1) * channels; c++) {
      const sumDy = totalOf(table, c, 0);
      const sumDyz = r * (totalOf(table, c, ACCUMULATOR) - lost * sumDy);
      const dgamma = at + table.dgamma + ((<usize>c) << 3);
      const dbeta = at + table.dbeta + ((<usize>c) << 3);
      store<f64>(dgamma, load<f64>(dgamma) + sumDyz);
      store<f64>(dbeta, load<f64>(dbeta) + sumDy);
      const gamma = <f64>load<f32>(elementOf(table, GAMMA, c));
      m1 += gamma * sumDy;
      m2 += gamma * sumDyz;
      store<f32>(elementOf(table, SCALE, c), <f32>(gamma * r));
    }
    for (let c = group * channels; c < (group + 1) * channels; c++) storePull(table, c, n, r, lost, m1, m2);
  }
  spreadConstants(table, GRAD_CONSTANTS);
}

/**
 * dx of `count` numbers, from number `start` of their slice on.
 *
 * @param at a table after norm_grad_finalize
 * @param x, dy, dx float32 [count], dx not overlapping the others
 */
export function norm_grad_apply(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  walk<GradApply>(changetype<NormTable>(at), x, dy, dx, 4, start, count, MIN_VISIT_ROWS);
}

/**
 * Adds the gradients of gamma and beta of another table.
 *
 * @param at, other tables of the same tensor after norm_grad_params_reset
 */
export function norm_grad_params_merge(at: usize, other: usize): void {
  const table = changetype<NormTable>(at);
  for (let c: usize = 0; c < (<usize>table.channels) << 3; c += 8) {
    const dgamma = table.dgamma + c;
    const dbeta = table.dbeta + c;
    store<f64>(at + dgamma, load<f64>(at + dgamma) + load<f64>(other + dgamma));
    store<f64>(at + dbeta, load<f64>(at + dbeta) + load<f64>(other + dbeta));
  }
}

/**
 * The gradients of gamma and beta.
 *
 * @param at a table after norm_grad_finalize or norm_grad_slices_apply
 * @param dgamma, dbeta float32 [channels]
 */
export function norm_grad_params_finalize(at: usize, dgamma: usize, dbeta: usize): void {
  const table = changetype<NormTable>(at);
  for (let c: u32 = 0; c < table.channels; c++) {
    store<f32>(dgamma + ((<usize>c) << 2), <f32>load<f64>(at + table.dgamma + ((<usize>c) << 3)));
    store<f32>(dbeta + ((<usize>c) << 2), <f32>load<f64>(at + table.dbeta + ((<usize>c) << 3)));
  }
}
