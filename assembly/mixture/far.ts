import { exp2Wide } from "../simd/exp2";
import {
  addWide,
  divWide,
  loadVec,
  loadWide,
  mulWide,
  pmaxWide,
  splatWide,
  storeWide,
  subWide,
  WIDE,
  Wide,
  widen,
} from "../simd/vec";
import { GAIN, INVERSE, LOG, MEAN, MixtureTable, SLOT, SLOTS } from "./table";

// The way of activations far from their reference component (t_r² > LIMIT, see table.ts): in float64, where no square of a
// finite float32 overflows, and with the largest ℓ_k taken out of all, so that the nearest component's exponential is 1.
// An infinite activation gives NaN. From 1e15 times the distance of two means on, float64 cannot tell which of them is nearer:
// components of equal variance then share the responsibility.

/** One of a component's constants in half the lanes. */
@inline export function constant(group: usize, k: u32, field: usize, half: u32): Wide {
  return widen(loadVec(group + SLOTS + k * SLOT + field), half);
}

/** t_k. */
@inline export function distance(group: usize, k: u32, x: Wide, half: u32): Wide {
  return mulWide(subWide(x, constant(group, k, MEAN, half)), constant(group, k, INVERSE, half));
}

@inline function logDensity(group: usize, k: u32, x: Wide, half: u32): Wide {
  const t = distance(group, k, x, half);
  return subWide(constant(group, k, LOG, half), mulWide(t, t));
}

/** Responsibilities of half the lanes, slot by slot, into as many Wide at `out`. */
export function farResponsibilities(table: MixtureTable, group: usize, x: Wide, half: u32, out: usize): void {
  const slots = table.slots;
  let most = logDensity(group, 0, x, half);
  for (let k: u32 = 1; k < slots; k++) most = pmaxWide(most, logDensity(group, k, x, half));
  let sum: Wide = splatWide(0);
  for (let k: u32 = 0; k < slots; k++) {
    const e = exp2Wide(subWide(logDensity(group, k, x, half), most));
    sum = addWide(sum, e);
    storeWide(out + k * WIDE, e);
  }
  for (let k: u32 = 0; k < slots; k++) storeWide(out + k * WIDE, divWide(loadWide(out + k * WIDE), sum));
}

/** Σ τ_k g_k of half the lanes (gains as the table has them), from responsibilities at `tau`. */
export function farMixture(table: MixtureTable, group: usize, x: Wide, half: u32, tau: usize): Wide {
  let y: Wide = splatWide(0);
  for (let k: u32 = 0; k < table.slots; k++) {
    y = addWide(y, mulWide(loadWide(tau + k * WIDE), mulWide(constant(group, k, GAIN, half), distance(group, k, x, half))));
  }
  return y;
}
