import { LANES, VEC } from "../../../assembly/simd/vec";
import {
  ChannelTable,
  channelOf,
  chunkAlignment,
  consecutiveLanes,
  laneBlockAt,
  laneBlockCount,
  remainderBytes,
  walk,
} from "../../../assembly/simd/walk";
import { free, getAt, intact, lane, room, setAt } from "../support";

const CHANNELS: u32[] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 33];
const INNER: u32[] = [1, 2, 3, 5, 15, 16, 17, 40];

function isRuns(inner: u32): bool {
  return inner >= 16;
}

/** A table whose lane blocks have one vector each: the channels of the lanes. The remainder room is at its end. */
function makeTable(channels: u32, inner: u32, outBytes: usize): ChannelTable {
  const remainder = offsetof<ChannelTable>() + laneBlockCount(channels, inner) * VEC;
  const table = changetype<ChannelTable>(room(remainder + remainderBytes(outBytes)));
  table.channels = channels;
  table.inner = inner;
  table.laneBlocks = <u32>offsetof<ChannelTable>();
  table.laneBlockBytes = <u32>VEC;
  table.remainder = <u32>remainder;
  for (let block: u32 = 0; block < laneBlockCount(channels, inner); block++) {
    for (let l: u32 = 0; l < LANES; l++) setAt(laneBlockAt(table, block), l, <f32>channelOf(table, block, l));
  }
  return table;
}

// One walk over `count` numbers from `start` on. Number i of the walk is 1 + i in a and −1 − i in b; 0 fills up a vector. For
// each number the visitor writes `width` numbers to out, from i·width on.

let start: u32 = 0;
let count: u32 = 0;
let width: u32 = 0;
let isAlone: bool = false;
let channels: u32 = 0;
let inner: u32 = 0;
let visits: StaticArray<u8> = new StaticArray<u8>(0);
let most: u32 = 0;
let filled: u32 = 0;
let fault: string = "";

function blame(what: string): void {
  if (fault != "") return;
  fault =
    what +
    ": channels " +
    channels.toString() +
    ", inner " +
    inner.toString() +
    ", start " +
    start.toString() +
    ", count " +
    count.toString() +
    ", width " +
    width.toString();
}

function record(laneBlock: usize, i: u32, l: u32): void {
  if (i >= count) {
    blame("a number from outside the tensor");
    return;
  }
  if (visits[i] < 2) visits[i]++;
  if (getAt(laneBlock, l) != <f32>(((start + i) / inner) % channels)) blame("another channel's lane block");
}

@unmanaged
class Recorder {
  visit(_table: usize, laneBlock: usize, a: usize, b: usize, out: usize, stride: usize, rows: u32, weight: v128): void {
    most = max(most, rows);
    if (isAlone != (b == 0)) blame("b");
    for (let row: u32 = 0; row < rows; row++) {
      for (let l: u32 = 0; l < LANES; l++) {
        const x = getAt(a, l);
        const w = lane(weight, l);
        if (w == 1 && x >= 1) record(laneBlock, <u32>x - 1, l);
        else if (w == 0 && x == 0) filled++;
        else blame(`weight ${w} of ${x}`);
        if (b && getAt(b, l) != -x) blame("not the same number of b");
        for (let k: u32 = 0; k < width; k++) setAt(out, l * width + k, x > 0 ? (x - 1) * <f32>width + <f32>k : NaN);
      }
      a += stride;
      if (b) b += stride;
      out += stride * width;
    }
  }
}

/** Walks over two chunks, the first of `cut` numbers, and keeps the first fault. */
function check(cut: u32): void {
  const bytes = (<usize>count) << 2;
  const a = room(bytes);
  const b = isAlone ? 0 : room(bytes);
  const out = room(bytes * width);
  const outBytes = (<usize>width) << 2;
  for (let i: u32 = 0; i < count; i++) {
    setAt(a, i, 1 + <f32>i);
    if (b) setAt(b, i, -1 - <f32>i);
  }
  visits = new StaticArray<u8>(count);
  filled = 0;
  const table = makeTable(channels, inner, outBytes);
  if (cut) walk<Recorder>(table, a, b, out, <u32>outBytes, start, cut);
  const done = (<usize>cut) << 2;
  walk<Recorder>(table, a + done, b && b + done, out + done * width, <u32>outBytes, start + cut, count - cut);

  for (let i: u32 = 0; i < count; i++) {
    if (visits[i] != 1) blame(visits[i] ? "a number visited twice" : "a number not visited");
    if (getAt(a, i) != 1 + <f32>i || (b && getAt(b, i) != -1 - <f32>i)) blame("an input written to");
  }
  for (let i: u32 = 0; i < count * width; i++) if (getAt(out, i) != <f32>i) blame("the output of another number");
  if (!intact(a, bytes) || (b && !intact(b, bytes))) blame("written outside of an input");
  if (!intact(out, bytes * width)) blame("written outside of the output");
  if (!intact(changetype<usize>(table), table.remainder + remainderBytes(outBytes))) blame("written outside of the table");
  free(a);
  if (b) free(b);
  free(out);
  free(changetype<usize>(table));
}

function reset(isWithoutB: bool, outputs: u32): void {
  fault = "";
  isAlone = isWithoutB;
  width = outputs;
}

/** Counts around those of a vector, a period and a tile. */
function countsOf(p: u32): u32[] {
  return [0, 1, 3, 4, 5, 7, p - 1, p, p + 1, 2 * p + 3, max<u32>(4096, 32 * p) + 3 * p + p / 2 + 1];
}

/** Every layout, count and start. */
function checkAll(): void {
  for (let c = 0; c < CHANNELS.length; c++) {
    for (let n = 0; n < INNER.length; n++) {
      channels = CHANNELS[c];
      inner = INNER[n];
      const p = isRuns(inner) ? channels * inner : chunkAlignment(channels, inner);
      const counts = countsOf(p);
      const starts: u32[] = isRuns(inner) ? [0, 1, inner - 1, inner, p + 7] : [0, p, 3 * p];
      for (let i = 0; i < counts.length; i++) {
        for (let j = 0; j < starts.length; j++) {
          count = counts[i];
          start = starts[j];
          check(0);
        }
      }
    }
  }
}

/** Room whose end is the end of memory: reading beyond it traps. */
function lastRoom(bytes: usize): usize {
  memory.grow(<i32>(bytes >> 16) + 1);
  return ((<usize>memory.size()) << 16) - bytes;
}

/** Walks over a and b, one of them at the end of memory. */
function checkAtEnd(isA: bool): void {
  const bytes = (<usize>count) << 2;
  const table = makeTable(channels, inner, 0);
  const other = room(bytes);
  visits = new StaticArray<u8>(count);
  const last = lastRoom(bytes);
  for (let i: u32 = 0; i < count; i++) {
    setAt(isA ? last : other, i, 1 + <f32>i);
    setAt(isA ? other : last, i, -1 - <f32>i);
  }
  walk<Recorder>(table, isA ? last : other, isA ? other : last, 0, 0, start, count);
  for (let i: u32 = 0; i < count; i++) if (visits[i] != 1) blame("not visited once");
  free(other);
  free(changetype<usize>(table));
}

function gcd(a: u32, b: u32): u32 {
  return b ? gcd(b, a % b) : a;
}

describe("chunkAlignment", () => {
  it("is the least common multiple of a sample and a vector for short rows, and 1 for long ones", () => {
    for (let c: u32 = 1; c <= 40; c++) {
      for (let n: u32 = 1; n <= 40; n++) {
        expect<u32>(chunkAlignment(c, n)).toBe(n >= 16 ? 1 : (c * n * LANES) / gcd(c * n, LANES), `${c}, ${n}`);
      }
    }
  });
});

describe("the lanes of a channel", () => {
  it("are consecutiveLanes from lane channel · consecutiveLanes on, and repeat after channels · consecutiveLanes", () => {
    for (let c = 0; c < CHANNELS.length; c++) {
      for (let n = 0; n < INNER.length; n++) {
        const table = makeTable(CHANNELS[c], INNER[n], 0);
        const row = consecutiveLanes(table);
        const lanes = laneBlockCount(table.channels, table.inner) * LANES;
        expect<u32>(lanes % (row * table.channels)).toBe(0);
        for (let at: u32 = 0; at < lanes; at++) {
          expect<u32>(channelOf(table, at / LANES, at % LANES)).toBe((at % (row * table.channels)) / row);
        }
        free(changetype<usize>(table));
      }
    }
  });
});

describe("walk", () => {
  it("visits every number once, with its own channel, b and output, and writes nothing outside", () => {
    reset(false, 1);
    checkAll();
    expect<string>(fault).toBe("");
  });

  it("does so for an output of three numbers each", () => {
    reset(false, 3);
    checkAll();
    expect<string>(fault).toBe("");
  });

  it("does so without b and without an output", () => {
    reset(true, 0);
    checkAll();
    expect<string>(fault).toBe("");
  });

  it("reads nothing past the end of an input, which may be the end of memory", () => {
    reset(false, 0);
    start = 0;
    for (let c = 0; c < CHANNELS.length; c++) {
      for (let n = 0; n < INNER.length; n++) {
        channels = CHANNELS[c];
        inner = INNER[n];
        const p = isRuns(inner) ? channels * inner : chunkAlignment(channels, inner);
        for (count = 3 * p; count < 3 * p + 5; count++) {
          checkAtEnd(true);
          checkAtEnd(false);
        }
      }
    }
    expect<string>(fault).toBe("");
  });

  it("gives lanes that only fill up a vector weight 0 and zeros: at most 3 lanes of a walk over periods", () => {
    reset(false, 1);
    start = 0;
    channels = 5;
    inner = 1;
    for (count = 1; count <= 45; count++) {
      check(0);
      expect<u32>(filled).toBe((LANES - (count % LANES)) % LANES, count.toString());
    }
    expect<string>(fault).toBe("");
  });

  it("visits in two chunks what it visits in one, cut at any multiple of the chunk alignment", () => {
    reset(false, 1);
    for (let c = 0; c < CHANNELS.length; c++) {
      for (let n = 0; n < INNER.length; n++) {
        channels = CHANNELS[c];
        inner = INNER[n];
        const p = chunkAlignment(channels, inner);
        start = isRuns(inner) ? 11 : 2 * p;
        count = isRuns(inner) ? 3 * channels * inner + 5 : 5 * p + p / 2 + 1;
        const pace = isRuns(inner) ? max<u32>(1, count / 13) : p;
        for (let cut: u32 = 0; cut <= count; cut += pace) check(cut);
      }
    }
    expect<string>(fault).toBe("");
  });

  it("visits long runs in several visits", () => {
    reset(false, 2);
    channels = 3;
    inner = 1501;
    count = 3 * inner * 2 + 700;
    for (start = 0; start < 1600; start += 133) check(0);
    expect<string>(fault).toBe("");
  });

  it("never has more than 128 rows in a visit, so that a visit's float32 sums stay short", () => {
    most = 0;
    reset(true, 0);
    start = 0;
    for (channels = 1; channels <= 8; channels++) {
      for (inner = 1; inner <= 5001; inner = 4 * inner + 1) {
        count = 20000;
        check(0);
      }
    }
    expect<string>(fault).toBe("");
    expect<u32>(most).toBe(128);
  });
});
