import { mixture_prepare } from "../mixture/prepare";
import { INPUT, INVERSE, MEAN, MixtureTable, mixture_table_bytes, PULL, SCORE, SLOT, SLOTS } from "../mixture/table";
import { norm_shrink_finalize } from "../normalization/shrink";
import { CENTER, NormTable, norm_moments_reset, norm_prepare, norm_table_bytes, OFFSET, SCALE } from "../normalization/table";
import { div, loadVec, mul, splat, storeVec, sub, VEC } from "../simd/vec";
import { laneBlockAt, laneBlockCount, walk } from "../simd/walk";
import { Apply } from "./apply";

// Unsupervised Adaptive Normalization of standardized activations z (docs/math.md, section 2.5). The table is that of normalization by
// mean and variance, in which every channel is a group. Behind it is the mixture's, which has as many lane blocks, for the same
// channels. z is never computed: the loops take x − CENTER, of the mean rounded to float32, for their input, and the mixture is that
// of x − CENTER. With s = √(Var + ε) and the residual e, what the mean lost by rounding,
//
//     z = (x − CENTER − e)/s      t_k = κ (z − μ_k)/√v_k = κ (x − CENTER − (e + s μ_k))/(s √v_k)
//
// So a mean that is large beside the deviation costs no digits.

/** The mixture's table. */
@inline export function mixtureBehind(at: usize): MixtureTable {
  const table = changetype<NormTable>(at);
  return changetype<MixtureTable>(at + norm_table_bytes(table.channels, table.inner));
}

/** Makes the mixture of z that of x − CENTER, by the constants of norm_apply. */
export function adaptMixture(at: usize): void {
  const table = changetype<NormTable>(at);
  const mixture = mixtureBehind(at);
  mixture.centered = true;
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const from = laneBlockAt(table, block);
    const laneBlock = laneBlockAt(mixture, block);
    const scale = loadVec(from + SCALE * VEC);
    const deviation = div(splat(1), scale);
    const residual = mul(loadVec(from + OFFSET * VEC), deviation);
    storeVec(laneBlock + INPUT, loadVec(from + CENTER * VEC));
    const end = laneBlock + SLOTS + mixture.slots * SLOT;
    for (let slot = laneBlock + SLOTS; slot < end; slot += SLOT) {
      storeVec(slot + MEAN, sub(mul(loadVec(slot + MEAN), deviation), residual));
      storeVec(slot + INVERSE, mul(loadVec(slot + INVERSE), scale));
      storeVec(slot + PULL, mul(loadVec(slot + PULL), scale));
      storeVec(slot + SCORE, mul(loadVec(slot + SCORE), scale));
    }
  }
}

/** Bytes of a table, with those that mixture_table_bytes counts. If these do not fit in 32 bits: the largest u32. */
export function uan_standardized_table_bytes(channels: u32, inner: u32, slots: u32, accumulatorCount: u32): usize {
  const bytes = <u64>norm_table_bytes(channels, inner) + <u64>mixture_table_bytes(channels, inner, slots, accumulatorCount);
  return <usize>min<u64>(bytes, u32.MAX_VALUE);
}

/**
 * Writes the heads of a table and the constants of its mixture, and sets all accumulators to zero.
 *
 * @param at uan_standardized_table_bytes
 * @param mean, variance, prior, gamma, beta, accumulatorCount, fold, ucb as for mixture_prepare
 * @param size numbers of the tensor
 */
export function uan_standardized_prepare(
  at: usize,
  mean: usize,
  variance: usize,
  prior: usize,
  gamma: usize,
  beta: usize,
  size: u32,
  channels: u32,
  inner: u32,
  components: u32,
  accumulatorCount: u32,
  epsilon: f64,
  fold: bool,
  ucb: bool,
): void {
  norm_prepare(at, 0, 0, size, channels, inner, channels, epsilon);
  norm_moments_reset(at);
  mixture_prepare(
    changetype<usize>(mixtureBehind(at)),
    mean,
    variance,
    prior,
    gamma,
    beta,
    channels,
    inner,
    components,
    accumulatorCount,
    <f32>epsilon,
    fold,
    ucb,
  );
}

/**
 * Mean and variance of every channel, what the channels are standardized by, and the constants of uan_standardized_apply.
 *
 * @param at a table after norm_moments_accumulate
 * @param priorMean, priorVariance, priorMass, ownMean, ownVariance as for norm_shrink_finalize
 * @param standard float32 [STANDARD_ROWS, channels]: mean, variance and residual of norm_shrink_finalize, then the prior's mean,
 * variance and mass, 0 without a prior. All that the gradient needs
 */
export function uan_standardized_finalize(
  at: usize,
  priorMean: usize,
  priorVariance: usize,
  priorMass: usize,
  ownMean: usize,
  ownVariance: usize,
  standard: usize,
): void {
  const channels = changetype<NormTable>(at).channels;
  const row = (<usize>channels) << 2;
  norm_shrink_finalize(
    at,
    priorMean,
    priorVariance,
    priorMass,
    ownMean,
    ownVariance,
    standard,
    standard + row,
    standard + 2 * row,
  );
  const prior = standard + 3 * row;
  if (priorMass) {
    memory.copy(prior, priorMean, row);
    memory.copy(prior + row, priorVariance, row);
    for (let i: usize = 0; i < row; i += 4) store<f32>(prior + 2 * row + i, load<f32>(priorMass));
  } else {
    memory.fill(prior, 0, 3 * row);
  }
  adaptMixture(at);
}

/**
 * y of `count` activations, from number `start` of their tensor on.
 *
 * @param at a table made with `fold`, after uan_standardized_finalize
 * @param x, y float32 [count], not overlapping
 */
export function uan_standardized_apply(at: usize, x: usize, y: usize, start: u32, count: u32): void {
  walk<Apply>(mixtureBehind(at), x, 0, y, 4, start, count);
}
