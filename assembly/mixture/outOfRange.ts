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

// Activations out of range, t_r² > LIMIT (see table.ts; docs/math.md, section 2.3), in float64. There the square of every finite
// float32 is finite. The largest ℓ_k is subtracted from all, so that the exponential of the nearest component is 1.
// An infinite activation gives NaN. At more than 1e15 times the distance of two means, float64 cannot tell which mean is nearer:
// components of equal variance then share the responsibility.

/** A constant of component k, in half the lanes. */
@inline export function wideConstant(laneBlock: usize, k: u32, field: usize, half: u32): Wide {
  return widen(loadVec(laneBlock + SLOTS + k * SLOT + field), half);
}

/** t_k. */
@inline export function wideDistance(laneBlock: usize, k: u32, x: Wide, half: u32): Wide {
  return mulWide(subWide(x, wideConstant(laneBlock, k, MEAN, half)), wideConstant(laneBlock, k, INVERSE, half));
}

@inline function logDensity(laneBlock: usize, k: u32, x: Wide, half: u32): Wide {
  const t = wideDistance(laneBlock, k, x, half);
  return subWide(wideConstant(laneBlock, k, LOG, half), mulWide(t, t));
}

/** Stores the responsibilities of half the lanes at `out`: a Wide for each slot. */
export function responsibilitiesOutOfRange(table: MixtureTable, laneBlock: usize, x: Wide, half: u32, out: usize): void {
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

/** Σ τ_k g_k of half the lanes, with the table's gains, and the responsibilities at `tau`. */
export function mixtureOutOfRange(table: MixtureTable, laneBlock: usize, x: Wide, half: u32, tau: usize): Wide {
  let y: Wide = splatWide(0);
  for (let k: u32 = 0; k < table.slots; k++) {
    y = addWide(
      y,
      mulWide(loadWide(tau + k * WIDE), mulWide(wideConstant(laneBlock, k, GAIN, half), wideDistance(laneBlock, k, x, half))),
    );
  }
  return y;
}
