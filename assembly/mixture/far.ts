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
@inline export function constant(laneBlock: usize, k: u32, field: usize, half: u32): Wide {
  return widen(loadVec(laneBlock + SLOTS + k * SLOT + field), half);
}

/** t_k. */
@inline export function distance(laneBlock: usize, k: u32, x: Wide, half: u32): Wide {
  return mulWide(subWide(x, constant(laneBlock, k, MEAN, half)), constant(laneBlock, k, INVERSE, half));
}

@inline function logDensity(laneBlock: usize, k: u32, x: Wide, half: u32): Wide {
  const t = distance(laneBlock, k, x, half);
  return subWide(constant(laneBlock, k, LOG, half), mulWide(t, t));
}

/** Responsibilities of half the lanes, slot by slot, into as many Wide at `out`. */
export function farResponsibilities(table: MixtureTable, laneBlock: usize, x: Wide, half: u32, out: usize): void {
  const slots = table.slots;
  let most = logDensity(laneBlock, 0, x, half);
  for (let k: u32 = 1; k < slots; k++) most = pmaxWide(most, logDensity(laneBlock, k, x, half));
  let sum: Wide = splatWide(0);
  for (let k: u32 = 0; k < slots; k++) {
    const e = exp2Wide(subWide(logDensity(laneBlock, k, x, half), most));
    sum = addWide(sum, e);
    storeWide(out + k * WIDE, e);
  }
  for (let k: u32 = 0; k < slots; k++) storeWide(out + k * WIDE, divWide(loadWide(out + k * WIDE), sum));
}

/** Σ τ_k g_k of half the lanes (gains as the table has them), from responsibilities at `tau`. */
export function farMixture(table: MixtureTable, laneBlock: usize, x: Wide, half: u32, tau: usize): Wide {
  let y: Wide = splatWide(0);
  for (let k: u32 = 0; k < table.slots; k++) {
    y = addWide(
      y,
      mulWide(loadWide(tau + k * WIDE), mulWide(constant(laneBlock, k, GAIN, half), distance(laneBlock, k, x, half))),
    );
  }
  return y;
}
