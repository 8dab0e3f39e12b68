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
import { farResponsibilities } from "./far";
import { EXP2, INVERSE, LIMIT, LOG, MEAN, MixtureTable, SLOT, SLOTS } from "./table";

/**
 * Responsibilities of one vector, slot by slot, into `components` vectors at the table's scratch; the far way included.
 * For kernels that want the responsibilities themselves; those of the normalization have loops of their own.
 *
 * @param weight what the responsibilities of a lane shall sum to
 */
export function responsibilities(table: MixtureTable, laneBlock: usize, v: Vec, weight: Vec): void {
  const at = changetype<usize>(table) + table.scratch;
  const exps = changetype<usize>(table) + EXP2;
  const components = table.components;
  const slots = laneBlock + SLOTS;
  const t0 = mul(sub(v, loadVec(slots + MEAN)), loadVec(slots + INVERSE));
  const square = mul(t0, t0);
  const out = gt(square, loadVec(laneBlock + LIMIT));
  // Where a lane is far its numbers are replaced below; 0 keeps them out of exp2's way.
  const near = andnot(square, out);
  storeVec(at, splat(1));
  let density: Vec = splat(1);
  for (let k: u32 = 1; k < components; k++) {
    const slot = slots + k * SLOT;
    const t = mul(sub(v, loadVec(slot + MEAN)), loadVec(slot + INVERSE));
    const e = exp2(nmadd(t, t, add(loadVec(slot + LOG), near)), exps);
    density = add(density, e);
    storeVec(at + k * VEC, e);
  }
  // NaN in all of a lane's responsibilities where its activation is NaN, also where there is one component.
  const one = div(add(weight, sub(t0, t0)), density);
  for (let k: u32 = 0; k < components; k++) storeVec(at + k * VEC, mul(loadVec(at + k * VEC), one));
  if (!anyTrue(out)) return;

  const tau = at + components * VEC;
  for (let half: u32 = 0; half < HALVES; half++) {
    farResponsibilities(table, laneBlock, widen(v, half), half, tau);
    for (let k: u32 = 0; k < components; k++) {
      const near = loadVec(at + k * VEC);
      const far = withHalf(near, half, mulWide(loadWide(tau + k * WIDE), widen(weight, half)));
      storeVec(at + k * VEC, select(far, near, out));
    }
  }
}
