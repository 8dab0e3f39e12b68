import { scaledExp2 } from "../simd/exp2";
import { add, loadVec, mul, nmadd, sub, Vec } from "../simd/vec";
import { INVERSE, LOG, MEAN } from "./table";

/** t_k (see table.ts) of the component in a slot. */
@inline export function distance(slot: usize, v: Vec): Vec {
  return mul(sub(v, loadVec(slot + MEAN)), loadVec(slot + INVERSE));
}

/**
 * e_k · exp2Scale of the component in a slot. The reference's is exp2Scale.
 *
 * @param t t_k
 * @param square t_r², in range
 */
@inline export function scaledDensity(slot: usize, t: Vec, square: Vec, exps: usize): Vec {
  return scaledExp2(nmadd(t, t, add(loadVec(slot + LOG), square)), exps);
}
