import { MIN_TAU } from "../constants";
import { distance, scaledDensity } from "../mixture/density";
import { responsibilities } from "../mixture/responsibilities";
import { EXP2, LIMIT, MEAN, MixtureTable, SCRATCH_ROWS, SLOT, SLOTS } from "../mixture/table";
import { exp2Scale } from "../simd/exp2";
import {
  add,
  and,
  andnot,
  anyTrue,
  div,
  eq,
  gt,
  loadVec,
  madd,
  mul,
  or,
  pmax,
  pmin,
  select,
  splat,
  storeVec,
  sub,
  VEC,
  Vec,
} from "../simd/vec";
import { CENTER, FACTOR, isFar, PER_T, SHIFT } from "./table";

// A block of rows goes through some steps: evaluate, then one or two loops over its rows for each component. Between them, each row
// has in the table's scratch: a sum over the components, then τ and t of every slot, and one more number.

export const BLOCK_ROWS: u32 = SCRATCH_ROWS / 2;
/** Bytes from a row in the scratch to the sum and the slots; from a slot to τ, t and the number; and of a slot. */
export const SUM: usize = 0;
export const ROW_SLOTS: usize = 1 * VEC;
export const TAU: usize = 0;
export const T: usize = 1 * VEC;
export const D_TAU: usize = 2 * VEC;
export const U: usize = D_TAU;
export const ROW_SLOT: usize = 3 * VEC;

/** The largest |t| out of range: its square is finite. */
const MAX_T: f32 = 1.152921504606847e18; // 2^60

/** The rows in the scratch. Before them is room for `responsibilities`. */
@inline export function rowsOf(table: MixtureTable): usize {
  return changetype<usize>(table) + table.scratch + 3 * <usize>table.slots * VEC;
}
@inline export function rowBytesOf(table: MixtureTable): usize {
  return ROW_SLOTS + table.slots * ROW_SLOT;
}

/**
 * Stores τ and t of all slots, of at most BLOCK_ROWS rows.
 *
 * @param weight the sum of a lane's responsibilities
 * @returns a mask of the lanes that are out of range in any row
 */
export function evaluate(table: MixtureTable, laneBlock: usize, x: usize, stride: usize, rows: u32, weight: Vec): Vec {
  const reference = laneBlock + SLOTS;
  const exps = changetype<usize>(table) + EXP2;
  const scale = exp2Scale(exps);
  const rowBytes = rowBytesOf(table);
  let row = rowsOf(table) + ROW_SLOTS;
  let from = x;
  let remaining = rows;
  let maxSquare: Vec = splat(0);
  if (ASC_FEATURE_SIMD && table.slots == 3) {
    // Two rows at a time: they share the loads of constants, and wait less for each other's results.
    for (; remaining > 1; remaining -= 2) {
      const v = loadVec(from);
      const w = loadVec(from + stride);
      const t0 = distance(reference, v);
      const u0 = distance(reference, w);
      const t1 = distance(reference + SLOT, v);
      const u1 = distance(reference + SLOT, w);
      const t2 = distance(reference + 2 * SLOT, v);
      const u2 = distance(reference + 2 * SLOT, w);
      const square = mul(t0, t0);
      const nextSquare = mul(u0, u0);
      maxSquare = pmax(pmax(maxSquare, square), nextSquare);
      const e1 = scaledDensity(reference + SLOT, t1, square, exps);
      const f1 = scaledDensity(reference + SLOT, u1, nextSquare, exps);
      const e2 = scaledDensity(reference + 2 * SLOT, t2, square, exps);
      const f2 = scaledDensity(reference + 2 * SLOT, u2, nextSquare, exps);
      const one = div(weight, add(add(scale, e1), e2));
      const nextOne = div(weight, add(add(scale, f1), f2));
      storeRow(row, 0, t0, mul(scale, one));
      storeRow(row, 1, t1, mul(e1, one));
      storeRow(row, 2, t2, mul(e2, one));
      row += rowBytes;
      storeRow(row, 0, u0, mul(scale, nextOne));
      storeRow(row, 1, u1, mul(f1, nextOne));
      storeRow(row, 2, u2, mul(f2, nextOne));
      row += rowBytes;
      from += 2 * stride;
    }
  }
  for (; remaining > 0; remaining--) {
    const v = loadVec(from);
    const t0 = distance(reference, v);
    const square = mul(t0, t0);
    maxSquare = pmax(maxSquare, square);
    let density = scale;
    let slot = reference;
    let rowSlot = row;
    for (const end = row + table.slots * ROW_SLOT - ROW_SLOT; rowSlot < end; ) {
      slot += SLOT;
      rowSlot += ROW_SLOT;
      const t = distance(slot, v);
      const e = scaledDensity(slot, t, square, exps);
      density = add(density, e);
      storeRow(rowSlot, 0, t, e);
    }
    // If the activation is NaN, so are all responsibilities, even with one component.
    const one = div(add(weight, sub(t0, t0)), density);
    for (; rowSlot > row; rowSlot -= ROW_SLOT) storeVec(rowSlot + TAU, mul(loadVec(rowSlot + TAU), one));
    storeRow(row, 0, t0, mul(scale, one));
    row += rowBytes;
    from += stride;
  }
  const outOfRange = gt(maxSquare, loadVec(laneBlock + LIMIT));
  if (anyTrue(outOfRange)) evaluateOutOfRange(table, laneBlock, x, stride, rows, weight);
  return outOfRange;
}

@inline function storeRow(rowSlots: usize, k: usize, t: Vec, tau: Vec): void {
  storeVec(rowSlots + k * ROW_SLOT + T, t);
  storeVec(rowSlots + k * ROW_SLOT + TAU, tau);
}

/** Stores the lanes that are out of range again: τ from float64, and a bounded t. */
function evaluateOutOfRange(table: MixtureTable, laneBlock: usize, x: usize, stride: usize, rows: u32, weight: Vec): void {
  const slots = laneBlock + SLOTS;
  const tau = changetype<usize>(table) + table.scratch;
  let row = rowsOf(table);
  for (let i: u32 = 0; i < rows; i++) {
    const v = loadVec(x);
    const outOfRange = outOfRangeOf(laneBlock, v);
    if (anyTrue(outOfRange)) {
      storeResponsibilities(table, laneBlock, v, weight);
      for (let k: u32 = 0; k < table.slots; k++) {
        const at = row + ROW_SLOTS + k * ROW_SLOT;
        storeVec(at + TAU, select(withoutTiny(loadVec(tau + k * VEC)), loadVec(at + TAU), outOfRange));
        const t = distance(slots + k * SLOT, v);
        storeVec(at + T, pmax(pmin(t, splat(MAX_T)), splat(-MAX_T)));
      }
    }
    row += rowBytesOf(table);
    x += stride;
  }
}

/** responsibilities, which is inlined where it is called. */
export function storeResponsibilities(table: MixtureTable, laneBlock: usize, v: Vec, weight: Vec): void {
  responsibilities(table, laneBlock, v, weight);
}

/** A mask. */
@inline export function outOfRangeOf(laneBlock: usize, v: Vec): Vec {
  const t0 = distance(laneBlock + SLOTS, v);
  return gt(mul(t0, t0), loadVec(laneBlock + LIMIT));
}

/** Tiny responsibilities as 0, and NaN as it is. */
@inline export function withoutTiny(tau: Vec): Vec {
  return andnot(tau, gt(splat(<f32>MIN_TAU), tau));
}

/** FACTOR (x − center) + SHIFT, but 0 where the component is not responsible: there it could be infinite. */
@inline export function partOf(slot: usize, center: usize, v: Vec, tau: Vec): Vec {
  return and(madd(sub(v, loadVec(slot + center)), loadVec(slot + FACTOR), loadVec(slot + SHIFT)), gt(tau, splat(0)));
}
/** Which field is the center. */
@inline export function centerOf(laneBlock: usize): usize {
  return isFar(laneBlock) ? CENTER : MEAN;
}

/** Stores u of all slots, of rows that evaluate has stored: from t only where this is in range, and no component is far. */
export function evaluateParts(table: MixtureTable, laneBlock: usize, x: usize, stride: usize, rows: u32): void {
  const center = centerOf(laneBlock);
  const far: Vec = isFar(laneBlock) ? eq(splat(0), splat(0)) : splat(0);
  let row = rowsOf(table) + ROW_SLOTS;
  for (let i: u32 = 0; i < rows; i++) {
    const isPart = or(far, outOfRangeOf(laneBlock, loadVec(x)));
    for (let k: u32 = 0; k < table.slots; k++) {
      const at = row + k * ROW_SLOT;
      const slot = laneBlock + SLOTS + k * SLOT;
      const u = madd(loadVec(at + T), loadVec(slot + PER_T), loadVec(slot + SHIFT));
      storeVec(at + U, select(partOf(slot, center, loadVec(x), loadVec(at + TAU)), u, isPart));
    }
    row += rowBytesOf(table);
    x += stride;
  }
}
