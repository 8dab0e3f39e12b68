import { aligned, HALVES, LANES, splat, storeVec, VEC, WIDE } from "../simd/vec";
import { ChannelTable, consecutiveLanes, gather, laneBlockAt, laneBlockCount, remainderBytes, tableBytes } from "../simd/walk";

// The channel table of normalization by mean and variance (docs/math.md, section 4).
//
// A tensor consists of *slices*, each [outer, channels, inner], and each normalized by itself: one slice, or one for each
// sample. In a slice, *groups* of consecutive channels share a mean and a variance, which are those of all their numbers;
// groups have equal sizes. So batch normalization has one slice, and a group for each channel. Group normalization has a slice
// for each sample, and its groups. Layer normalization has a slice for each sample, and one group.

/** Vectors in a visit that does little but load and store, at least: see walk. */
export const MIN_VISIT_ROWS: u32 = 16;

@unmanaged
export class NormTable extends ChannelTable {
  /** Lanes in all lane blocks. */
  lanes: u32;
  /** Numbers in a slice. */
  size: u32;
  groups: u32;
  /** Whether the mean is taken for 0: RMS normalization. */
  rms: bool;
  epsilon: f64;
  /** The results of momentsOf: of one group. */
  mean: f64;
  variance: f64;
  /** Bytes from the table to its channel arrays, and from one to the next. */
  arrays: u32;
  arrayBytes: u32;
  /** Bytes from the table to the gradients of gamma and beta, float64 [channels]. */
  dgamma: u32;
  dbeta: u32;
}

// The channel arrays, float32 [channels]. The first ones are constants of the loops; the lane blocks have copies of them, a
// vector each. The last two are sums that rows.ts adds to.
export const CENTER: u32 = 0;
export const SCALE: u32 = 1; // multiplies x − CENTER in norm_apply, dy in norm_grad_apply
export const OFFSET: u32 = 2;
export const PULL: u32 = 3; // multiplies x − CENTER in norm_grad_apply
export const GAMMA: u32 = 4;
export const BETA: u32 = 5;
export const SUMS_DY: u32 = 6;
export const SUMS_DYX: u32 = 7;
const ARRAYS: u32 = 8;
/** The number of constants that norm_apply and norm_grad_apply have in the lane blocks. */
export const APPLY_CONSTANTS: u32 = 3;
export const GRAD_CONSTANTS: u32 = 4;

/** Bytes from a lane block to its accumulators, and of one: a float64 for each lane. */
export const ACCUMULATORS: usize = GRAD_CONSTANTS * VEC;
export const ACCUMULATOR: usize = HALVES * WIDE;
const MAX_ACCUMULATORS: usize = 3;
const LANE_BLOCK_BYTES: usize = ACCUMULATORS + MAX_ACCUMULATORS * ACCUMULATOR;

function layout(table: NormTable | null, channels: u32, inner: u32): usize {
  // With a vector more than the channels need: a vector that is loaded at the end of an array may reach beyond it.
  const arrayBytes = <u64>aligned((<usize>channels) << 2) + VEC;
  const wideBytes = <u64>aligned((<usize>channels) << 3);
  const remainder = aligned(offsetof<NormTable>());
  const arrays = <u64>remainder + aligned(remainderBytes(4));
  const dgamma = arrays + ARRAYS * arrayBytes;
  const laneBlocks = dgamma + 2 * wideBytes;
  if (table) {
    table.channels = channels;
    table.inner = inner;
    table.remainder = <u32>remainder;
    table.arrays = <u32>arrays;
    table.arrayBytes = <u32>arrayBytes;
    table.dgamma = <u32>dgamma;
    table.dbeta = <u32>(dgamma + wideBytes);
    table.laneBlocks = <u32>laneBlocks;
    table.laneBlockBytes = <u32>LANE_BLOCK_BYTES;
    table.lanes = laneBlockCount(channels, inner) * LANES;
  }
  return tableBytes(laneBlocks, channels, inner, LANE_BLOCK_BYTES);
}

/** Bytes of a table. If these do not fit in 32 bits: the largest u32. */
export function norm_table_bytes(channels: u32, inner: u32): usize {
  return layout(null, channels, inner);
}

/**
 * Writes the head of a table, and gamma and beta.
 *
 * @param at norm_table_bytes
 * @param gamma, beta float32 [channels], or 0: ones, zeros
 * @param size numbers in a slice, outer · channels · inner
 * @param groups in a slice; a divisor of the number of channels
 */
export function norm_prepare(
  at: usize,
  gamma: usize,
  beta: usize,
  size: u32,
  channels: u32,
  inner: u32,
  groups: u32,
  epsilon: f64,
): void {
  const table = changetype<NormTable>(at);
  layout(table, channels, inner);
  table.size = size;
  table.groups = groups;
  table.rms = false;
  table.epsilon = epsilon;
  const bytes = (<usize>channels) << 2;
  if (gamma) memory.copy(arrayOf(table, GAMMA), gamma, bytes);
  else for (let i: usize = 0; i < bytes; i += 4) store<f32>(arrayOf(table, GAMMA) + i, 1);
  if (beta) memory.copy(arrayOf(table, BETA), beta, bytes);
  else memory.fill(arrayOf(table, BETA), 0, bytes);
}

/**
 * Makes the table one of RMS normalization: the mean of every group is taken for 0, and its mean square for the variance. Only
 * slices with one number for each channel (outer = inner = 1) have it.
 *
 * @param at a table as norm_prepare made it
 */
export function norm_rms_prepare(at: usize): void {
  changetype<NormTable>(at).rms = true;
}

@inline export function arrayOf(table: NormTable, array: u32): usize {
  return changetype<usize>(table) + table.arrays + array * table.arrayBytes;
}

@inline export function elementOf(table: NormTable, array: u32, channel: u32): usize {
  return arrayOf(table, array) + ((<usize>channel) << 2);
}

/** Copies the first `count` channel arrays to the lane blocks. */
export function spreadConstants(table: NormTable, count: u32): void {
  const n = laneBlockCount(table.channels, table.inner);
  for (let array: u32 = 0; array < count; array++) {
    const from = arrayOf(table, array);
    for (let block: u32 = 0; block < n; block++) storeVec(laneBlockAt(table, block) + array * VEC, gather(table, block, from));
  }
}

/**
 * Sets the accumulators of the lane blocks to zero.
 *
 * @param at a table as norm_prepare made it
 */
export function norm_moments_reset(at: usize): void {
  const table = changetype<NormTable>(at);
  const n = laneBlockCount(table.channels, table.inner);
  for (let block: u32 = 0; block < n; block++) {
    for (let i = ACCUMULATORS; i < LANE_BLOCK_BYTES; i += VEC) storeVec(laneBlockAt(table, block) + i, splat(0));
  }
}

// A channel has some consecutive lanes, and as many again after the lanes of all other channels. A loop over a channel's lanes:
//
//     for (let lane = firstLane(table, channel); lane < table.lanes; lane = nextLane(table, lane)) …

@inline export function firstLane(table: NormTable, channel: u32): u32 {
  return channel * consecutiveLanes(table);
}
@inline export function nextLane(table: NormTable, lane: u32): u32 {
  const consecutive = consecutiveLanes(table);
  const next = lane + 1;
  return next % consecutive == 0 ? next + (table.channels - 1) * consecutive : next;
}

/** The address of a lane's first accumulator; the next is ACCUMULATOR bytes after it. */
@inline export function accumulatorsOfLane(table: NormTable, lane: u32): usize {
  return laneBlockAt(table, lane / LANES) + ACCUMULATORS + ((<usize>(lane % LANES)) << 3);
}

/**
 * The sum of an accumulator over the lanes of a channel.
 *
 * @param offset bytes from the first accumulator to it
 */
export function totalOf(table: NormTable, channel: u32, offset: usize): f64 {
  let total: f64 = 0;
  for (let lane = firstLane(table, channel); lane < table.lanes; lane = nextLane(table, lane)) {
    total += load<f64>(accumulatorsOfLane(table, lane) + offset);
  }
  return total;
}
