import { aligned, HALVES, LANES, splat, storeVec, VEC, WIDE } from "../simd/vec";
import { ChannelTable, consecutiveLanes, gather, laneBlockAt, laneBlockCount, remainderBytes, tableBytes } from "../simd/walk";

// The channel table of normalization by mean and variance (docs/math.md, section 4).
//
// A tensor consists of *slices*, each [outer, channels, inner], and each normalized by itself: one slice, or one for each sample. In
// a slice, *groups* of consecutive channels share a mean and a variance, which are those of all their numbers; groups have equal
// sizes. So batch normalization has one slice, and a group for each channel. Group normalization has a slice for each sample, and its
// groups. Layer normalization has a slice for each sample, and one group.

@unmanaged
export class NormTable extends ChannelTable {
  /** Numbers in a slice. */
  size: u32;
  groups: u32;
  epsilon: f64;
  /** Of the group that momentsOf looked at last. */
  mean: f64;
  variance: f64;
  /** Bytes from the table to the first row of float32 [channels], and from each to the next. */
  rows: u32;
  rowBytes: u32;
  /** Bytes from the table to float64 [channels]: gradients of gamma and beta. */
  dgamma: u32;
  dbeta: u32;
}

// Rows, by number. Of the constants, the lane blocks have a copy, lane by lane; the last two are room for rows.ts.
export const CENTER: u32 = 0; // of x
export const SCALE: u32 = 1; // of x − CENTER, forward; of dy, backward
export const OFFSET: u32 = 2;
export const PULL: u32 = 3; // of x − CENTER, backward
/** How many the forward pass has, and the backward pass. */
export const FORWARD: u32 = 3;
export const BACKWARD: u32 = 4;
export const GAMMA: u32 = 4;
export const BETA: u32 = 5;
export const SUMS_DY: u32 = 6;
export const SUMS_DYX: u32 = 7;
const ROWS: u32 = 8;

/** Bytes from a lane block to its accumulators, each a float64 for each lane. */
export const ACCUMULATORS: usize = BACKWARD * VEC;
export const ACCUMULATOR: usize = HALVES * WIDE;
const MAX_ACCUMULATORS: usize = 3;
const LANE_BLOCK_BYTES: usize = ACCUMULATORS + MAX_ACCUMULATORS * ACCUMULATOR;

function layout(table: NormTable | null, channels: u32, inner: u32): usize {
  // A vector more than there are channels: what is read at the end of a row may reach over it.
  const rowBytes = <u64>aligned((<usize>channels) << 2) + VEC;
  const wideBytes = <u64>aligned((<usize>channels) << 3);
  const remainder = aligned(offsetof<NormTable>());
  const rows = <u64>remainder + aligned(remainderBytes(4));
  const dgamma = rows + ROWS * rowBytes;
  const laneBlocks = dgamma + 2 * wideBytes;
  if (table) {
    table.channels = channels;
    table.inner = inner;
    table.remainder = <u32>remainder;
    table.rows = <u32>rows;
    table.rowBytes = <u32>rowBytes;
    table.dgamma = <u32>dgamma;
    table.dbeta = <u32>(dgamma + wideBytes);
    table.laneBlocks = <u32>laneBlocks;
    table.laneBlockBytes = <u32>LANE_BLOCK_BYTES;
  }
  return tableBytes(laneBlocks, channels, inner, LANE_BLOCK_BYTES);
}

/** Bytes of a table. */
export function norm_table_bytes(channels: u32, inner: u32): usize {
  return layout(null, channels, inner);
}

/**
 * Fills a table.
 *
 * @param gamma, beta float32 [channels], or 0: ones, zeros
 * @param size numbers in a slice, outer · channels · inner
 * @param groups how many groups the channels make: a divisor of their number
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
  table.epsilon = epsilon;
  const row = (<usize>channels) << 2;
  if (gamma) memory.copy(rowOf(table, GAMMA), gamma, row);
  else for (let i: usize = 0; i < row; i += 4) store<f32>(rowOf(table, GAMMA) + i, 1);
  if (beta) memory.copy(rowOf(table, BETA), beta, row);
  else memory.fill(rowOf(table, BETA), 0, row);
}

@inline export function rowOf(table: NormTable, row: u32): usize {
  return changetype<usize>(table) + table.rows + row * table.rowBytes;
}

@inline export function inRow(table: NormTable, row: u32, channel: u32): usize {
  return rowOf(table, row) + ((<usize>channel) << 2);
}

/** Copies the first `rows` constants of all channels from their rows to the lane blocks. */
export function spreadConstants(table: NormTable, rows: u32): void {
  const n = laneBlockCount(table.channels, table.inner);
  for (let row: u32 = 0; row < rows; row++) {
    const from = rowOf(table, row);
    for (let block: u32 = 0; block < n; block++) storeVec(laneBlockAt(table, block) + row * VEC, gather(table, block, from));
  }
}

/**
 * Sets the lane blocks' accumulators to zero: before a slice.
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

// A channel's lanes are some in a row, and as many again after every lap of all channels:
//
//     for (let lane = firstLane(table, channel); lane < lanes(table); lane = nextLane(table, lane)) …

@inline export function firstLane(table: NormTable, channel: u32): u32 {
  return channel * consecutiveLanes(table);
}
@inline export function lanes(table: NormTable): u32 {
  return laneBlockCount(table.channels, table.inner) * LANES;
}
@inline export function nextLane(table: NormTable, lane: u32): u32 {
  const row = consecutiveLanes(table);
  const next = lane + 1;
  return next % row == 0 ? next + (table.channels - 1) * row : next;
}

/** A lane's first accumulator; the next ones are ACCUMULATOR bytes apart. */
@inline export function accumulatorsOfLane(table: NormTable, lane: u32): usize {
  return laneBlockAt(table, lane / LANES) + ACCUMULATORS + ((<usize>(lane % LANES)) << 3);
}

/** The sum of an accumulator over all lanes of a channel. @param sum bytes from a lane's first accumulator to it */
export function totalOf(table: NormTable, channel: u32, sum: usize): f64 {
  let total: f64 = 0;
  for (let lane = firstLane(table, channel); lane < lanes(table); lane = nextLane(table, lane)) {
    total += load<f64>(accumulatorsOfLane(table, lane) + sum);
  }
  return total;
}
