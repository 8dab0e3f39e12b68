import { mixtureOutOfRange, responsibilitiesOutOfRange } from "../mixture/outOfRange";
import { EXP2, GAIN, INVERSE, LIMIT, LOG, MEAN, MixtureTable, OFFSET, SLOT, SLOTS } from "../mixture/table";
import { exp2 } from "../simd/exp2";
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
  nmadd,
  pmax,
  select,
  splat,
  storeVec,
  sub,
  Vec,
  widen,
  withHalf,
} from "../simd/vec";
import { walk } from "../simd/walk";

@unmanaged
class Apply {
  visit(at: usize, laneBlock: usize, x: usize, _b: usize, y: usize, stride: usize, rows: u32, _weight: Vec): void {
    const table = changetype<MixtureTable>(at);
    const first = laneBlock + SLOTS + SLOT;
    const end = laneBlock + SLOTS + table.slots * SLOT;
    const mean = loadVec(laneBlock + SLOTS + MEAN);
    const inverse = loadVec(laneBlock + SLOTS + INVERSE);
    const gain = loadVec(laneBlock + SLOTS + GAIN);
    const offset = loadVec(laneBlock + OFFSET);
    const exps = at + EXP2;
    let maxSquare: Vec = splat(0);
    let p = x;
    let q = y;
    for (let i: u32 = 0; i < rows; i++) {
      const v = loadVec(p);
      const t0 = mul(sub(v, mean), inverse);
      const square = mul(t0, t0);
      maxSquare = pmax(maxSquare, square);
      let density: Vec = splat(1);
      let sum = mul(t0, gain);
      for (let slot = first; slot < end; slot += SLOT) {
        const t = mul(sub(v, loadVec(slot + MEAN)), loadVec(slot + INVERSE));
        const e = exp2(nmadd(t, t, add(loadVec(slot + LOG), square)), exps);
        density = add(density, e);
        sum = madd(e, mul(t, loadVec(slot + GAIN)), sum);
      }
      storeVec(q, add(div(sum, density), offset));
      p += stride;
      q += stride;
    }
    if (anyTrue(gt(maxSquare, loadVec(laneBlock + LIMIT)))) applyOutOfRange(table, laneBlock, x, y, stride, rows);
  }
}

/** Computes the activations that are out of range again (see mixture/table.ts), in float64. */
function applyOutOfRange(table: MixtureTable, laneBlock: usize, x: usize, y: usize, stride: usize, rows: u32): void {
  const limit = loadVec(laneBlock + LIMIT);
  const mean = loadVec(laneBlock + SLOTS + MEAN);
  const inverse = loadVec(laneBlock + SLOTS + INVERSE);
  const offset = loadVec(laneBlock + OFFSET);
  const tau = changetype<usize>(table) + table.scratch;
  for (let i: u32 = 0; i < rows; i++) {
    const v = loadVec(x);
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
