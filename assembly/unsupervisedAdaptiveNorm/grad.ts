import { distance, scaledDensity } from "../mixture/density";
import { EXP2, GAIN, INVERSE, LIMIT, MEAN, MixtureTable, PULL, SCORE, SCRATCH_ROWS, SLOT, SLOTS } from "../mixture/table";
import { exp2Scale } from "../simd/exp2";
import {
  add,
  addTo,
  andnot,
  anyTrue,
  div,
  gt,
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
} from "../simd/vec";
import { walk } from "../simd/walk";
import { OF_M, OF_P, OF_PTT, OF_SLOT, OF_SLOTS, OF_UG } from "./accumulators";
import { gradOutOfRange } from "./gradOutOfRange";
import { storeInput } from "./input";

// A block of rows goes through two steps: evaluate, then addGradients for each component. In both, chains of instructions that
// wait for each other are short. Between them, each row has in the table's scratch: y and w = dy/Σe, then e and t of every
// slot. Here e is e_k · exp2Scale.

/** Bytes from a row in the scratch to y, w, and the slots; from a slot to e and t; and of a slot. */
const Y: usize = 0;
const W: usize = 1 * VEC;
const ROW_SLOTS: usize = 2 * VEC;
const E: usize = 0;
const T: usize = 1 * VEC;
const ROW_SLOT: usize = 2 * VEC;

/** With 2 to MAX_PAIRED slots, loops over components are unrolled. */
const MAX_PAIRED: u32 = 4;

@unmanaged
export class GradApply {
  visit(at: usize, laneBlock: usize, x: usize, dy: usize, dx: usize, stride: usize, rows: u32, _weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    const slots = table.slots;
    const scratch = at + table.scratch;
    const rowBytes = ROW_SLOTS + slots * ROW_SLOT;
    for (let i: u32 = 0; i < rows; i += SCRATCH_ROWS) {
      const n = min(rows - i, SCRATCH_ROWS);
      let input = x;
      let inputStride = stride;
      if (table.centered) {
        // In the place of the reference's e.
        input = scratch + ROW_SLOTS + E;
        inputStride = rowBytes;
        storeInput(x, laneBlock, stride, n, input, inputStride);
      }
      if (slots == 1) {
        const isInRange = gradOfOne(table, laneBlock, input, dy, dx, inputStride, stride, n);
        if (!isInRange) gradOutOfRange(table, laneBlock, x, dy, dx, stride, n);
        x += n * stride;
        dy += n * stride;
        dx += n * stride;
        continue;
      }
      // Rows that are evaluated in pairs, then the rest. A part with a lane out of range is evaluated again, without that lane.
      const paired: u32 = ASC_FEATURE_SIMD && slots >= 2 && slots <= MAX_PAIRED ? n & ~1 : 0;
      let isInRange = true;
      if (paired) {
        if (slots == 2) isInRange = evaluatePairs(table, laneBlock, input, dy, inputStride, stride, paired, scratch, rowBytes, 2);
        else if (slots == 3)
          isInRange = evaluatePairs(table, laneBlock, input, dy, inputStride, stride, paired, scratch, rowBytes, 3);
        else isInRange = evaluatePairs(table, laneBlock, input, dy, inputStride, stride, paired, scratch, rowBytes, 4);
        if (!isInRange) evaluateMasked(table, laneBlock, input, dy, inputStride, stride, paired, scratch, rowBytes);
      }
      if (paired < n) {
        const from = input + paired * inputStride;
        const at = paired * stride;
        const to = scratch + paired * rowBytes;
        if (!evaluate(table, laneBlock, from, dy + at, inputStride, stride, n - paired, to, rowBytes, false)) {
          isInRange = false;
          evaluateMasked(table, laneBlock, from, dy + at, inputStride, stride, n - paired, to, rowBytes);
        }
      }
      const accumulators = laneBlock + table.accumulators + OF_SLOTS;
      // dx is summed in the scratch, instead of the reference's e, which is known and not stored. The last component stores it in its
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
        at + EXP2,
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
          at + EXP2,
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
 * Stores dx of `rows` rows in range, and accumulates their sums, with one slot: P is 0 there, as y = g.
 *
 * @returns false where a lane is out of range
 */
function gradOfOne(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  dx: usize,
  xStride: usize,
  stride: usize,
  rows: u32,
): bool {
  const slot = laneBlock + SLOTS;
  const mean = loadVec(slot + MEAN);
  const inverse = loadVec(slot + INVERSE);
  const gain = loadVec(slot + GAIN);
  const pull = loadVec(slot + PULL);
  const limit = loadVec(laneBlock + LIMIT);
  let maxSquare: Vec = splat(0);
  let sumDy: Vec = splat(0);
  let sumM: Vec = splat(0);
  let sumUg: Vec = splat(0);
  do {
    const v = mul(sub(loadVec(x), mean), inverse);
    const square = mul(v, v);
    const outOfRange = gt(square, limit);
    const t = andnot(v, outOfRange);
    const d = andnot(loadVec(dy), outOfRange);
    maxSquare = pmax(maxSquare, square);
    // t − t is NaN where the activation is.
    const m = madd(d, pull, sub(t, t));
    sumDy = add(sumDy, d);
    sumM = add(sumM, m);
    sumUg = madd(d, mul(t, gain), sumUg);
    storeVec(dx, m);
    x += xStride;
    dy += stride;
    dx += stride;
  } while (--rows);
  const accumulators = laneBlock + table.accumulators;
  addTo(accumulators, sumDy);
  addTo(accumulators + OF_SLOTS + OF_M, sumM);
  addTo(accumulators + OF_SLOTS + OF_UG, sumUg);
  return !anyTrue(gt(maxSquare, limit));
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
  xStride: usize,
  stride: usize,
  rows: u32,
  scratch: usize,
  rowBytes: usize,
  mask: bool,
): bool {
  const reference = laneBlock + SLOTS;
  const exps = changetype<usize>(table) + EXP2;
  const end = reference + table.slots * SLOT;
  const mean = loadVec(reference + MEAN);
  const inverse = loadVec(reference + INVERSE);
  const gain = mul(loadVec(reference + GAIN), exp2Scale(exps));
  const limit = loadVec(laneBlock + LIMIT);
  let maxSquare: Vec = splat(0);
  let sumDy: Vec = splat(0);
  for (; rows > 0; rows--) {
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
    let density = exp2Scale(exps);
    let sum = mul(t0, gain);
    let slot = reference + SLOT;
    rowSlot += ROW_SLOT;
    for (; slot < end; slot += SLOT) {
      const t = distance(slot, v);
      const e = scaledDensity(slot, t, square, exps);
      density = add(density, e);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
      storeVec(rowSlot + E, e);
      storeVec(rowSlot + T, t);
      rowSlot += ROW_SLOT;
    }
    const one = div(splat(1), density);
    storeVec(scratch + Y, mul(sum, one));
    storeVec(scratch + W, mul(d, one));
    scratch += rowBytes;
    x += xStride;
    dy += stride;
  }
  if (anyTrue(gt(maxSquare, limit))) return false;
  addTo(laneBlock + table.accumulators, sumDy);
  return true;
}

/** Does the same as evaluate with a mask. It is rare: compiled once, and not where it is called. */
function evaluateMasked(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  xStride: usize,
  stride: usize,
  rows: u32,
  scratch: usize,
  rowBytes: usize,
): void {
  evaluate(table, laneBlock, x, dy, xStride, stride, rows, scratch, rowBytes, true);
}

/**
 * Does the same as evaluate without a mask, two rows at a time: they share the loads of constants, and wait less for each other's
 * results.
 *
 * @param rows an even number
 * @param slots the number of slots, known at compile time: from 2 to MAX_PAIRED
 */
@inline function evaluatePairs(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  dy: usize,
  xStride: usize,
  stride: usize,
  rows: u32,
  scratch: usize,
  rowBytes: usize,
  slots: u32,
): bool {
  const reference = laneBlock + SLOTS;
  const exps = changetype<usize>(table) + EXP2;
  const gain = mul(loadVec(reference + GAIN), exp2Scale(exps));
  let maxSquare: Vec = splat(0);
  let sumDy: Vec = splat(0);
  do {
    const v = loadVec(x);
    const next = loadVec(x + xStride);
    const d = loadVec(dy);
    const nextD = loadVec(dy + stride);
    const t0 = distance(reference, v);
    const nextT0 = distance(reference, next);
    const square = mul(t0, t0);
    const nextSquare = mul(nextT0, nextT0);
    maxSquare = pmax(pmax(maxSquare, square), nextSquare);
    sumDy = add(add(sumDy, d), nextD);
    let row = scratch + ROW_SLOTS;
    storeVec(row + T, t0);
    storeVec(row + rowBytes + T, nextT0);
    let density = exp2Scale(exps);
    let nextDensity = exp2Scale(exps);
    let sum = mul(t0, gain);
    let nextSum = mul(nextT0, gain);
    let slot = reference + SLOT;
    row += ROW_SLOT;
    const t = distance(slot, v);
    const nextT = distance(slot, next);
    const e = scaledDensity(slot, t, square, exps);
    const nextE = scaledDensity(slot, nextT, nextSquare, exps);
    density = add(density, e);
    nextDensity = add(nextDensity, nextE);
    sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
    nextSum = madd(nextE, mul(nextT, loadVec(slot + GAIN)), nextSum);
    storeVec(row + E, e);
    storeVec(row + T, t);
    storeVec(row + rowBytes + E, nextE);
    storeVec(row + rowBytes + T, nextT);
    if (slots > 2) {
      slot += SLOT;
      row += ROW_SLOT;
      const t = distance(slot, v);
      const nextT = distance(slot, next);
      const e = scaledDensity(slot, t, square, exps);
      const nextE = scaledDensity(slot, nextT, nextSquare, exps);
      density = add(density, e);
      nextDensity = add(nextDensity, nextE);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
      nextSum = madd(nextE, mul(nextT, loadVec(slot + GAIN)), nextSum);
      storeVec(row + E, e);
      storeVec(row + T, t);
      storeVec(row + rowBytes + E, nextE);
      storeVec(row + rowBytes + T, nextT);
    }
    if (slots > 3) {
      slot += SLOT;
      row += ROW_SLOT;
      const t = distance(slot, v);
      const nextT = distance(slot, next);
      const e = scaledDensity(slot, t, square, exps);
      const nextE = scaledDensity(slot, nextT, nextSquare, exps);
      density = add(density, e);
      nextDensity = add(nextDensity, nextE);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
      nextSum = madd(nextE, mul(nextT, loadVec(slot + GAIN)), nextSum);
      storeVec(row + E, e);
      storeVec(row + T, t);
      storeVec(row + rowBytes + E, nextE);
      storeVec(row + rowBytes + T, nextT);
    }
    const one = div(splat(1), density);
    const nextOne = div(splat(1), nextDensity);
    storeVec(scratch + Y, mul(sum, one));
    storeVec(scratch + W, mul(d, one));
    storeVec(scratch + rowBytes + Y, mul(nextSum, nextOne));
    storeVec(scratch + rowBytes + W, mul(nextD, nextOne));
    scratch += 2 * rowBytes;
    x += 2 * xStride;
    dy += 2 * stride;
    rows -= 2;
  } while (rows);
  if (anyTrue(gt(maxSquare, loadVec(laneBlock + LIMIT)))) return false;
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
  exps: usize,
  isReference: bool,
): void {
  // The reference's e is exp2Scale. All that follows is proportional to it: constants and sums are multiplied, not every row. Its g
  // is rounded as evaluate rounds it, so that g − y is 0 where no other component counts: far away it is multiplied by much.
  const scale = exp2Scale(exps);
  const one = div(splat(1), scale);
  const gain = isReference ? mul(loadVec(slot + GAIN), scale) : loadVec(slot + GAIN);
  const pull = isReference ? mul(scale, loadVec(slot + PULL)) : loadVec(slot + PULL);
  const score = isReference ? mul(scale, loadVec(slot + SCORE)) : loadVec(slot + SCORE);
  let sumM: Vec = splat(0);
  let sumP: Vec = splat(0);
  let sumPtt: Vec = splat(0);
  let sumUg: Vec = splat(0);
  do {
    const t = loadVec(rowSlot + T);
    const w = loadVec(scratch + W);
    const u = isReference ? w : mul(loadVec(rowSlot + E), w);
    const g = isReference ? mul(mul(t, gain), one) : mul(t, gain);
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
  } while (--rows);
  addTo(accumulators + OF_M, sumM);
  if (!isReference) addTo(accumulators + OF_P, sumP);
  addTo(accumulators + OF_PTT, isReference ? mul(scale, sumPtt) : sumPtt);
  addTo(accumulators + OF_UG, isReference ? mul(scale, sumUg) : sumUg);
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
