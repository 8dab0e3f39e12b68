import { KAPPA2 } from "../constants";
import { swap } from "../mixture/prepare";
import { accumulatorsOf, exchanged, GAIN, INVERSE, laneOf, MixtureTable, REFERENCE, SCALE, SLOT, SLOTS } from "../mixture/table";
import {
  addWide,
  aligned,
  anyTrue,
  eq,
  HALVES,
  LANES,
  loadVec,
  loadWide,
  mulWide,
  splat,
  splatWide,
  storeVec,
  storeWide,
  subWide,
  VEC,
  Vec,
  WIDE,
  Wide,
  widen,
  withHalf,
} from "../simd/vec";
import { isOneLaneEach, laneBlockAt } from "../simd/walk";
import { OF_M, OF_P, OF_PTT, OF_SLOT, OF_SLOTS, OF_UG } from "./accumulators";

/** Bytes of a slot's results in finalizeLaneBlocks. */
const RESULT: usize = 3 * VEC;

/**
 * The gradients of the parameters, out of the accumulators.
 *
 * @param at a table after uan_grad_apply
 * @param dmean, dvariance float32 [components, channels]
 * @param dprior float32 [components]
 * @param dgamma, dbeta float32 [channels]
 */
export function uan_grad_finalize(at: usize, dmean: usize, dvariance: usize, dprior: usize, dgamma: usize, dbeta: usize): void {
  const table = changetype<MixtureTable>(at);
  const components = table.components;
  const priors = at + table.scratch;
  memory.fill(priors, 0, components << 3);
  if (isOneLaneEach(table)) finalizeLaneBlocks(table, priors, dmean, dvariance, dgamma, dbeta);
  else finalizeChannels(table, priors, dmean, dvariance, dgamma, dbeta);
  if (table.ucb) {
    memory.fill(dprior, 0, (<usize>components) << 2);
    return;
  }
  const lane = laneOf(table, 0);
  for (let k: u32 = 0; k < components; k++) {
    // 1/λ = κ² gain², the same in every channel
    const slot = exchanged(k, <u32>load<f32>(lane + REFERENCE));
    const gain = <f64>load<f32>(lane + SLOTS + slot * SLOT + GAIN);
    store<f32>(dprior + ((<usize>k) << 2), <f32>(load<f64>(priors + ((<usize>k) << 3)) * KAPPA2 * gain * gain));
  }
}

/** All gradients but that of the prior, channel by channel. Adds λ_k dλ_k to `priors`, a float64 for each component. */
function finalizeChannels(table: MixtureTable, priors: usize, dmean: usize, dvariance: usize, dgamma: usize, dbeta: usize): void {
  const channels = table.channels;
  const components = table.components;
  for (let c: u32 = 0; c < channels; c++) {
    const lane = laneOf(table, c);
    const accumulators = accumulatorsOf(table, c);
    const scale = <f64>load<f32>(lane + SCALE);
    const reference = <u32>load<f32>(lane + REFERENCE);
    let dscale: f64 = 0;
    let others: f64 = 0;
    for (let slot: u32 = 1; slot < table.slots; slot++) others += load<f64>(accumulators + OF_SLOTS + slot * OF_SLOT + OF_P);
    store<f64>(accumulators + OF_SLOTS + OF_P, -others);
    for (let k: u32 = 0; k < components; k++) {
      const slot = exchanged(k, reference);
      const inverse = <f64>load<f32>(lane + SLOTS + slot * SLOT + INVERSE);
      const ofSlot = accumulators + OF_SLOTS + slot * OF_SLOT;
      const p = table.ucb ? 0 : load<f64>(ofSlot + OF_P);
      const ug = load<f64>(ofSlot + OF_UG);
      const out = (<usize>(k * channels + c)) << 2;
      store<f32>(dmean + out, <f32>-load<f64>(ofSlot + OF_M));
      // 1/v = inverse²/κ²
      const variance = ((load<f64>(ofSlot + OF_PTT) / KAPPA2 - p - ug) * inverse * inverse) / (2 * KAPPA2);
      store<f32>(dvariance + out, <f32>(scale * variance));
      store<f64>(priors + ((<usize>k) << 3), load<f64>(priors + ((<usize>k) << 3)) + scale * (p - 0.5 * ug));
      dscale += ug;
    }
    store<f32>(dgamma + ((<usize>c) << 2), <f32>dscale);
    store<f32>(dbeta + ((<usize>c) << 2), <f32>load<f64>(accumulators));
  }
}

/** Does the same, with the channels of a lane block at once, where each has one lane. */
function finalizeLaneBlocks(
  table: MixtureTable,
  priors: usize,
  dmean: usize,
  dvariance: usize,
  dgamma: usize,
  dbeta: usize,
): void {
  const slots = table.slots;
  const bytes = (<usize>table.channels) << 2;
  // Of each slot, in float32: dmean, dvariance, and its part of λ_k dλ_k. They are in the order of slots, then of components.
  const results = priors + aligned((<usize>table.components) << 3);
  const n = table.channels / LANES;
  for (let block: u32 = 0; block < n; block++) {
    const laneBlock = laneBlockAt(table, block);
    const ofSlots = laneBlock + table.accumulators + OF_SLOTS;
    const scale = loadVec(laneBlock + SCALE);
    let dscale: Vec = splat(0);
    let dshift: Vec = splat(0);
    for (let half: u32 = 0; half < HALVES; half++) {
      const at = half * WIDE;
      const wideScale = widen(scale, half);
      let others: Wide = splatWide(0);
      for (let slot: u32 = 1; slot < slots; slot++) others = subWide(others, loadWide(ofSlots + slot * OF_SLOT + OF_P + at));
      storeWide(ofSlots + OF_P + at, others);
      let sum: Wide = splatWide(0);
      for (let slot: u32 = 0; slot < slots; slot++) {
        const accumulators = ofSlots + slot * OF_SLOT + at;
        const result = results + slot * RESULT;
        const inverse = widen(loadVec(laneBlock + SLOTS + slot * SLOT + INVERSE), half);
        const p = table.ucb ? splatWide(0) : loadWide(accumulators + OF_P);
        const ug = loadWide(accumulators + OF_UG);
        const ptt = mulWide(loadWide(accumulators + OF_PTT), splatWide(1 / KAPPA2));
        // 1/v = inverse²/κ²
        const variance = mulWide(mulWide(subWide(subWide(ptt, p), ug), mulWide(inverse, inverse)), splatWide(1 / (2 * KAPPA2)));
        const prior = subWide(p, mulWide(splatWide(0.5), ug));
        storeHalf(result, half, subWide(splatWide(0), loadWide(accumulators + OF_M)));
        storeHalf(result + VEC, half, mulWide(wideScale, variance));
        storeHalf(result + 2 * VEC, half, mulWide(wideScale, prior));
        sum = addWide(sum, ug);
      }
      dscale = withHalf(dscale, half, sum);
      dshift = withHalf(dshift, half, loadWide(laneBlock + table.accumulators + at));
    }
    const to = <usize>block * VEC;
    storeVec(dgamma + to, dscale);
    storeVec(dbeta + to, dshift);
    const reference = loadVec(laneBlock + REFERENCE);
    for (let slot: u32 = 1; slot < slots; slot++) {
      const here = eq(reference, splat(<f32>slot));
      if (!anyTrue(here)) continue;
      for (let field: usize = 0; field < RESULT; field += VEC) swap(results + field, results + slot * RESULT + field, here);
    }
    for (let k: u32 = 0; k < table.components; k++) {
      const result = results + k * RESULT;
      storeVec(dmean + k * bytes + to, loadVec(result));
      storeVec(dvariance + k * bytes + to, loadVec(result + VEC));
      let sum: f64 = 0;
      for (let lane: usize = 0; lane < LANES; lane++) sum += load<f32>(result + 2 * VEC + (lane << 2));
      const prior = priors + ((<usize>k) << 3);
      store<f64>(prior, load<f64>(prior) + sum);
    }
  }
}

/** Replaces one half of the Vec at p. */
@inline function storeHalf(p: usize, half: u32, w: Wide): void {
  storeVec(p, withHalf(loadVec(p), half, w));
}
