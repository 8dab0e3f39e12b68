import { MIN_EPSILON } from "../constants";
import { EXP2_BYTES } from "../simd/exp2";
import { addAt, aligned, HALVES, LANES, loadWide, VEC, WIDE } from "../simd/vec";
import { ChannelTable, consecutiveLanes, laneBlockAt, laneBlockCount, remainderBytes, tableBytes } from "../simd/walk";

// The channel table of a univariate Gaussian mixture in every channel (docs/math.md, section 2.1), with the constants that the
// loops need.
//
// With v_k = σ²_k + ε and κ² = ½ log2 e, an activation x has t_k = κ (x − μ_k)/√v_k. The log density in bits, without what all
// components have in common, is ℓ_k = log2 λ_k − ½ log2 v_k − t_k². Responsibilities are computed relative to one component,
// the *reference* r: e_k = 2^(ℓ_k − ℓ_r), e_r = 1, τ_k = e_k / Σ e_j. This saves one of K exponentials, and the maximum of the
// ℓ_k. The reference is the component of largest variance. So every ℓ_k − ℓ_r is a concave parabola in x: it goes to −∞ on both
// sides, and e_k is large only where x is far from the mean of r and near that of k. An e_k could overflow if t_r² > LIMIT. The
// activation is then out of range, and outOfRange.ts computes it.
//
// Each channel has its own reference. The reference is in slot 0; component 0 is in the reference's slot.
//
// The formula "ucb" (docs/math.md, section 2.6) has other constants: ℓ_k = −t_k², and 1 + ε instead of every λ_k in the gains.
// The ε that it adds to Σ_k p_k is one more component, after the others: of gain 0, and of density ε wherever the density of
// another component counts. It is the widest component, and so the reference.

/** Rows that fit in the scratch of a table. */
export const SCRATCH_ROWS: u32 = 64;

@unmanaged
export class MixtureTable extends ChannelTable {
  components: u32;
  /** The number of components, with that of ε: mixture_slot_count. */
  slots: u32;
  ucb: bool;
  /** Whether the mixture is that of x less INPUT. Only unsupervisedAdaptiveNorm/ has such tables. */
  centered: bool;
  /** The number of accumulators in a lane block, and the bytes from the lane block to them. */
  accumulatorCount: u32;
  accumulators: u32;
  /** Which pass a visit is of, where one class has the visits of several. */
  pass: u32;
  /** Bytes from the table to its scratch, SCRATCH_ROWS times 2 + 2 · slots vectors, which a visit may use. */
  scratch: u32;
}

/** Bytes from a table to the constants of exp2. */
export const EXP2: usize = (offsetof<MixtureTable>() + 15) & ~15;

// A lane block has some vectors, then its slots of SLOT bytes, then its accumulators. These are offsets in bytes, first of the
// lane block, then of a slot.
export const LIMIT: usize = 0;
export const SCALE: usize = 1 * VEC; // gamma
export const OFFSET: usize = 2 * VEC; // beta
export const REFERENCE: usize = 3 * VEC; // r, as a float32
export const INPUT: usize = 4 * VEC; // see unsupervisedAdaptiveNorm/input.ts
export const SLOTS: usize = 5 * VEC;
export const MEAN: usize = 0; // μ_k
export const INVERSE: usize = 1 * VEC; // κ/√v_k
export const LOG: usize = 2 * VEC; // log2 λ_k − ½ log2 v_k, less that of the reference
export const GAIN: usize = 3 * VEC; // 1/(κ√λ_k), so that g_k = GAIN · t_k; with `fold`, times gamma
export const PULL: usize = 4 * VEC; // gamma/√(λ_k v_k); not with `fold`
export const SCORE: usize = 5 * VEC; // gamma/(κ√v_k), so that gamma z_k/√v_k = SCORE · t_k; not with `fold`
export const SLOT: usize = 6 * VEC;
/** Bytes of an accumulator: a float64 for each lane. */
export const ACCUMULATOR: usize = HALVES * WIDE;

/** Bytes of a table. Writes the layout to its head, unless there is no table. */
export function layout(table: MixtureTable | null, channels: u32, inner: u32, slots: u32, accumulatorCount: u32): usize {
  const remainder = EXP2 + EXP2_BYTES;
  const scratch = <u64>remainder + aligned(remainderBytes(4 * <usize>slots));
  const laneBlocks = scratch + <u64>SCRATCH_ROWS * (2 + 2 * <u64>slots) * VEC;
  const accumulators = <u64>SLOTS + <u64>slots * SLOT;
  const laneBlockBytes = accumulators + <u64>accumulatorCount * ACCUMULATOR;
  if (table) {
    table.channels = channels;
    table.inner = inner;
    table.slots = slots;
    table.accumulatorCount = accumulatorCount;
    table.remainder = <u32>remainder;
    table.scratch = <u32>scratch;
    table.laneBlocks = <u32>laneBlocks;
    table.accumulators = <u32>accumulators;
    table.laneBlockBytes = <u32>laneBlockBytes;
  }
  return tableBytes(laneBlocks, channels, inner, laneBlockBytes);
}

/** The number of slots in the table of a mixture. */
export function mixture_slot_count(components: u32, epsilon: f32, ucb: bool): u32 {
  return ucb && epsilon >= <f32>MIN_EPSILON ? components + 1 : components;
}

/**
 * Bytes of a table with the slots of mixture_slot_count, and the accumulators of the kernel. If these do not fit in 32 bits: the
 * largest u32.
 */
export function mixture_table_bytes(channels: u32, inner: u32, slots: u32, accumulatorCount: u32): usize {
  return layout(null, channels, inner, slots, accumulatorCount);
}

/** The component in a slot, and the slot of a component: the reference and component 0 are exchanged. */
@inline export function exchanged(k: u32, reference: u32): u32 {
  return k == 0 ? reference : k == reference ? 0 : k;
}

/**
 * The address of a channel's first lane in its lane block: each constant of the channel is a float32 at its offset from there.
 */
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
  const consecutive = consecutiveLanes(table);
  const lanes = laneBlockCount(table.channels, table.inner) * LANES;
  const first = channel * consecutive;
  const out = accumulatorsOfLane(table, first);
  for (let begin = first; begin < lanes; begin += table.channels * consecutive) {
    for (let lane = begin; lane < begin + consecutive; lane++) {
      if (lane == first) continue;
      const p = accumulatorsOfLane(table, lane);
      for (let i: usize = 0; i < table.accumulatorCount * ACCUMULATOR; i += ACCUMULATOR)
        store<f64>(out + i, load<f64>(out + i) + load<f64>(p + i));
    }
  }
  return out;
}

/** What accumulatorsOf has returned. */
@inline export function totalsOf(table: MixtureTable, channel: u32): usize {
  return accumulatorsOfLane(table, channel * consecutiveLanes(table));
}

@inline function accumulatorsOfLane(table: MixtureTable, lane: u32): usize {
  return laneBlockAt(table, lane / LANES) + table.accumulators + ((<usize>(lane % LANES)) << 3);
}

/**
 * Adds the accumulators of another table.
 *
 * @param at, other tables that mixture_prepare made of the same mixture, for the same kernel
 */
export function mixture_merge(at: usize, other: usize): void {
  const table = changetype<MixtureTable>(at);
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    const first = <usize>table.laneBlocks + <usize>block * table.laneBlockBytes + table.accumulators;
    for (let i: usize = 0; i < table.accumulatorCount * ACCUMULATOR; i += WIDE)
      addAt(at + first + i, loadWide(other + first + i));
  }
}
