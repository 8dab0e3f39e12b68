import { LANES, loadLane, loadVec, splat, VEC, Vec } from "./vec";

// How a tensor with a channel axis meets vectors of LANES numbers.
//
// A tensor is [outer, channels, inner] (inner = 1 where the channel axis is the last), its numbers one after the other. What a
// kernel knows of a channel (constants, sums) stands in a channel table, in *lane blocks*: LANES channels' worth, a lane each. Two layouts
// say which numbers of the tensor a lane block goes with:
//
// - periodic (inner < RUN): the channel of position i is (i / inner) mod channels, which repeats after
//   P = lcm(channels · inner, LANES) numbers. Lane block b stands for positions LANES·b … LANES·b + LANES − 1 of every period; so one
//   channel, odd channels and short rows need no loop of their own.
// - runs (inner ≥ RUN): lane block c is channel c in every lane, and goes along that channel's runs of `inner` numbers.

/** Rows of one channel at least this long are walked as runs. */
const RUN: u32 = 16;
/** Bytes of one tensor, more or less, that are walked for all lane blocks before the next, so that they stay in the nearest caches. */
const TILE: u32 = 16384;
/** Vectors in one visit at most, so that a visit's float32 sums stay short. */
const MOST_ROWS: u32 = 128;

/** The head of a table; its lane blocks follow. */
@unmanaged
export class ChannelTable {
  channels: u32;
  inner: u32;
  /** Bytes from the table to its lane blocks, and of each of them. */
  laneBlocks: u32;
  laneBlockBytes: u32;
  /** Bytes from the table to room for one vector of each input and of the output: the last, incomplete vector. */
  tail: u32;
  /** What reading ahead leaves, so that it is not optimized away. */
  touched: u32;
}

function gcd(a: u32, b: u32): u32 {
  while (b) {
    const r = a % b;
    a = b;
    b = r;
  }
  return a;
}

/** Numbers after which the lanes' channels repeat: a tensor may be cut at its multiples. */
export function period(channels: u32, inner: u32): u32 {
  if (inner >= RUN) return 1;
  const n = channels * inner;
  return (n / gcd(n, LANES)) * LANES;
}

export function laneBlockCount(channels: u32, inner: u32): u32 {
  return inner >= RUN ? channels : period(channels, inner) / LANES;
}

/** The channel of a lane. */
export function channelOf(table: ChannelTable, block: u32, lane: u32): u32 {
  return ((block * LANES + lane) / consecutiveLanes(table)) % table.channels;
}

/** How many lanes in a row are one channel's; lane `channel · consecutiveLanes` is its first, and so on every channels rows. */
@inline export function consecutiveLanes(table: ChannelTable): u32 {
  return table.inner >= RUN ? LANES : table.inner;
}

/** One number for each lane of a lane block, of float32 [channels] at p. */
export function gather(table: ChannelTable, block: u32, p: usize): Vec {
  // Lanes that are channels in their order, as they mostly are.
  if (table.inner == 1 && table.channels % LANES == 0) return loadVec(p + <usize>block * VEC);
  let v: Vec = splat(0);
  for (let lane: u32 = 0; lane < LANES; lane++) v = loadLane(p + ((<usize>channelOf(table, block, lane)) << 2), v, lane);
  return v;
}

@inline export function laneBlockAt(table: ChannelTable, block: u32): usize {
  return changetype<usize>(table) + table.laneBlocks + <usize>block * table.laneBlockBytes;
}

/** Bytes of a table; where they do not fit in 32 bits, all that do: more than any heap gives. */
export function tableBytes(laneBlocks: u64, channels: u32, inner: u32, laneBlockBytes: u64): usize {
  return <usize>min<u64>(laneBlocks + <u64>laneBlockCount(channels, inner) * laneBlockBytes, u32.MAX_VALUE);
}

/** Bytes of the room that Table.tail points to. */
export function tailBytes(outBytes: usize): usize {
  return 2 * VEC + LANES * outBytes;
}

/**
 * Visits every number from `start` (a multiple of the period) on, `count` of them.
 *
 * T is a class with a method
 *
 *     visit(table: usize, laneBlock: usize, a: usize, b: usize, out: usize, stride: usize, rows: u32, weight: Vec): void
 *
 * called with the addresses of the table and the lane block, the first of `rows` vectors in each tensor, the bytes from one to the next in a and b, and
 * a weight that is 1 in lanes that count and 0 in those that only fill up a vector.
 *
 * @param a, b the inputs, at number `start`; b may be 0: none
 * @param out the output, likewise, outBytes for each number (0: none)
 * @param fewest vectors in a visit, at the least, however many channels there are: more where a visit's own work is much, fewer
 * where reading and writing is all, so that a tile of every tensor stays in the nearest cache
 */
export function walk<T>(
  table: ChannelTable,
  a: usize,
  b: usize,
  out: usize,
  outBytes: usize,
  start: u32,
  count: u32,
  fewest: u32 = 32,
): void {
  const inner = table.inner;
  if (inner >= RUN) {
    for (let i: u32 = 0; i < count; ) {
      const run = (start + i) / inner;
      const n = min(min(inner - ((start + i) % inner), count - i), MOST_ROWS * LANES);
      const laneBlock = laneBlockAt(table, run % table.channels);
      along<T>(table, laneBlock, a + ((<usize>i) << 2), b && b + ((<usize>i) << 2), out + <usize>i * outBytes, outBytes, n);
      i += n;
    }
    return;
  }

  const p = period(table.channels, inner);
  const blocks = p / LANES;
  const stride = (<usize>p) << 2;
  const most = min(max<u32>(TILE / <u32>stride, fewest), MOST_ROWS);
  let rest = count;
  while (rest >= p) {
    const rows = min(rest / p, most);
    const bytes = rows * <u32>stride;
    touch(table, a, bytes);
    if (b) touch(table, b, bytes);
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
    const n = rows * p;
    a += (<usize>n) << 2;
    if (b) b += (<usize>n) << 2;
    out += <usize>n * outBytes;
    rest -= n;
  }
  for (let block: u32 = 0; block * LANES < rest; block++) {
    const at = <usize>block * LANES;
    along<T>(
      table,
      laneBlockAt(table, block),
      a + (at << 2),
      b && b + (at << 2),
      out + at * outBytes,
      outBytes,
      min(rest - <u32>at, LANES),
    );
  }
}

/** Reads every cache line of a tile, one after the other: the order in which memory is fastest. */
@inline function touch(table: ChannelTable, from: usize, bytes: u32): void {
  let sum: u32 = 0;
  for (let i: u32 = 0; i < bytes; i += 64) sum ^= load<u32>(from + i);
  table.touched = sum;
}

/** n numbers one after the other, all of one lane block: whole vectors, then what is left in the table's own room. */
function along<T>(table: ChannelTable, laneBlock: usize, a: usize, b: usize, out: usize, outBytes: usize, n: u32): void {
  const rows = n / LANES;
  const left = n % LANES;
  if (rows) changetype<T>(0).visit(changetype<usize>(table), laneBlock, a, b, out, VEC, rows, splat(1));
  if (!left) return;
  const done = <usize>(rows * LANES);
  const tail = changetype<usize>(table) + table.tail;
  let weight: Vec = splat(0);
  store<f32>(tail, 1);
  for (let lane: u32 = 0; lane < left; lane++) weight = loadLane(tail, weight, lane);
  memory.fill(tail, 0, 2 * VEC);
  memory.copy(tail, a + (done << 2), (<usize>left) << 2);
  if (b) memory.copy(tail + VEC, b + (done << 2), (<usize>left) << 2);
  changetype<T>(0).visit(changetype<usize>(table), laneBlock, tail, b && tail + VEC, tail + 2 * VEC, VEC, 1, weight);
  if (outBytes) memory.copy(out + done * outBytes, tail + 2 * VEC, left * outBytes);
}
