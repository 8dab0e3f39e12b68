import { EXP2, GAIN, INVERSE, LIMIT, LOG, MEAN, MixtureTable, PULL, SCORE, SCRATCH_ROWS, SLOT, SLOTS } from "../mixture/table";
import { exp2 } from "../simd/exp2";
import {
  add,
  addAt,
  andnot,
  anyTrue,
  div,
  gt,
  HALVES,
  loadVec,
  madd,
  mul,
  nmadd,
  pmax,
  select,
  splat,
  storeVec,
  sub,
  VEC,
  Vec,
  WIDE,
  widen,
} from "../simd/vec";
import { walk } from "../simd/walk";
import { OF_M, OF_P, OF_PTT, OF_SLOT, OF_SLOTS, OF_UG } from "./accumulators";
import { gradOutOfRange } from "./gradOutOfRange";

// A block of rows goes through two steps: evaluate, then addGradients for each component. In both, chains of instructions that
// wait for each other are short. Between them, each row has in the table's scratch: y and w = dy/Σe, then e and t of every
// slot.

/** Bytes from a row in the scratch to y, w, and the slots; from a slot to e and t; and of a slot. */
const Y: usize = 0;
const W: usize = 1 * VEC;
const ROW_SLOTS: usize = 2 * VEC;
const E: usize = 0;
const T: usize = 1 * VEC;
const ROW_SLOT: usize = 2 * VEC;

@unmanaged
class GradApply {
  visit(at: usize, laneBlock: usize, x: usize, dy: usize, dx: usize, stride: usize, rows: u32, _weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    const slots = table.slots;
    const scratch = at + table.scratch;
    const rowBytes = ROW_SLOTS + slots * ROW_SLOT;
    for (let i: u32 = 0; i < rows; i += SCRATCH_ROWS) {
      const n = min(rows - i, SCRATCH_ROWS);
      const isInRange = evaluate(table, laneBlock, x, dy, stride, n, scratch, rowBytes, false);
      if (!isInRange) evaluate(table, laneBlock, x, dy, stride, n, scratch, rowBytes, true);
      const accumulators = laneBlock + table.accumulators + OF_SLOTS;
      // dx is summed in the scratch, instead of the reference's e, which is 1 and not stored. The last component stores it in its
      // tensor.
      const rowSlots = scratch + ROW_SLOTS;
      const last = slots - 1;
      addGradients(
        laneBlock + SLOTS,
        accumulators,
        scratch,
        rowSlots,
        rowBytes,
        last ? rowSlots : dx,
        last ? rowBytes : stride,
        n,
        true,
      );
      for (let k: u32 = 1; k < slots; k++) {
        const slot = laneBlock + SLOTS + k * SLOT;
        const rowSlot = rowSlots + k * ROW_SLOT;
        addGradients(
          slot,
          accumulators + k * OF_SLOT,
          scratch,
          rowSlot,
          rowBytes,
          k < last ? rowSlots : dx,
          k < last ? rowBytes : stride,
          n,
          false,
        );
      }
      if (!isInRange) gradOutOfRange(table, laneBlock, x, dy, dx, stride, n);
      x += n * stride;
      dy += n * stride;
      dx += n * stride;
    }
  }
}

/**
 * Stores y, w, and e and t of all slots, of `rows` rows, and accumulates dy.
 *
 * @param mask whether to leave out the lanes that are out of range
 * @returns false where a lane is out of range and there is no mask: it must be called again, with one
 */
@inline function evaluate(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  stride: usize,
  rows: u32,
  scratch: usize,
  rowBytes: usize,
  mask: bool,
): bool {
  const slots = laneBlock + SLOTS;
  const end = slots + table.slots * SLOT;
  const mean = loadVec(slots + MEAN);
  const inverse = loadVec(slots + INVERSE);
  const gain = loadVec(slots + GAIN);
  const limit = loadVec(laneBlock + LIMIT);
  const exps = changetype<usize>(table) + EXP2;
  let maxSquare: Vec = splat(0);
  let sumDy: Vec = splat(0);
  for (let i: u32 = 0; i < rows; i++) {
    let v = loadVec(x);
    let d = loadVec(dy);
    let t0 = mul(sub(v, mean), inverse);
    let square = mul(t0, t0);
    if (mask) {
      const outOfRange = gt(square, limit);
      v = select(mean, v, outOfRange);
      d = andnot(d, outOfRange);
      t0 = andnot(t0, outOfRange);
      square = andnot(square, outOfRange);
    }
    maxSquare = pmax(maxSquare, square);
    sumDy = add(sumDy, d);
    let rowSlot = scratch + ROW_SLOTS;
    storeVec(rowSlot + T, t0);
    let density: Vec = splat(1);
    let sum = mul(t0, gain);
    for (let slot = slots + SLOT; slot < end; slot += SLOT) {
      rowSlot += ROW_SLOT;
      const t = mul(sub(v, loadVec(slot + MEAN)), loadVec(slot + INVERSE));
      const e = exp2(nmadd(t, t, add(loadVec(slot + LOG), square)), exps);
      density = add(density, e);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
      storeVec(rowSlot + E, e);
      storeVec(rowSlot + T, t);
    }
    const one = div(splat(1), density);
    storeVec(scratch + Y, mul(sum, one));
    storeVec(scratch + W, mul(d, one));
    scratch += rowBytes;
    x += stride;
    dy += stride;
  }
  if (anyTrue(gt(maxSquare, limit))) return false;
  addTo(laneBlock + table.accumulators, sumDy);
  return true;
}

/**
 * Accumulates one component's sums over `rows` rows. Stores its part of dx, plus the parts of the components before it, at
 * `dx`.
 */
@inline function addGradients(
  slot: usize,
  accumulators: usize,
  scratch: usize,
  rowSlot: usize,
  rowBytes: usize,
  dx: usize,
  dxStride: usize,
  rows: u32,
  isReference: bool,
): void {
  const gain = loadVec(slot + GAIN);
  const pull = loadVec(slot + PULL);
  const score = loadVec(slot + SCORE);
  let sumM: Vec = splat(0);
  let sumP: Vec = splat(0);
  let sumPtt: Vec = splat(0);
  let sumUg: Vec = splat(0);
  for (let i: u32 = 0; i < rows; i++) {
    const t = loadVec(rowSlot + T);
    const w = loadVec(scratch + W);
    const u = isReference ? w : mul(loadVec(rowSlot + E), w);
    const g = mul(t, gain);
    const p = mul(u, sub(g, loadVec(scratch + Y)));
    const pt = mul(p, t);
    const m = nmadd(pt, score, mul(u, pull));
    sumM = add(sumM, m);
    if (!isReference) sumP = add(sumP, p);
    sumPtt = madd(pt, t, sumPtt);
    sumUg = madd(u, g, sumUg);
    storeVec(dx, isReference ? m : add(loadVec(scratch + ROW_SLOTS), m));
    scratch += rowBytes;
    rowSlot += rowBytes;
    dx += dxStride;
  }
  addTo(accumulators + OF_M, sumM);
  if (!isReference) addTo(accumulators + OF_P, sumP);
  addTo(accumulators + OF_PTT, sumPtt);
  addTo(accumulators + OF_UG, sumUg);
}

/** Adds a vector to an accumulator. */
@inline function addTo(accumulator: usize, v: Vec): void {
  for (let half: u32 = 0; half < HALVES; half++) addAt(accumulator + half * WIDE, widen(v, half));
}

/**
 * dx of `count` activations, from number `start` of their tensor on. Adds to the accumulators.
 *
 * @param at a table with uan_grad_accumulator_count accumulators, made without `fold`
 * @param x, dy, dx float32 [count], dx not overlapping the others
 */
export function uan_grad_apply(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  walk<GradApply>(changetype<MixtureTable>(at), x, dy, dx, 4, start, count);
}
