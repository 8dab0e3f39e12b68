import { KAPPA2, MIN_EPSILON, MIN_PRIOR, MIN_VARIANCE } from "../constants";
import { EXP2_BYTES, log2, storeExp2Constants } from "../simd/exp2";
import {
  abs,
  add,
  addAt,
  aligned,
  anyTrue,
  div,
  eq,
  gt,
  HALVES,
  LANES,
  loadVec,
  loadWide,
  mul,
  pmax,
  pmin,
  select,
  splat,
  sqrt,
  storeVec,
  sub,
  VEC,
  Vec,
  WIDE,
} from "../simd/vec";
import { ChannelTable, consecutiveLanes, gather, laneBlockAt, laneBlockCount, remainderBytes, tableBytes } from "../simd/walk";

// The constants of a univariate Gaussian mixture in every channel (spec.md, section 1), in the form the loops want.
//
// With v_k = σ²_k + ε and κ² = ½ log2 e, an activation x has t_k = κ (x − μ_k)/√v_k and, in bits and without what the
// components have in common, ℓ_k = log2 λ_k − ½ log2 v_k − t_k². Responsibilities are taken relative to one component, the
// *reference* r: e_k = 2^(ℓ_k − ℓ_r), e_r = 1, τ_k = e_k / Σ e_j. That saves one exponential of K, and the maximum: r is
// the component of largest variance, so every ℓ_k − ℓ_r is a concave parabola in x, far out all of them go to −∞, and e_k is
// large only where x is far from r and near to k. Where x is farther from r than LIMIT allows, t_r² > LIMIT, an e_k could
// overflow, and the activation takes the way of far.ts.
//
// Each channel has its own reference. It stands in slot 0, and the component whose place it took in the slot it came from.
//
// The formula "ucb" (spec.md, section 1, "Compatibility …") has other constants: ℓ_k = −t_k² alone, and 1 + ε for every λ_k in
// the gains. The ε that it adds to Σ_k p_k is one more component, behind the others, of density ε wherever that of another
// component counts, and gain 0. It is the widest, and so the reference.

/** Rows that a kernel may keep in a table's scratch at once. */
export const SCRATCH_ROWS: u32 = 64;
/**
 * The component of ε is 2^43 times as wide as the narrowest of the others, and its fast formula ends at t_r² = 2^-26: 2^30 widths of
 * the narrowest from 0. Up to there t_r² changes no e_k by more than 2e-8. And 2^-126, the smallest result of exp2, does not count
 * in any sum, not even times the t_k³ of the gradients.
 */
const EPSILON_INVERSE: f32 = 1.1368683772161603e-13; // 2^-43
const EPSILON_LIMIT: f32 = 1.4901161193847656e-8; // 2^-26
/** The largest LIMIT: multiples of t_r² stay finite. */
const MAX_LIMIT: f32 = 1e30;
/** Bits that an e_k, or its part of y, may reach in range. */
const MAX_BITS: f32 = 100;

@unmanaged
export class MixtureTable extends ChannelTable {
  components: u32;
  /** Its components, and under "ucb" that of ε: mixture_slot_count. */
  slots: u32;
  ucb: bool;
  /** Accumulators in each lane block: their number, and the bytes from the lane block to them. */
  accumulators: u32;
  accumulatorsAt: u32;
  /** Bytes from the table to SCRATCH_ROWS times 2 + 2 · slots vectors, for use inside a visit. */
  scratch: u32;
}

/** Bytes from a table to the constants of exp2. */
export const EXP2: usize = (offsetof<MixtureTable>() + 15) & ~15;

// A lane block: a head of vectors, then its slots of SLOT bytes, then its accumulators. Offsets in bytes.
export const LIMIT: usize = 0;
export const SCALE: usize = 1 * VEC; // gamma
export const OFFSET: usize = 2 * VEC; // beta
export const REFERENCE: usize = 3 * VEC; // r, as a number
export const SLOTS: usize = 4 * VEC;
export const MEAN: usize = 0; // μ_k
export const INVERSE: usize = 1 * VEC; // κ/√v_k
export const LOG: usize = 2 * VEC; // (log2 λ_k − ½ log2 v_k), less the reference's
export const GAIN: usize = 3 * VEC; // 1/(κ√λ_k), so that g_k = GAIN · t_k; times gamma where the table was made so
export const PULL: usize = 4 * VEC; // gamma/√(λ_k v_k)
export const SCORE: usize = 5 * VEC; // gamma/(κ√v_k), so that gamma z_k/√v_k = SCORE · t_k
export const SLOT: usize = 6 * VEC;
/** Bytes of an accumulator: a float64 for each lane. */
export const ACCUMULATOR: usize = HALVES * WIDE;

function layout(table: MixtureTable | null, channels: u32, inner: u32, slots: u32, accumulators: u32): usize {
  const remainder = EXP2 + EXP2_BYTES;
  const scratch = <u64>remainder + aligned(remainderBytes(4 * <usize>slots));
  const laneBlocks = scratch + <u64>SCRATCH_ROWS * (2 + 2 * <u64>slots) * VEC;
  const accumulatorsAt = <u64>SLOTS + <u64>slots * SLOT;
  const laneBlockBytes = accumulatorsAt + <u64>accumulators * ACCUMULATOR;
  if (table) {
    table.channels = channels;
    table.inner = inner;
    table.slots = slots;
    table.accumulators = accumulators;
    table.remainder = <u32>remainder;
    table.scratch = <u32>scratch;
    table.laneBlocks = <u32>laneBlocks;
    table.accumulatorsAt = <u32>accumulatorsAt;
    table.laneBlockBytes = <u32>laneBlockBytes;
  }
  return tableBytes(laneBlocks, channels, inner, laneBlockBytes);
}

/** How many slots the table of a mixture has. */
export function mixture_slot_count(components: u32, epsilon: f32, ucb: bool): u32 {
  return ucb && epsilon >= <f32>MIN_EPSILON ? components + 1 : components;
}

/** Bytes of a table; `accumulators` as the kernel needs them. */
export function mixture_table_bytes(channels: u32, inner: u32, slots: u32, accumulators: u32): usize {
  return layout(null, channels, inner, slots, accumulators);
}

/**
 * Fills a table.
 *
 * @param mean, variance float32 [components, channels]
 * @param prior float32 [components]
 * @param gamma, beta float32 [channels], or 0: ones, zeros
 * @param fold whether the gains are multiplied by gamma
 * @param ucb whether the formula is "ucb"
 */
export function mixture_prepare(
  at: usize,
  mean: usize,
  variance: usize,
  prior: usize,
  gamma: usize,
  beta: usize,
  channels: u32,
  inner: u32,
  components: u32,
  accumulators: u32,
  epsilon: f32,
  fold: bool,
  ucb: bool,
): void {
  const table = changetype<MixtureTable>(at);
  const slots = mixture_slot_count(components, epsilon, ucb);
  layout(table, channels, inner, slots, accumulators);
  table.components = components;
  table.ucb = ucb;
  storeExp2Constants(at + EXP2);
  const row = (<usize>channels) << 2;

  // What depends on the component alone: gain and log of the prior, into the scratch, and the bits of the largest gain.
  const ofComponent = at + table.scratch;
  let gainBits: Vec = splat(0);
  for (let k: u32 = 0; k < components; k++) {
    const p = ucb ? splat(1 + epsilon) : pmax(splat(load<f32>(prior + ((<usize>k) << 2))), splat(<f32>MIN_PRIOR));
    const gain = div(splat(<f32>(1 / Math.sqrt(KAPPA2))), sqrt(p));
    gainBits = pmax(gainBits, log2(gain));
    storeVec(ofComponent + 2 * k * VEC, gain);
    storeVec(ofComponent + 2 * k * VEC + VEC, log2(p));
  }

  const n = laneBlockCount(channels, inner);
  for (let block: u32 = 0; block < n; block++) {
    const laneBlock = laneBlockAt(table, block);
    const scale: Vec = gamma ? gather(table, block, gamma) : splat(1);
    storeVec(laneBlock + SCALE, scale);
    storeVec(laneBlock + OFFSET, beta ? gather(table, block, beta) : splat(0));

    let reference: Vec = splat(0);
    let most: Vec = splat(-1);
    let narrowest: Vec = splat(0);
    for (let k: u32 = 0; k < components; k++) {
      const v = pmax(add(gather(table, block, variance + k * row), splat(epsilon)), splat(<f32>MIN_VARIANCE));
      const gain = loadVec(ofComponent + 2 * k * VEC);
      const inverse = div(splat(<f32>Math.sqrt(KAPPA2)), sqrt(v));
      const slot = laneBlock + SLOTS + k * SLOT;
      storeVec(slot + MEAN, gather(table, block, mean + k * row));
      storeVec(slot + INVERSE, inverse);
      storeVec(slot + LOG, ucb ? splat(0) : sub(loadVec(ofComponent + 2 * k * VEC + VEC), mul(splat(0.5), log2(v))));
      storeVec(slot + GAIN, fold ? mul(gain, scale) : gain);
      storeVec(slot + PULL, mul(scale, mul(gain, inverse)));
      storeVec(slot + SCORE, mul(scale, mul(inverse, splat(<f32>(1 / KAPPA2)))));
      const wider = gt(v, most);
      most = select(v, most, wider);
      reference = select(splat(<f32>k), reference, wider);
      narrowest = pmax(narrowest, inverse);
    }
    if (slots > components) {
      const slot = laneBlock + SLOTS + components * SLOT;
      memory.fill(slot, 0, SLOT);
      storeVec(slot + INVERSE, mul(narrowest, splat(EPSILON_INVERSE)));
      storeVec(slot + LOG, log2(splat(epsilon)));
      reference = splat(<f32>components);
    }
    storeVec(laneBlock + REFERENCE, reference);

    // Each lane's reference into slot 0, then its log out of all others'.
    const zero = laneBlock + SLOTS;
    for (let k: u32 = 1; k < slots; k++) {
      const here = eq(reference, splat(<f32>k));
      if (!anyTrue(here)) continue;
      for (let field: usize = 0; field < SLOT; field += VEC) swap(zero + field, zero + k * SLOT + field, here);
    }
    const log = loadVec(zero + LOG);
    storeVec(zero + LOG, splat(0));
    let bits: Vec = splat(-Infinity);
    for (let k: u32 = 1; k < slots; k++) {
      const slot = zero + k * SLOT;
      const less = sub(loadVec(slot + LOG), log);
      storeVec(slot + LOG, less);
      bits = pmax(bits, less);
    }
    if (gamma && fold) bits = add(bits, log2(pmax(abs(scale), splat(1))));
    bits = add(bits, gainBits);
    storeVec(laneBlock + LIMIT, pmin(sub(splat(MAX_BITS), bits), splat(slots > components ? EPSILON_LIMIT : MAX_LIMIT)));
    if (accumulators) memory.fill(laneBlock + table.accumulatorsAt, 0, accumulators * ACCUMULATOR);
  }
}

/** Exchanges two vectors in the lanes of a mask. */
function swap(p: usize, q: usize, mask: Vec): void {
  const a = loadVec(p);
  const b = loadVec(q);
  storeVec(p, select(b, a, mask));
  storeVec(q, select(a, b, mask));
}

/** The component in a slot of a channel, and the slot of a component: the reference and component 0 have changed places. */
@inline export function exchanged(k: u32, reference: u32): u32 {
  return k == 0 ? reference : k == reference ? 0 : k;
}

// What the finishing loops read: the numbers of one channel, whose lanes all hold the same constants.

/** The first lane of a channel: a constant of it is the float32 at the constant's offset from here. */
export function laneOf(table: ChannelTable, channel: u32): usize {
  const lane = channel * consecutiveLanes(table);
  return laneBlockAt(table, lane / LANES) + ((<usize>(lane % LANES)) << 2);
}

/**
 * Adds the accumulators of a channel's other lanes to those of its first lane.
 *
 * @returns the address of its first accumulator, a float64
 */
export function accumulatorsOf(table: MixtureTable, channel: u32): usize {
  const row = consecutiveLanes(table);
  const lanes = laneBlockCount(table.channels, table.inner) * LANES;
  const first = channel * row;
  const out = accumulatorsOfLane(table, first);
  for (let begin = first; begin < lanes; begin += table.channels * row) {
    for (let lane = begin; lane < begin + row; lane++) {
      if (lane == first) continue;
      const p = accumulatorsOfLane(table, lane);
      for (let i: usize = 0; i < table.accumulators * ACCUMULATOR; i += ACCUMULATOR)
        store<f64>(out + i, load<f64>(out + i) + load<f64>(p + i));
    }
  }
  return out;
}

@inline function accumulatorsOfLane(table: MixtureTable, lane: u32): usize {
  return laneBlockAt(table, lane / LANES) + table.accumulatorsAt + ((<usize>(lane % LANES)) << 3);
}

/**
 * Adds the accumulators of another table of the same mixture, activations and kernel.
 *
 * @param at, other tables as mixture_prepare made them
 */
export function mixture_merge(at: usize, other: usize): void {
  const table = changetype<MixtureTable>(at);
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const first = <usize>table.laneBlocks + <usize>block * table.laneBlockBytes + table.accumulatorsAt;
    for (let i: usize = 0; i < table.accumulators * ACCUMULATOR; i += WIDE) addAt(at + first + i, loadWide(other + first + i));
  }
}
