import { distance, scaledDensity } from "../mixture/density";
import { mixtureOutOfRange, responsibilitiesOutOfRange } from "../mixture/outOfRange";
import { EXP2, GAIN, INVERSE, LIMIT, MEAN, MixtureTable, OFFSET, SLOT, SLOTS } from "../mixture/table";
import { exp2Scale } from "../simd/exp2";
import {
  add,
  addWide,
  anyTrue,
  div,
  gt,
  HALVES,
  loadVec,
  madd,
  mul,
  pmax,
  select,
  splat,
  storeVec,
  sub,
  VEC,
  Vec,
  widen,
  withHalf,
} from "../simd/vec";
import { walk } from "../simd/walk";
import { loadInput, storeInput } from "./input";

@unmanaged
export class Apply {
  visit(at: usize, laneBlock: usize, x: usize, _b: usize, y: usize, stride: usize, rows: u32, _weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    const slots = table.slots;
    let input = x;
    let inputStride = stride;
    if (table.centered) {
      input = at + table.scratch;
      inputStride = VEC;
      storeInput(x, laneBlock, stride, rows, input, inputStride);
    }
    let maxSquare: Vec = splat(0);
    let done: u32 = 0;
    if (ASC_FEATURE_SIMD) {
      if (slots == 2 || slots == 3) done = rows & ~1;
      if (slots == 4) done = rows;
      if (done) {
        if (slots == 2) maxSquare = applyPairs(table, laneBlock, input, y, inputStride, stride, done, 2);
        else if (slots == 3) maxSquare = applyPairs(table, laneBlock, input, y, inputStride, stride, done, 3);
        else maxSquare = applyRows(table, laneBlock, input, y, inputStride, stride, done, maxSquare, 4);
      }
    }
    if (done < rows) {
      const from = input + done * inputStride;
      maxSquare = applyRows(table, laneBlock, from, y + done * stride, inputStride, stride, rows - done, maxSquare, 0);
    }
    if (anyTrue(gt(maxSquare, loadVec(laneBlock + LIMIT)))) applyOutOfRange(table, laneBlock, x, y, stride, rows);
  }
}

/**
 * y of activations in range, a row at a time.
 *
 * @param maxSquare the largest t_r² of each lane, of other rows
 * @param slots the number of slots, if it is known at compile time; 0: it is table.slots
 * @returns the largest t_r² of each lane
 */
@inline function applyRows(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  y: usize,
  xStride: usize,
  yStride: usize,
  rows: u32,
  maxSquare: Vec,
  slots: u32,
): Vec {
  const gain = referenceGain(table, laneBlock);
  do {
    const v = loadVec(x);
    const t = distance(laneBlock + SLOTS, v);
    maxSquare = pmax(maxSquare, mul(t, t));
    storeVec(y, average(table, laneBlock, v, t, gain, slots));
    x += xStride;
    y += yStride;
  } while (--rows);
  return maxSquare;
}

/** The same, two rows at a time: they share the loads of constants, and wait less for each other's results. */
@inline function applyPairs(
  table: MixtureTable,
  laneBlock: usize,
  x: usize,
  y: usize,
  xStride: usize,
  yStride: usize,
  rows: u32,
  slots: u32,
): Vec {
  const gain = referenceGain(table, laneBlock);
  let maxSquare: Vec = splat(0);
  do {
    const v = loadVec(x);
    const w = loadVec(x + xStride);
    const t = distance(laneBlock + SLOTS, v);
    const u = distance(laneBlock + SLOTS, w);
    maxSquare = pmax(pmax(maxSquare, mul(t, t)), mul(u, u));
    const first = average(table, laneBlock, v, t, gain, slots);
    const second = average(table, laneBlock, w, u, gain, slots);
    storeVec(y, first);
    storeVec(y + yStride, second);
    x += 2 * xStride;
    y += 2 * yStride;
    rows -= 2;
  } while (rows);
  return maxSquare;
}

/** The reference's gain, times exp2Scale. */
@inline function referenceGain(table: MixtureTable, laneBlock: usize): Vec {
  return mul(loadVec(laneBlock + SLOTS + GAIN), exp2Scale(changetype<usize>(table) + EXP2));
}

/**
 * y of a vector in range.
 *
 * @param t0 t_r
 * @param gain0 referenceGain
 * @param slots as for applyRows
 */
@inline function average(table: MixtureTable, laneBlock: usize, v: Vec, t0: Vec, gain0: Vec, slots: u32): Vec {
  const exps = changetype<usize>(table) + EXP2;
  const square = mul(t0, t0);
  let density = exp2Scale(exps);
  let sum = mul(t0, gain0);
  let slot = laneBlock + SLOTS + SLOT;
  if (slots) {
    const t = distance(slot, v);
    const e = scaledDensity(slot, t, square, exps);
    density = add(density, e);
    sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
    if (slots > 2) {
      slot += SLOT;
      const t = distance(slot, v);
      const e = scaledDensity(slot, t, square, exps);
      density = add(density, e);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
    }
    if (slots > 3) {
      slot += SLOT;
      const t = distance(slot, v);
      const e = scaledDensity(slot, t, square, exps);
      density = add(density, e);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
    }
  } else {
    for (const end = laneBlock + SLOTS + table.slots * SLOT; slot < end; slot += SLOT) {
      const t = distance(slot, v);
      const e = scaledDensity(slot, t, square, exps);
      density = add(density, e);
      sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
    }
  }
  return add(div(sum, density), loadVec(laneBlock + OFFSET));
}

/** Computes the activations that are out of range again (see mixture/table.ts), in float64. */
function applyOutOfRange(table: MixtureTable, laneBlock: usize, x: usize, y: usize, stride: usize, rows: u32): void {
  const limit = loadVec(laneBlock + LIMIT);
  const mean = loadVec(laneBlock + SLOTS + MEAN);
  const inverse = loadVec(laneBlock + SLOTS + INVERSE);
  const offset = loadVec(laneBlock + OFFSET);
  const tau = changetype<usize>(table) + table.scratch;
  for (let i: u32 = 0; i < rows; i++) {
    const v = loadInput(x, laneBlock);
    const t0 = mul(sub(v, mean), inverse);
    const outOfRange = gt(mul(t0, t0), limit);
    if (anyTrue(outOfRange)) {
      let r: Vec = splat(0);
      for (let half: u32 = 0; half < HALVES; half++) {
        const w = widen(v, half);
        responsibilitiesOutOfRange(table, laneBlock, w, half, tau);
        r = withHalf(r, half, addWide(mixtureOutOfRange(table, laneBlock, w, half, tau), widen(offset, half)));
      }
      storeVec(y, select(r, loadVec(y), outOfRange));
    }
    x += stride;
    y += stride;
  }
}

/**
 * y = gamma · Σ_k τ_k g_k + beta (docs/math.md, section 2.1) of `count` activations, from number `start` of their tensor on.
 *
 * @param at a table made with `fold`
 * @param x, y float32 [count], not overlapping
 */
export function uan_apply(at: usize, x: usize, y: usize, start: u32, count: u32): void {
  walk<Apply>(changetype<MixtureTable>(at), x, 0, y, 4, start, count);
}
