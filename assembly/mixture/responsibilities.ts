import { exp2 } from "../simd/exp2";
import {
  add,
  andnot,
  anyTrue,
  div,
  gt,
  HALVES,
  loadVec,
  loadWide,
  mul,
  mulWide,
  nmadd,
  select,
  splat,
  storeVec,
  sub,
  VEC,
  Vec,
  WIDE,
  widen,
  withHalf,
} from "../simd/vec";
import { distance } from "./density";
import { responsibilitiesOutOfRange } from "./outOfRange";
import { EXP2, LIMIT, LOG, MixtureTable, SLOT, SLOTS } from "./table";

/**
 * Stores the responsibilities of one vector, in and out of range, in the table's scratch: `components` vectors, in the order of
 * the slots. For kernels that need the responsibilities themselves; the normalization has loops of its own.
 *
 * @param weight the sum of a lane's responsibilities
 */
@inline export function responsibilities(table: MixtureTable, laneBlock: usize, v: Vec, weight: Vec): void {
  const at = changetype<usize>(table) + table.scratch;
  const exps = changetype<usize>(table) + EXP2;
  const components = table.components;
  const slots = laneBlock + SLOTS;
  const t0 = distance(slots, v);
  const square = mul(t0, t0);
  const outOfRange = gt(square, loadVec(laneBlock + LIMIT));
  // 0 in a lane that is out of range: it must be small enough for exp2. The lane's results are replaced below.
  const inRange = andnot(square, outOfRange);
  let density: Vec = splat(1);
  for (let k: u32 = 1; k < components; k++) {
    const slot = slots + k * SLOT;
    const t = distance(slot, v);
    const e = exp2(nmadd(t, t, add(loadVec(slot + LOG), inRange)), exps);
    density = add(density, e);
    storeVec(at + k * VEC, e);
  }
  // If the activation is NaN, so are all responsibilities, even with one component.
  const one = div(add(weight, sub(t0, t0)), density);
  storeVec(at, one);
  for (let k: u32 = 1; k < components; k++) storeVec(at + k * VEC, mul(loadVec(at + k * VEC), one));
  if (anyTrue(outOfRange)) replaceOutOfRange(table, laneBlock, v, weight, outOfRange);
}

/** Replaces responsibilities in lanes out of range by those of float64. */
function replaceOutOfRange(table: MixtureTable, laneBlock: usize, v: Vec, weight: Vec, outOfRange: Vec): void {
  const at = changetype<usize>(table) + table.scratch;
  const components = table.components;
  const tau = at + components * VEC;
  for (let half: u32 = 0; half < HALVES; half++) {
    responsibilitiesOutOfRange(table, laneBlock, widen(v, half), half, tau);
    for (let k: u32 = 0; k < components; k++) {
      const fast = loadVec(at + k * VEC);
      const wide = withHalf(fast, half, mulWide(loadWide(tau + k * WIDE), widen(weight, half)));
      storeVec(at + k * VEC, select(wide, fast, outOfRange));
    }
  }
}
