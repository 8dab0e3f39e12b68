import { LANES, loadLane, loadVec, splat, VEC, Vec } from "./vec";

// Loops over a tensor with a channel axis, by vectors of LANES numbers.
//
// A tensor is [outer, channels, inner], and contiguous; inner = 1 where the channel axis is the last. What a kernel knows of the
// channels is in a channel table: a head, then *lane blocks*. A lane block has the constants and accumulators of LANES lanes, and
// each lane belongs to one channel. There are two layouts:
//
// - periodic (inner < MIN_RUN): the channel of position i is (i / inner) mod channels, which repeats after
//   P = lcm(channels · inner, LANES) numbers. Lane block b is for the positions LANES·b … LANES·b + LANES − 1 of every period. So
//   one channel, odd numbers of channels and short rows need no loops of their own.
// - runs (inner ≥ MIN_RUN): all lanes of lane block c belong to channel c. It is for that channel's runs of `inner` numbers.

/** The least `inner` of the layout by runs. */
const MIN_RUN: u32 = 16;

/**
 * Bytes of one tensor, more or less, in a tile. All lane blocks visit a tile before the next tile, so that it stays in the
 * first-level cache.
 */
const TILE_BYTES: u32 = 16384;
/** Vectors in a visit, at most: a visit's float32 sums stay short. */
const MAX_VISIT_ROWS: u32 = 128;

/** The head of a channel table. */
@unmanaged
export class ChannelTable {
  channels: u32;
  inner: u32;
  /** Bytes from the table to its lane blocks, and of each of them. */
  laneBlocks: u32;
  laneBlockBytes: u32;
  /** Bytes from the table to the remainder room: a vector of each input and of the output, for the last, incomplete vector. */
  remainder: u32;
  /** What `prefetch` has read. It is kept so that the compiler does not remove the reading. */
  prefetched: u32;
  /** The walk's next number in each tensor, how many are left, and its lane block. */
  a: usize;
  b: usize;
  out: usize;
  outBytes: u32;
  left: u32;
  block: u32;
  /** Numbers left of the run. */
  runLeft: u32;
  /** Vectors in a visit to a tile, at most. */
  maxRows: u32;
  /** Numbers in the remainder room, whose results are to be copied to the output. */
  remaining: u32;
  /** The next visits: how many, each to the next lane block, `step` numbers after the one before; and the first one's arguments. */
  visits: u32;
  step: u32;
  laneBlock: usize;
  visitA: usize;
  visitB: usize;
  visitOut: usize;
  stride: usize;
  rows: u32;
  weight: Vec;
}

function gcd(a: u32, b: u32): u32 {
  while (b) {
    const r = a % b;
    a = b;
    b = r;
  }
  return a;
}

/**
 * Chunks of a tensor start at multiples of this many numbers.
 *
 * @returns the numbers of a period; of runs, 1
 */
export function chunkAlignment(channels: u32, inner: u32): u32 {
  if (inner >= MIN_RUN) return 1;
  const n = channels * inner;
  return (n / gcd(n, LANES)) * LANES;
}

export function laneBlockCount(channels: u32, inner: u32): u32 {
  return inner >= MIN_RUN ? channels : chunkAlignment(channels, inner) / LANES;
}

/** The channel of a lane. */
export function channelOf(table: ChannelTable, block: u32, lane: u32): u32 {
  return ((block * LANES + lane) / consecutiveLanes(table)) % table.channels;
}

/**
 * How many consecutive lanes belong to one channel. Counted over all lane blocks, lane `channel · consecutiveLanes` is its first,
 * and the channels repeat after `channels · consecutiveLanes` lanes.
 */
@inline export function consecutiveLanes(table: ChannelTable): u32 {
  return table.inner >= MIN_RUN ? LANES : table.inner;
}

/** Whether each channel has one lane, and the channels of a lane block are consecutive. Mostly, they are. */
@inline export function isOneLaneEach(table: ChannelTable): bool {
  return table.inner == 1 && table.channels % LANES == 0;
}

/** For each lane of a lane block, its channel's number of float32 [channels] at p. */
@inline export function gather(table: ChannelTable, block: u32, p: usize): Vec {
  return isOneLaneEach(table) ? loadVec(p + <usize>block * VEC) : gatherLanes(table, block, p);
}

function gatherLanes(table: ChannelTable, block: u32, p: usize): Vec {
  let v: Vec = splat(0);
  for (let lane: u32 = 0; lane < LANES; lane++) v = loadLane(p + ((<usize>channelOf(table, block, lane)) << 2), v, lane);
  return v;
}

@inline export function laneBlockAt(table: ChannelTable, block: u32): usize {
  return changetype<usize>(table) + table.laneBlocks + <usize>block * table.laneBlockBytes;
}

/** Bytes of a table. If these do not fit in 32 bits: the largest u32, which no memory can give. */
export function tableBytes(laneBlocks: u64, channels: u32, inner: u32, laneBlockBytes: u64): usize {
  return <usize>min<u64>(laneBlocks + <u64>laneBlockCount(channels, inner) * laneBlockBytes, u32.MAX_VALUE);
}

/** Bytes of the remainder room. */
export function remainderBytes(outBytes: usize): usize {
  return 2 * VEC + LANES * outBytes;
}

/**
 * Visits a chunk of the tensor: `count` numbers from number `start` on, which is a multiple of the chunk alignment.
 *
 * T is a class with a method
 *
 *     visit(table: usize, laneBlock: usize, a: usize, b: usize, out: usize, stride: usize, rows: u32, weight: Vec): void
 *
 * Its arguments are the addresses of the table and of a lane block, the address of the first of `rows` vectors in each tensor,
 * the bytes from one of these vectors to the next in a and b, and a weight: 1 in lanes with a number of the tensor, 0 in lanes
 * that only fill up a vector.
 *
 * @param a, b the inputs, at number `start`; b may be 0: none
 * @param out the output, at number `start`, outBytes for each number (0: none)
 * @param minRows vectors in a visit, at least, even with so many channels that a tile has fewer. More where a visit has much
 * work of its own; fewer where a visit does little but load and store, so that a tile of each tensor stays in the first-level
 * cache
 */
export function walk<T>(
  table: ChannelTable,
  a: usize,
  b: usize,
  out: usize,
  outBytes: usize,
  start: u32,
  count: u32,
  minRows: u32 = 32,
): void {
  startWalk(table, a, b, out, outBytes, start, count, minRows);
  while (nextVisits(table)) {
    const step = <usize>table.step;
    const stride = table.stride;
    const rows = table.rows;
    const weight = table.weight;
    let laneBlock = table.laneBlock;
    let visitA = table.visitA;
    let visitB = table.visitB;
    let visitOut = table.visitOut;
    for (let n = table.visits; n; n--) {
      changetype<T>(0).visit(changetype<usize>(table), laneBlock, visitA, visitB, visitOut, stride, rows, weight);
      laneBlock += table.laneBlockBytes;
      visitA += step << 2;
      if (b) visitB += step << 2;
      visitOut += step * outBytes;
    }
  }
}

function startWalk(
  table: ChannelTable,
  a: usize,
  b: usize,
  out: usize,
  outBytes: u32,
  start: u32,
  count: u32,
  minRows: u32,
): void {
  table.left = count;
  table.remaining = 0;
  if (!count) return;
  const inner = table.inner;
  const run = start / inner;
  const isRuns = inner >= MIN_RUN;
  table.a = a;
  table.b = b;
  table.out = out;
  table.outBytes = outBytes;
  table.block = isRuns ? run % table.channels : 0;
  table.runLeft = (run + 1) * inner - start;
  table.stride = isRuns ? VEC : (<usize>chunkAlignment(table.channels, inner)) << 2;
  table.maxRows = min(max<u32>(TILE_BYTES / <u32>table.stride, minRows), MAX_VISIT_ROWS);
  table.weight = splat(1);
}

/**
 * Finds the next visits of a walk: to a tile or an incomplete period, to the runs of a sample, to a part of a run, or to the
 * remainder room.
 *
 * @returns false if there are none
 */
function nextVisits(table: ChannelTable): bool {
  const remaining = table.remaining;
  if (remaining) {
    const bytes = remaining * table.outBytes;
    if (bytes) memory.copy(table.out - bytes, changetype<usize>(table) + table.remainder + 2 * VEC, bytes);
    table.remaining = 0;
    table.weight = splat(1);
  }
  const left = table.left;
  if (!left) return false;
  const inner = table.inner;
  table.laneBlock = laneBlockAt(table, table.block);
  table.visitA = table.a;
  table.visitB = table.b;
  table.visitOut = table.out;
  if (inner >= MIN_RUN) {
    let n = min(min(table.runLeft, left), MAX_VISIT_ROWS * LANES);
    let runs: u32 = 1;
    if (n == inner && n % LANES == 0) runs = min(left / inner, table.channels - table.block);
    else if (n > LANES) n -= n % LANES;
    table.runLeft -= n;
    if (!table.runLeft) {
      table.runLeft = inner;
      table.block += runs;
      if (table.block == table.channels) table.block = 0;
    }
    visit(table, runs, n, n / LANES, runs * n);
  } else {
    const period = <u32>table.stride >> 2;
    if (left >= period) {
      const rows = min(left / period, table.maxRows);
      prefetch(table, table.a, rows * <u32>table.stride);
      if (table.b) prefetch(table, table.b, rows * <u32>table.stride);
      visit(table, period / LANES, LANES, rows, rows * period);
    } else {
      const blocks = left / LANES;
      table.block = blocks;
      visit(table, max(blocks, 1), LANES, 1, blocks ? blocks * LANES : left);
    }
  }
  return true;
}

/** Plans visits to the next n numbers: in the remainder room, if they are fewer than a vector has. */
function visit(table: ChannelTable, visits: u32, step: u32, rows: u32, n: u32): void {
  table.visits = visits;
  table.step = step;
  table.rows = rows;
  if (n < LANES) fillRoom(table, n);
  table.a += (<usize>n) << 2;
  if (table.b) table.b += (<usize>n) << 2;
  table.out += <usize>n * table.outBytes;
  table.left -= n;
}

/** Reads a number of each cache line of a tile. Memory is fastest when it is read in its own order. */
function prefetch(table: ChannelTable, from: usize, bytes: u32): void {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < bytes; i += 64) sum ^= load<u32>(from + i);
  table.prefetched = sum;
}

/** Makes the visit one to a vector in the remainder room, with the next n numbers. */
function fillRoom(table: ChannelTable, n: u32): void {
  const room = changetype<usize>(table) + table.remainder;
  let weight: Vec = splat(0);
  store<f32>(room, 1);
  for (let lane: u32 = 0; lane < n; lane++) weight = loadLane(room, weight, lane);
  memory.fill(room, 0, 2 * VEC);
  memory.copy(room, table.a, (<usize>n) << 2);
  if (table.b) memory.copy(room + VEC, table.b, (<usize>n) << 2);
  table.visitA = room;
  table.visitB = table.b && room + VEC;
  table.visitOut = room + 2 * VEC;
  table.rows = 1;
  table.weight = weight;
  table.remaining = n;
}
