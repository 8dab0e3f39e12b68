import { MIN_PRIOR, MIN_VARIANCE } from "../constants";
import { swap } from "../mixture/prepare";
import {
  ACCUMULATOR,
  accumulatorsOf,
  GAIN,
  INPUT,
  INVERSE,
  LIMIT,
  MEAN,
  MixtureTable,
  PULL,
  REFERENCE,
  SCALE,
  SCORE,
  SLOT,
  SLOTS,
  totalsOf,
} from "../mixture/table";
import { massOf } from "../normalization/shrink";
import {
  abs,
  add,
  addWide,
  anyTrue,
  div,
  eq,
  gt,
  HALVES,
  LANES,
  loadVec,
  madd,
  mul,
  mulWide,
  or,
  pmax,
  splat,
  sqrt,
  storeVec,
  sub,
  subWide,
  VEC,
  Vec,
  widen,
  withHalf,
} from "../simd/vec";
import { channelOf, consecutiveLanes, gather, isOneLaneEach, laneBlockAt, laneBlockCount } from "../simd/walk";

// Normalization by moments of the batch, which the responsibilities of a mixture weight (docs/math.md, section 2.7):
//
//     y = γ Σ_k τ_k w_k u_k + β          u_k = (x − E_k) s_k          s_k = 1/√(V_k + ε)
//
// The table is that of the mixture. Responsibilities need the first three constants of a slot. Instead of the others it has
//
//     FACTOR (x − CENTER) + SHIFT
//
// which is u_k for the gradients, and γ w_k u_k for the forward pass. CENTER is E_k rounded to float32. SHIFT makes up for the
// rounding, which matters if E_k is large beside the deviation. Mostly, no component of a lane block is *far*: E_k is within
// MAX_MOVED of its deviations s_k from μ_k. Then they have instead
//
//     FACTOR (x − MEAN) + SHIFT = PER_T t_k + SHIFT
//
// which keeps its digits there, and takes one instruction less.

export const CENTER: usize = GAIN;
export const PER_T: usize = GAIN;
export const FACTOR: usize = PULL;
export const SHIFT: usize = SCORE;
/** Of a lane block: a mask, set in any lane if a component is far. */
const FAR: usize = INPUT;

const MAX_MOVED: f32 = 16;
/** So that PER_T t_k is finite for all t_k that are stored. */
const MAX_PER_T: f32 = 1.152921504606847e18; // 2^60

/** Behind the accumulators of the gradients, each slot has more constants. Offsets in bytes. */
export const SLOPE: usize = 0; // γ w_k
export const MEAN_PULL: usize = 1 * VEC; // G_k/N_k
export const HALF_SPREAD_PULL: usize = 2 * VEC; // ½ H_k/N_k
export const SPREAD_OFFSET: usize = 3 * VEC; // ½ V_k s_k² H_k/N_k
export const GRAD_SLOT: usize = 4 * VEC;

/** A slot's accumulators: three in the forward pass and in the second pass of the gradients, two in the first. */
export const SLOT_ACCUMULATORS: u32 = 3;
export const OF_SLOT: usize = SLOT_ACCUMULATORS * ACCUMULATOR;

/**
 * How many bits below that of section 2.3 the limit of t_r² is: e_k (x − E_k) s_k is finite in range, if E_k is within 2^47
 * deviations.
 */
const SHIFT_BITS: f32 = 20;

/** The number of accumulators to make the gradients' table with: the constants behind them are counted, too. */
export function batch_moments_norm_grad_accumulator_count(slots: u32): u32 {
  return slots * (SLOT_ACCUMULATORS + <u32>(GRAD_SLOT / ACCUMULATOR));
}

/** The number of accumulators to make the forward table with. */
export function batch_moments_norm_accumulator_count(slots: u32): u32 {
  return slots * SLOT_ACCUMULATORS;
}

/**
 * Makes a mixture's table one of this op.
 *
 * @param at a table as mixture_prepare made it, with gamma and beta, and with `fold`, so that its limit allows for gamma
 */
export function batch_moments_norm_prepare(at: usize): void {
  const table = changetype<MixtureTable>(at);
  table.accumulatorCount = table.slots * SLOT_ACCUMULATORS;
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const limit = laneBlockAt(table, block) + LIMIT;
    storeVec(limit, sub(loadVec(limit), splat(SHIFT_BITS)));
  }
}

/** w_k, of the priors, or of equal weights where there is no address of priors. */
export function weightOf(prior: usize, k: u32): f64 {
  return prior ? 1 / Math.sqrt(max(<f64>load<f32>(prior + ((<usize>k) << 2)), MIN_PRIOR)) : 1;
}

/** The address of a slot's constants of the gradients. */
@inline export function gradSlots(table: MixtureTable, laneBlock: usize): usize {
  return laneBlock + table.accumulators + table.slots * OF_SLOT;
}

/** Whether a component of a lane block is far. */
@inline export function isFar(laneBlock: usize): bool {
  return anyTrue(loadVec(laneBlock + FAR));
}

/** A component's numbers of a lane block, of float32 [components, channels] at p. */
export function gatherRow(table: MixtureTable, block: u32, p: usize, k: u32): Vec {
  return gather(table, block, p + ((<usize>(k * table.channels)) << 2));
}

/**
 * Exchanges each lane's reference with component 0: from the order of slots to that of components, or back.
 *
 * @param p vectors of slot 0; those of the next are slotBytes further
 * @param bytes how many bytes of each slot are exchanged
 */
export function exchangeSlots(table: MixtureTable, laneBlock: usize, p: usize, slotBytes: usize, bytes: usize): void {
  const reference = loadVec(laneBlock + REFERENCE);
  for (let k: u32 = 1; k < table.components; k++) {
    const here = eq(reference, splat(<f32>k));
    const q = p + k * slotBytes;
    for (let field: usize = 0; field < bytes; field += VEC) swap(p + field, q + field, here);
  }
}

/** Stores the lane block's vector at `from` as a component's numbers, of float32 [components, channels] at p. */
export function scatter(table: MixtureTable, block: u32, p: usize, k: u32, from: usize): void {
  const to = p + ((<usize>(k * table.channels)) << 2);
  if (isOneLaneEach(table)) {
    storeVec(to + <usize>block * VEC, loadVec(from));
    return;
  }
  for (let lane: u32 = 0; lane < LANES; lane++) {
    store<f32>(to + ((<usize>channelOf(table, block, lane)) << 2), load<f32>(from + ((<usize>lane) << 2)));
  }
}

/** The sum of a lane block's vector at p, over lanes that are the first of their channel. */
export function sumOfChannels(table: MixtureTable, block: u32, p: usize): f64 {
  const consecutive = consecutiveLanes(table);
  let sum: f64 = 0;
  for (let lane: u32 = 0; lane < LANES; lane++) {
    const i = block * LANES + lane;
    if (i < table.channels * consecutive && i % consecutive == 0) sum += load<f32>(p + ((<usize>lane) << 2));
  }
  return sum;
}

/** Gives all lanes of a channel the sum of their accumulators. */
export function sumLanes(table: MixtureTable): void {
  if (isOneLaneEach(table)) return;
  for (let c: u32 = 0; c < table.channels; c++) accumulatorsOf(table, c);
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const accumulators = laneBlockAt(table, block) + table.accumulators;
    for (let lane: u32 = 0; lane < LANES; lane++) {
      const from = totalsOf(table, channelOf(table, block, lane));
      for (let i: usize = 0; i < table.accumulatorCount * ACCUMULATOR; i += ACCUMULATOR) {
        store<f64>(accumulators + ((<usize>lane) << 3) + i, load<f64>(from + i));
      }
    }
  }
}

/**
 * Stores CENTER or PER_T, FACTOR and SHIFT: the batch's moments, shrunk toward the moving ones, and in the gradients SLOPE.
 *
 * @param prior float32 [components], or 0: equal weights
 * @param mass, mean, variance, residual float32 [components, channels]: of the batch, as batch_moments_norm_finalize stores them
 * @param priorMass float32, or 0: none
 * @param movingMean, movingVariance float32 [components, channels], or 0 where there is no prior mass
 */
export function storeNormalizers(
  table: MixtureTable,
  prior: usize,
  mass: usize,
  mean: usize,
  variance: usize,
  residual: usize,
  priorMass: usize,
  movingMean: usize,
  movingVariance: usize,
  epsilon: f64,
  isGrad: bool,
): void {
  const components = table.components;
  const m = massOf(priorMass);
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const laneBlock = laneBlockAt(table, block);
    const slots = laneBlock + SLOTS;
    const scale = loadVec(laneBlock + SCALE);
    exchangeSlots(table, laneBlock, slots, SLOT, CENTER);
    let far: Vec = splat(0);
    for (let k: u32 = 0; k < components; k++) {
      const slot = slots + k * SLOT;
      const slope = mul(scale, splat(<f32>weightOf(prior, k)));
      const masses = gatherRow(table, block, mass, k);
      const means = gatherRow(table, block, mean, k);
      const variances = gatherRow(table, block, variance, k);
      const residuals = gatherRow(table, block, residual, k);
      const movingMeans: Vec = m ? gatherRow(table, block, movingMean, k) : splat(0);
      const movingVariances: Vec = m ? gatherRow(table, block, movingVariance, k) : splat(0);
      // As E_k lies between the batch's mean and the moving one, V_k has the product of the distances from it. E_k alone is in float64.
      const one = div(splat(1), add(masses, splat(<f32>m)));
      const share = mul(masses, one);
      const rest = mul(splat(<f32>m), one);
      let center: Vec = splat(0);
      let lost: Vec = splat(0);
      let way: Vec = splat(0);
      for (let half: u32 = 0; half < HALVES; half++) {
        let e = addWide(widen(means, half), widen(residuals, half));
        if (m) {
          const distance = subWide(widen(movingMeans, half), e);
          way = withHalf(way, half, distance);
          e = addWide(e, mulWide(widen(rest, half), distance));
        }
        center = withHalf(center, half, e);
        lost = withHalf(lost, half, subWide(widen(center, half), e));
      }
      let v = variances;
      if (m == Infinity) {
        center = movingMeans;
        lost = splat(0);
        v = movingVariances;
      } else if (m) {
        v = add(mul(share, v), mul(rest, add(movingVariances, mul(share, mul(way, way)))));
      }
      const factor = div(splat(1), sqrt(pmax(add(v, splat(<f32>epsilon)), splat(<f32>MIN_VARIANCE))));
      const shift = mul(factor, lost);
      const moved = mul(factor, sub(loadVec(slot + MEAN), center));
      far = or(or(far, gt(abs(moved), splat(MAX_MOVED))), gt(factor, mul(splat(MAX_PER_T), loadVec(slot + INVERSE))));
      const toSlope: Vec = isGrad ? splat(1) : slope;
      storeVec(slot + CENTER, center);
      storeVec(slot + FACTOR, mul(factor, toSlope));
      storeVec(slot + SHIFT, mul(shift, toSlope));
      if (isGrad) storeVec(gradSlots(table, laneBlock) + k * GRAD_SLOT + SLOPE, slope);
    }
    storeVec(laneBlock + FAR, far);
    for (let k: u32 = 0; k < components && !anyTrue(far); k++) {
      const slot = slots + k * SLOT;
      const factor = loadVec(slot + FACTOR);
      storeVec(slot + SHIFT, madd(factor, sub(loadVec(slot + MEAN), loadVec(slot + CENTER)), loadVec(slot + SHIFT)));
      storeVec(slot + PER_T, div(factor, loadVec(slot + INVERSE)));
    }
    exchangeSlots(table, laneBlock, slots, SLOT, SLOT);
    if (isGrad) exchangeSlots(table, laneBlock, gradSlots(table, laneBlock) + SLOPE, GRAD_SLOT, VEC);
  }
}
