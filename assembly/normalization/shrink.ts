import {
  addWide,
  divWide,
  eq,
  HALVES,
  loadVec,
  loadWide,
  mulWide,
  select,
  splat,
  splatWide,
  sqrtWide,
  storeVec,
  subWide,
  VEC,
  WIDE,
  widen,
  withHalf,
} from "../simd/vec";
import { laneBlockAt } from "../simd/walk";
import { storeApplyConstants } from "./apply";
import { COUNT, MEAN, momentsOf, SQUARES, storeMoments } from "./moments";
import { ACCUMULATORS, APPLY_CONSTANTS, arrayOf, BETA, CENTER, GAMMA, NormTable, OFFSET, SCALE, spreadConstants } from "./table";

// A batch's mean and variance, shrunk toward those of a prior of mass m (docs/math.md, section 2.5). Every channel is a group of n
// numbers. With a = n/(n + m) and D = Ē − E_B,
//
//     E = E_B + (1 − a) D      V = a V_B + (1 − a)(V̄ + a D²)
//
// Of m = 0 these are E_B and V_B to the last bit.

/**
 * The mass of a prior. The largest float32 stands for Infinity, which TensorFlow.js's debug mode refuses.
 *
 * @param at its address, or 0: there is no prior
 */
@inline export function massOf(at: usize): f64 {
  const mass: f32 = at ? load<f32>(at) : 0;
  return mass >= f32.MAX_VALUE ? Infinity : <f64>mass;
}

/**
 * Mean and variance of every channel, and those by which it is normalized: shrunk toward the prior's. Stores the constants of
 * norm_apply for these. Without a prior, or with one of mass 0, does what norm_moments_finalize does.
 *
 * @param at a table after norm_moments_accumulate
 * @param priorMean, priorVariance float32 [channels]
 * @param priorMass float32: as many numbers of a channel the prior counts for; or 0: there is no prior
 * @param ownMean, ownVariance float32 [channels]: those of the numbers alone
 * @param mean, variance float32 [channels]
 * @param residual float32 [channels]: what the mean lost when it was rounded to float32
 */
export function norm_shrink_finalize(
  at: usize,
  priorMean: usize,
  priorVariance: usize,
  priorMass: usize,
  ownMean: usize,
  ownVariance: usize,
  mean: usize,
  variance: usize,
  residual: usize,
): void {
  const table = changetype<NormTable>(at);
  const bytes = (<usize>table.channels) << 2;
  const n = <f64>(table.size / table.channels);
  const mass = massOf(priorMass);
  // 0 if the mass is infinite.
  const share: f64 = mass == 0 ? 1 : n / (n + mass);
  if (table.lanes == table.channels && share != 0) {
    // Every channel has one lane, as it mostly has: a vector of channels at a time.
    for (let i: usize = 0; i < bytes; i += VEC) {
      const laneBlock = laneBlockAt(table, <u32>(i / VEC));
      const towardMean = share == 1 ? splat(0) : loadVec(priorMean + i);
      const towardVariance = share == 1 ? splat(0) : loadVec(priorVariance + i);
      const gamma = loadVec(arrayOf(table, GAMMA) + i);
      const beta = loadVec(arrayOf(table, BETA) + i);
      let own = splat(0);
      let ownSpread = splat(0);
      let center = splat(0);
      let spread = splat(0);
      let rest = splat(0);
      let scale = splat(0);
      let offset = splat(0);
      for (let half: u32 = 0; half < HALVES; half++) {
        const sums = laneBlock + ACCUMULATORS + half * WIDE;
        const count = loadWide(sums + COUNT);
        let e = divWide(mulWide(count, loadWide(sums + MEAN)), count);
        const d = subWide(loadWide(sums + MEAN), e);
        let v = divWide(addWide(loadWide(sums + SQUARES), mulWide(mulWide(count, d), d)), count);
        own = withHalf(own, half, e);
        ownSpread = withHalf(ownSpread, half, v);
        if (share != 1) {
          const distance = subWide(widen(towardMean, half), e);
          const ofPrior = splatWide(1 - share);
          e = addWide(e, mulWide(ofPrior, distance));
          const more = mulWide(mulWide(splatWide(share), distance), distance);
          v = addWide(mulWide(splatWide(share), v), mulWide(ofPrior, addWide(widen(towardVariance, half), more)));
        }
        center = withHalf(center, half, e);
        spread = withHalf(spread, half, v);
        const lost = subWide(e, widen(center, half));
        const r = divWide(splatWide(1), sqrtWide(addWide(v, splatWide(table.epsilon))));
        const exact = mulWide(widen(gamma, half), r);
        rest = withHalf(rest, half, lost);
        scale = withHalf(scale, half, exact);
        offset = withHalf(offset, half, subWide(widen(beta, half), mulWide(exact, lost)));
      }
      storeVec(ownMean + i, own);
      storeVec(ownVariance + i, ownSpread);
      storeVec(mean + i, center);
      storeVec(variance + i, spread);
      storeVec(residual + i, rest);
      storeVec(laneBlock + CENTER * VEC, center);
      storeVec(laneBlock + SCALE * VEC, scale);
      storeVec(laneBlock + OFFSET * VEC, select(beta, offset, eq(rest, splat(0))));
    }
    return;
  }
  for (let c: u32 = 0; c < table.channels; c++) {
    const i = (<usize>c) << 2;
    momentsOf(table, c);
    store<f32>(ownMean + i, <f32>table.mean);
    store<f32>(ownVariance + i, <f32>table.variance);
    if (share == 0) {
      // Whatever the numbers are, also NaN.
      table.mean = <f64>load<f32>(priorMean + i);
      table.variance = <f64>load<f32>(priorVariance + i);
    } else if (share != 1) {
      const distance = <f64>load<f32>(priorMean + i) - table.mean;
      table.mean += (1 - share) * distance;
      table.variance = share * table.variance + (1 - share) * (<f64>load<f32>(priorVariance + i) + share * distance * distance);
    }
    storeMoments(table, mean + i, variance + i, residual + i);
    storeApplyConstants(table, c, table.mean, table.variance);
  }
  spreadConstants(table, APPLY_CONSTANTS);
}
