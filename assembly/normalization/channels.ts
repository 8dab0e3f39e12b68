import { add, addAt, HALVES, LANES, loadVec, loadWide, madd, splat, storeVec, sub, VEC, Vec, WIDE, widen } from "../simd/vec";
import { walk } from "../simd/walk";
import { momentsOf } from "./moments";
import {
  ACCUMULATOR,
  ACCUMULATORS,
  accumulatorsOfLane,
  BACKWARD,
  BETA,
  CENTER,
  FORWARD,
  GAMMA,
  inRow,
  lanes,
  NormTable,
  norm_moments_reset,
  OFFSET,
  PULL,
  rowOf,
  SCALE,
  SUMS_DY,
  spreadConstants,
  totalOf,
} from "./table";

// Normalization of a slice's channels by constants of their own, and its gradient. With r = 1/√(Var + ε) of a channel's group of n
// numbers:
//
//     y  = γ r (x − E) + β
//     dx = γ r dy − r² m₂ (x − E) − r m₁      m₁ = Σ γ dy / n      m₂ = r Σ γ dy (x − E) / n      over the group
//     dγ = r Σ dy (x − E)      dβ = Σ dy                                                          over the channel

/** Vectors in a visit that does little more than read and write. */
const MIN_VISIT_ROWS: u32 = 16;

@unmanaged
class Apply {
  visit(_at: usize, laneBlock: usize, x: usize, _b: usize, y: usize, stride: usize, rows: u32, _weight: Vec): void {
    const center = loadVec(laneBlock + CENTER * VEC);
    const scale = loadVec(laneBlock + SCALE * VEC);
    const offset = loadVec(laneBlock + OFFSET * VEC);
    for (let i: u32 = 0; i < rows; i++) {
      storeVec(y, madd(sub(loadVec(x), center), scale, offset));
      x += stride;
      y += stride;
    }
  }
}

@unmanaged
class Sums {
  visit(_at: usize, laneBlock: usize, x: usize, dy: usize, _out: usize, stride: usize, rows: u32, _weight: Vec): void {
    const center = loadVec(laneBlock + CENTER * VEC);
    const even = rows & ~1;
    let plain: Vec = splat(0);
    let plain2: Vec = splat(0);
    let first: Vec = splat(0);
    let first2: Vec = splat(0);
    for (let i: u32 = 0; i < even; i += 2) {
      const d = loadVec(dy);
      const d2 = loadVec(dy + stride);
      plain = add(plain, d);
      plain2 = add(plain2, d2);
      first = madd(d, sub(loadVec(x), center), first);
      first2 = madd(d2, sub(loadVec(x + stride), center), first2);
      x += 2 * stride;
      dy += 2 * stride;
    }
    if (even < rows) {
      plain = add(plain, loadVec(dy));
      first = madd(loadVec(dy), sub(loadVec(x), center), first);
    }
    plain = add(plain, plain2);
    first = add(first, first2);
    for (let half: u32 = 0; half < HALVES; half++) {
      const sum = laneBlock + ACCUMULATORS + half * WIDE;
      addAt(sum, widen(plain, half));
      addAt(sum + ACCUMULATOR, widen(first, half));
    }
  }
}

@unmanaged
class Pull {
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

/** What makes y of a group. */
function storeApplyConstants(table: NormTable, group: u32, mean: f64, variance: f64): void {
  const channels = table.channels / table.groups;
  const r = 1 / Math.sqrt(variance + table.epsilon);
  const center = <f32>mean;
  for (let c = group * channels; c < (group + 1) * channels; c++) {
    const scale = <f64>load<f32>(inRow(table, GAMMA, c)) * r;
    store<f32>(inRow(table, CENTER, c), center);
    store<f32>(inRow(table, SCALE, c), <f32>scale);
    // What the mean loses as a float32 is many deviations' part where it is large beside them.
    store<f32>(inRow(table, OFFSET, c), <f32>(<f64>load<f32>(inRow(table, BETA, c)) + scale * (<f64>center - mean)));
  }
}

/**
 * Constants of the forward pass by a mean and variance that are given.
 *
 * @param mean, variance float32 [groups]
 */
export function norm_inference_prepare(at: usize, mean: usize, variance: usize): void {
  const table = changetype<NormTable>(at);
  for (let group: u32 = 0; group < table.groups; group++) {
    storeApplyConstants(
      table,
      group,
      <f64>load<f32>(mean + ((<usize>group) << 2)),
      <f64>load<f32>(variance + ((<usize>group) << 2)),
    );
  }
  spreadConstants(table, FORWARD);
}

/**
 * Mean and variance of every group of a slice that norm_moments_accumulate has seen, and the constants of the forward pass by them.
 *
 * @param mean, variance float32 [groups]
 */
export function norm_moments_finalize(at: usize, mean: usize, variance: usize): void {
  const table = changetype<NormTable>(at);
  for (let group: u32 = 0; group < table.groups; group++) {
    momentsOf(table, group);
    store<f32>(mean + ((<usize>group) << 2), <f32>table.mean);
    store<f32>(variance + ((<usize>group) << 2), <f32>table.variance);
    storeApplyConstants(table, group, table.mean, table.variance);
  }
  spreadConstants(table, FORWARD);
}

/**
 * y of `count` numbers, from the `start`-th of their slice on.
 *
 * @param x, y float32 [count], not overlapping
 */
export function norm_apply(at: usize, x: usize, y: usize, start: u32, count: u32): void {
  walk<Apply>(changetype<NormTable>(at), x, 0, y, 4, start, count, MIN_VISIT_ROWS);
}

/** Begins the gradients of gamma and beta. */
export function norm_grad_params_reset(at: usize): void {
  const table = changetype<NormTable>(at);
  memory.fill(at + table.dgamma, 0, 2 * (table.dbeta - table.dgamma));
  memory.fill(rowOf(table, SUMS_DY), 0, 2 * table.rowBytes);
}

/** Begins the gradient of a slice. @param mean float32 [groups] */
export function norm_grad_prepare(at: usize, mean: usize): void {
  const table = changetype<NormTable>(at);
  norm_moments_reset(at);
  const channels = table.channels / table.groups;
  for (let c: u32 = 0; c < table.channels; c++) {
    store<f32>(inRow(table, CENTER, c), load<f32>(mean + ((<usize>(c / channels)) << 2)));
  }
  spreadConstants(table, 1);
}

/**
 * Adds `count` numbers, from the `start`-th of their slice on, to the accumulators of a gradient.
 *
 * @param x, dy float32 [count]
 */
export function norm_grad_accumulate(at: usize, x: usize, dy: usize, start: u32, count: u32): void {
  walk<Sums>(changetype<NormTable>(at), x, dy, 0, 0, start, count);
}

/**
 * Adds the accumulators of a gradient of another table.
 *
 * @param at, other tables of the same tensor as norm_prepare made them
 */
export function norm_grad_merge(at: usize, other: usize): void {
  const table = changetype<NormTable>(at);
  for (let lane: u32 = 0; lane < lanes(table); lane += LANES / HALVES) {
    const from = accumulatorsOfLane(changetype<NormTable>(other), lane);
    const to = accumulatorsOfLane(table, lane);
    addAt(to, loadWide(from));
    addAt(to + ACCUMULATOR, loadWide(from + ACCUMULATOR));
  }
}

/**
 * Constants of the gradient of a slice that norm_grad_accumulate has seen; adds to the gradients of gamma and beta.
 *
 * @param variance float32 [groups]
 */
export function norm_grad_finalize(at: usize, variance: usize): void {
  const table = changetype<NormTable>(at);
  const channels = table.channels / table.groups;
  const n = <f64>(table.size / table.groups);
  for (let group: u32 = 0; group < table.groups; group++) {
    const r = 1 / Math.sqrt(<f64>load<f32>(variance + ((<usize>group) << 2)) + table.epsilon);
    let m1: f64 = 0;
    let m2: f64 = 0;
    for (let c = group * channels; c < (group + 1) * channels; c++) {
      const plain = totalOf(table, c, 0);
      const first = r * totalOf(table, c, ACCUMULATOR);
      const dgamma = at + table.dgamma + ((<usize>c) << 3);
      const dbeta = at + table.dbeta + ((<usize>c) << 3);
      store<f64>(dgamma, load<f64>(dgamma) + first);
      store<f64>(dbeta, load<f64>(dbeta) + plain);
      const gamma = <f64>load<f32>(inRow(table, GAMMA, c));
      m1 += gamma * plain;
      m2 += gamma * first;
      store<f32>(inRow(table, SCALE, c), <f32>(gamma * r));
    }
    for (let c = group * channels; c < (group + 1) * channels; c++) {
      store<f32>(inRow(table, PULL, c), <f32>((-r * r * m2) / n));
      store<f32>(inRow(table, OFFSET, c), <f32>((-r * m1) / n));
    }
  }
  spreadConstants(table, BACKWARD);
}

/**
 * dx of `count` numbers, from the `start`-th of their slice on.
 *
 * @param x, dy, dx float32 [count], dx not overlapping the others
 */
export function norm_grad_apply(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  walk<Pull>(changetype<NormTable>(at), x, dy, dx, 4, start, count, MIN_VISIT_ROWS);
}

/**
 * Adds the gradients of gamma and beta that another table has to a table's.
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

/** The gradients of gamma and beta, float32 [channels]. */
export function norm_grad_params_finalize(at: usize, dgamma: usize, dbeta: usize): void {
  const table = changetype<NormTable>(at);
  for (let c: u32 = 0; c < table.channels; c++) {
    store<f32>(dgamma + ((<usize>c) << 2), <f32>load<f64>(at + table.dgamma + ((<usize>c) << 3)));
    store<f32>(dbeta + ((<usize>c) << 2), <f32>load<f64>(at + table.dbeta + ((<usize>c) << 3)));
  }
}
