import { distance, scaledDensity } from "../mixture/density";
import { EXP2, LIMIT, MixtureTable, OFFSET, SLOT, SLOTS } from "../mixture/table";
import { exp2Scale } from "../simd/exp2";
import { add, anyTrue, div, gt, loadVec, madd, mul, pmax, select, splat, storeVec, sub, VEC, Vec } from "../simd/vec";
import { centerOf, outOfRangeOf, partOf, storeResponsibilities, withoutTiny } from "./rows";
import { FACTOR, isFar, PER_T, SHIFT } from "./table";

/** A visit of batch_moments_norm_apply. */
export function apply(table: MixtureTable, laneBlock: usize, x: usize, y: usize, stride: usize, rows: u32): void {
  const exps = changetype<usize>(table) + EXP2;
  let maxSquare: Vec = splat(0);
  let done: u32 = 0;
  if (ASC_FEATURE_SIMD) {
    done = table.slots == 3 && !isFar(laneBlock) ? rows & ~1 : 0;
    if (done) maxSquare = applyPairs(table, laneBlock, x, y, stride, done);
  }
  const scale = exp2Scale(exps);
  const center = centerOf(laneBlock);
  for (let i = done; i < rows; i++) {
    const v = loadVec(x + i * stride);
    const t = distance(laneBlock + SLOTS, v);
    const square = mul(t, t);
    maxSquare = pmax(maxSquare, square);
    let density = scale;
    let slot = laneBlock + SLOTS;
    let sum = mul(scale, part(slot, center, v));
    for (const end = slot + table.slots * SLOT - SLOT; slot < end; ) {
      slot += SLOT;
      const e = scaledDensity(slot, distance(slot, v), square, exps);
      density = add(density, e);
      sum = madd(e, part(slot, center, v), sum);
    }
    storeVec(y + i * stride, add(div(sum, density), loadVec(laneBlock + OFFSET)));
  }
  if (anyTrue(gt(maxSquare, loadVec(laneBlock + LIMIT)))) applyOutOfRange(table, laneBlock, x, y, stride, rows);
}

/** FACTOR (x − center) + SHIFT */
@inline function part(slot: usize, center: usize, v: Vec): Vec {
  return madd(sub(v, loadVec(slot + center)), loadVec(slot + FACTOR), loadVec(slot + SHIFT));
}

/**
 * y of activations in range, of three slots that are not far, two rows at a time: they share the loads of constants, and wait less for
 * each other's results.
 *
 * @returns the largest t_r² of each lane
 */
@inline function applyPairs(table: MixtureTable, laneBlock: usize, x: usize, y: usize, stride: usize, rows: u32): Vec {
  const scale = exp2Scale(changetype<usize>(table) + EXP2);
  const perT = mul(scale, loadVec(laneBlock + SLOTS + PER_T));
  const shift = mul(scale, loadVec(laneBlock + SLOTS + SHIFT));
  let maxSquare: Vec = splat(0);
  do {
    const v = loadVec(x);
    const w = loadVec(x + stride);
    const t = distance(laneBlock + SLOTS, v);
    const u = distance(laneBlock + SLOTS, w);
    maxSquare = pmax(pmax(maxSquare, mul(t, t)), mul(u, u));
    const first = average(table, laneBlock, v, t, scale, perT, shift);
    const second = average(table, laneBlock, w, u, scale, perT, shift);
    storeVec(y, first);
    storeVec(y + stride, second);
    x += 2 * stride;
    y += 2 * stride;
    rows -= 2;
  } while (rows);
  return maxSquare;
}

/**
 * y of a vector in range.
 *
 * @param t0 t_r
 * @param scale exp2Scale
 * @param perT0, shift0 the reference's, times exp2Scale
 */
@inline function average(table: MixtureTable, laneBlock: usize, v: Vec, t0: Vec, scale: Vec, perT0: Vec, shift0: Vec): Vec {
  const exps = changetype<usize>(table) + EXP2;
  const square = mul(t0, t0);
  const second = laneBlock + SLOTS + SLOT;
  const third = second + SLOT;
  const t1 = distance(second, v);
  const t2 = distance(third, v);
  const e1 = scaledDensity(second, t1, square, exps);
  const e2 = scaledDensity(third, t2, square, exps);
  const density = add(add(scale, e1), e2);
  let sum = madd(e1, madd(t1, loadVec(second + PER_T), loadVec(second + SHIFT)), madd(t0, perT0, shift0));
  sum = madd(e2, madd(t2, loadVec(third + PER_T), loadVec(third + SHIFT)), sum);
  return add(div(sum, density), loadVec(laneBlock + OFFSET));
}

/** Computes the activations that are out of range again, by responsibilities from float64. */
function applyOutOfRange(table: MixtureTable, laneBlock: usize, x: usize, y: usize, stride: usize, rows: u32): void {
  const taus = changetype<usize>(table) + table.scratch;
  const center = centerOf(laneBlock);
  for (let i: u32 = 0; i < rows; i++) {
    const v = loadVec(x);
    const outOfRange = outOfRangeOf(laneBlock, v);
    if (anyTrue(outOfRange)) {
      storeResponsibilities(table, laneBlock, v, splat(1));
      let r = loadVec(laneBlock + OFFSET);
      for (let k: u32 = 0; k < table.slots; k++) {
        const tau = withoutTiny(loadVec(taus + k * VEC));
        r = madd(tau, partOf(laneBlock + SLOTS + k * SLOT, center, v, tau), r);
      }
      storeVec(y, select(r, loadVec(y), outOfRange));
    }
    x += stride;
    y += stride;
  }
}
