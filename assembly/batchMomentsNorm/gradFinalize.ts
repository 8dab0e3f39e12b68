import { KAPPA2, MIN_PRIOR } from "../constants";
import { ACCUMULATOR, INVERSE, MixtureTable, SLOT, SLOTS } from "../mixture/table";
import { massOf } from "../normalization/shrink";
import {
  add,
  aligned,
  and,
  div,
  gt,
  HALVES,
  loadVec,
  loadWide,
  madd,
  mul,
  nmadd,
  splat,
  storeVec,
  VEC,
  Vec,
  WIDE,
  withHalf,
} from "../simd/vec";
import { laneBlockAt, laneBlockCount } from "../simd/walk";
import {
  batch_moments_norm_prepare,
  exchangeSlots,
  FACTOR,
  GRAD_SLOT,
  gatherRow,
  gradSlots,
  HALF_SPREAD_PULL,
  MEAN_PULL,
  OF_SLOT,
  SLOPE,
  SPREAD_OFFSET,
  scatter,
  storeNormalizers,
  sumLanes,
  sumOfChannels,
  weightOf,
} from "./table";

/**
 * Makes a mixture's table one of the gradients, and stores the constants of batch_moments_norm_grad_accumulate.
 *
 * @param at a table as mixture_prepare made it, with gamma and `fold`, and with batch_moments_norm_grad_accumulator_count
 * @param weights, priorMass, movingMean, movingVariance, mass, batchMean, batchVariance, residual as batch_moments_norm_finalize has
 * them
 */
export function batch_moments_norm_grad_prepare(
  at: usize,
  weights: usize,
  priorMass: usize,
  movingMean: usize,
  movingVariance: usize,
  mass: usize,
  batchMean: usize,
  batchVariance: usize,
  residual: usize,
  epsilon: f64,
): void {
  batch_moments_norm_prepare(at);
  const table = changetype<MixtureTable>(at);
  // biome-ignore format: one line
  storeNormalizers(table, weights, mass, batchMean, batchVariance, residual, priorMass, movingMean, movingVariance, epsilon, true);
}

/**
 * The gradients of gamma and beta, and that of the prior as a weight, out of the accumulators of the first pass. Stores the constants
 * of batch_moments_norm_grad_apply, and sets the accumulators to zero.
 *
 * @param at a table after batch_moments_norm_grad_accumulate
 * @param weights, priorMass, mass as batch_moments_norm_finalize has them
 * @param dprior float32 [components]
 * @param dgamma, dbeta float32 [channels]
 */
export function batch_moments_norm_grad_sums_finalize(
  at: usize,
  weights: usize,
  priorMass: usize,
  mass: usize,
  dprior: usize,
  dgamma: usize,
  dbeta: usize,
  epsilon: f64,
): void {
  const table = changetype<MixtureTable>(at);
  const components = table.components;
  const m = splat(<f32>massOf(priorMass));
  sumLanes(table);
  const priors = at + table.scratch;
  memory.fill(priors, 0, components << 3);
  const results = priors + aligned((<usize>components) << 3);
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const laneBlock = laneBlockAt(table, block);
    const toSlots = gradSlots(table, laneBlock);
    for (let k: u32 = 0; k < components; k++) {
      const sums = laneBlock + table.accumulators + k * OF_SLOT;
      const result = results + k * RESULT;
      storeVec(result, narrowed(sums));
      storeVec(result + VEC, narrowed(sums + ACCUMULATOR));
      storeVec(result + 2 * VEC, loadVec(laneBlock + SLOTS + k * SLOT + FACTOR));
    }
    memory.fill(laneBlock + table.accumulators, 0, table.slots * OF_SLOT);
    exchangeSlots(table, laneBlock, results, RESULT, RESULT);
    exchangeSlots(table, laneBlock, toSlots, GRAD_SLOT, VEC);
    let ofGamma: Vec = splat(0);
    let ofBeta: Vec = splat(0);
    for (let k: u32 = 0; k < components; k++) {
      const result = results + k * RESULT;
      const toSlot = toSlots + k * GRAD_SLOT;
      const first = loadVec(result);
      const second = loadVec(result + VEC);
      const factor = loadVec(result + 2 * VEC);
      const slope = loadVec(toSlot + SLOPE);
      ofBeta = add(ofBeta, first);
      ofGamma = madd(second, splat(<f32>weightOf(weights, k)), ofGamma);
      const count = add(gatherRow(table, block, mass, k), m);
      // Moments of the prior alone, or of no mass, are constants.
      const counts = and(gt(count, splat(0)), gt(splat(f32.MAX_VALUE), count));
      const one = div(splat(1), count);
      const pull = mul(mul(splat(0.5), slope), second);
      const spreadPull = mul(one, pull);
      storeVec(toSlot + MEAN_PULL, and(mul(one, mul(slope, first)), counts));
      storeVec(toSlot + HALF_SPREAD_PULL, and(spreadPull, counts));
      // V s² = 1 − ε s²
      const spread = nmadd(mul(splat(<f32>epsilon), factor), factor, splat(1));
      storeVec(toSlot + SPREAD_OFFSET, and(mul(spreadPull, spread), counts));
      storeVec(result, pull);
      addPrior(table, block, priors, k, result);
    }
    storeVec(results, ofGamma);
    scatter(table, block, dgamma, 0, results);
    storeVec(results, ofBeta);
    scatter(table, block, dbeta, 0, results);
    exchangeSlots(table, laneBlock, toSlots, GRAD_SLOT, GRAD_SLOT);
  }
  for (let k: u32 = 0; k < components; k++) {
    const total = weights ? -load<f64>(priors + ((<usize>k) << 3)) / priorOf(weights, k) : 0;
    store<f32>(dprior + ((<usize>k) << 2), <f32>total);
  }
}

/** Bytes of a slot's results. */
const RESULT: usize = 3 * VEC;

/** An accumulator, rounded to float32. */
@inline function narrowed(accumulator: usize): Vec {
  const low = withHalf(splat(0), 0, loadWide(accumulator));
  return HALVES > 1 ? withHalf(low, 1, loadWide(accumulator + WIDE)) : low;
}

/** Adds a component's part of the prior's gradient, of all channels of a lane block. */
function addPrior(table: MixtureTable, block: u32, priors: usize, k: u32, part: usize): void {
  const prior = priors + ((<usize>k) << 3);
  store<f64>(prior, load<f64>(prior) + sumOfChannels(table, block, part));
}

/** λ_k */
@inline function priorOf(prior: usize, k: u32): f64 {
  return max(<f64>load<f32>(prior + ((<usize>k) << 2)), MIN_PRIOR);
}

/**
 * The gradients of the mixture, out of the accumulators of the second pass.
 *
 * @param at a table after batch_moments_norm_grad_apply
 * @param prior float32 [components]
 * @param dmean, dvariance float32 [components, channels]
 * @param dprior float32 [components], with what batch_moments_norm_grad_sums_finalize stored
 */
export function batch_moments_norm_grad_finalize(at: usize, prior: usize, dmean: usize, dvariance: usize, dprior: usize): void {
  const table = changetype<MixtureTable>(at);
  sumLanes(table);
  const priors = at + table.scratch;
  memory.fill(priors, 0, table.components << 3);
  const results = priors + aligned((<usize>table.components) << 3);
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const laneBlock = laneBlockAt(table, block);
    for (let k: u32 = 0; k < table.components; k++) {
      const sums = laneBlock + table.accumulators + k * OF_SLOT;
      const result = results + k * RESULT;
      const inverse = loadVec(laneBlock + SLOTS + k * SLOT + INVERSE);
      const sum = narrowed(sums);
      // With d = x − μ: d/v = inverse t/κ², and 1/v = inverse²/κ².
      storeVec(result, mul(narrowed(sums + ACCUMULATOR), mul(inverse, splat(<f32>(1 / KAPPA2)))));
      const ofVariance = nmadd(sum, splat(<f32>KAPPA2), narrowed(sums + 2 * ACCUMULATOR));
      storeVec(result + VEC, mul(mul(ofVariance, inverse), mul(inverse, splat(<f32>(0.5 / KAPPA2 / KAPPA2)))));
      storeVec(result + 2 * VEC, sum);
    }
    exchangeSlots(table, laneBlock, results, RESULT, RESULT);
    for (let k: u32 = 0; k < table.components; k++) {
      const result = results + k * RESULT;
      scatter(table, block, dmean, k, result);
      scatter(table, block, dvariance, k, result + VEC);
      addPrior(table, block, priors, k, result + 2 * VEC);
    }
  }
  for (let k: u32 = 0; k < table.components; k++) {
    const out = dprior + ((<usize>k) << 2);
    store<f32>(out, <f32>(load<f32>(out) + load<f64>(priors + ((<usize>k) << 3)) / priorOf(prior, k)));
  }
}
