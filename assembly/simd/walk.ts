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

/** For each lane of a lane block, its channel's number of float32 [channels] at p. */
export function gather(table: ChannelTable, block: u32, p: usize): Vec {
  // Mostly, consecutive lanes are consecutive channels.
  if (table.inner == 1 && table.channels % LANES == 0) return loadVec(p + <usize>block * VEC);
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
  const inner = table.inner;
  if (inner >= MIN_RUN) {
    for (let i: u32 = 0; i < count; ) {
      const run = (start + i) / inner;
      const n = min(min(inner - ((start + i) % inner), count - i), MAX_VISIT_ROWS * LANES);
      const laneBlock = laneBlockAt(table, run % table.channels);
      visitRun<T>(table, laneBlock, a + ((<usize>i) << 2), b && b + ((<usize>i) << 2), out + <usize>i * outBytes, outBytes, n);
      i += n;
    }
    return;
  }

  const period = chunkAlignment(table.channels, inner);
  const blocks = period / LANES;
  const stride = (<usize>period) << 2;
  const maxRows = min(max<u32>(TILE_BYTES / <u32>stride, minRows), MAX_VISIT_ROWS);
  let remaining = count;
  while (remaining >= period) {
    const rows = min(remaining / period, maxRows);
    const bytes = rows * <u32>stride;
    prefetch(table, a, bytes);
    if (b) prefetch(table, b, bytes);
    for (let block: u32 = 0; block < blocks; block++) {
      const at = <usize>block * LANES;
      changetype<T>(0).visit(
        changetype<usize>(table),
        laneBlockAt(table, block),
        a + (at << 2),
        b && b + (at << 2),
        out + at * outBytes,
        stride,
        rows,
        splat(1),
      );
    }
    const n = rows * period;
    a += (<usize>n) << 2;
    if (b) b += (<usize>n) << 2;
    out += <usize>n * outBytes;
    remaining -= n;
  }
  for (let block: u32 = 0; block * LANES < remaining; block++) {
    const at = <usize>block * LANES;
    visitRun<T>(
      table,
      laneBlockAt(table, block),
      a + (at << 2),
      b && b + (at << 2),
      out + at * outBytes,
      outBytes,
      min(remaining - <u32>at, LANES),
    );
  }
}

/** Reads a number of each cache line of a tile. Memory is fastest when it is read in its own order. */
@inline function prefetch(table: ChannelTable, from: usize, bytes: u32): void {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < bytes; i += 64) sum ^= load<u32>(from + i);
  table.prefetched = sum;
}

/** Visits n contiguous numbers of one lane block: whole vectors, then the remainder, in the remainder room. */
function visitRun<T>(table: ChannelTable, laneBlock: usize, a: usize, b: usize, out: usize, outBytes: usize, n: u32): void {
  const rows = n / LANES;
  const remainder = n % LANES;
  if (rows) changetype<T>(0).visit(changetype<usize>(table), laneBlock, a, b, out, VEC, rows, splat(1));
  if (!remainder) return;
  const done = <usize>(rows * LANES);
  const room = changetype<usize>(table) + table.remainder;
  let weight: Vec = splat(0);
  store<f32>(room, 1);
  for (let lane: u32 = 0; lane < remainder; lane++) weight = loadLane(room, weight, lane);
  memory.fill(room, 0, 2 * VEC);
  memory.copy(room, a + (done << 2), (<usize>remainder) << 2);
  if (b) memory.copy(room + VEC, b + (done << 2), (<usize>remainder) << 2);
  changetype<T>(0).visit(changetype<usize>(table), laneBlock, room, b && room + VEC, room + 2 * VEC, VEC, 1, weight);
  if (outBytes) memory.copy(out + done * outBytes, room + 2 * VEC, remainder * outBytes);
}
