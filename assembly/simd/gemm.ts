import { GEMM_ROWS } from "../constants";
import { add, LANES, loadSplat, loadVec, madd, splat, storeTransposed, storeVec, sumOfLanes, VEC, Vec } from "./vec";

// Matrix products by tiles of ROWS × COLUMNS accumulators, which stay in registers. For each k, each of ROWS numbers of A is
// splat to a vector and multiplied by COLUMNS numbers of B. B is packed: COLUMNS numbers for each k, contiguous, so that B is
// read in the order of memory. A is not packed: number k of a row is at row + k · step, in segments of k, as the taps of a
// filter are in the rows of an image.

export const ROWS: u32 = GEMM_ROWS;
export const COLUMNS: u32 = 2 * LANES;
/** Bytes of B for one k. */
export const PANEL: usize = 2 * VEC;

/**
 * The numbers of a row of A: `segments` times `length`. The bytes from one number to the next, and from one segment to the
 * next.
 */
@unmanaged
export class Steps {
  length: u32;
  step: u32;
  segments: u32;
  segmentStep: u32;
}

/**
 * C = A·B, or C + A·B, for tiles that are below each other.
 *
 * @param a the first row in A, with rowStep bytes from row to row. No more than `rows` are read
 * @param tileStep bytes in A from one tile's first row to the next tile's
 * @param b packed, or with bStep bytes from one k to the next
 * @param c the tiles in C, with cStep bytes from row to row. They have `columns` columns, 1 to COLUMNS; no more are written
 * @param edge scratch for ROWS · COLUMNS numbers
 */
export function gemmTiles(
  steps: Steps,
  a: usize,
  rowStep: usize,
  tileStep: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cStep: usize,
  rows: u32,
  columns: u32,
  accumulate: bool,
  edge: usize,
): void {
  if (rows == 0) return;
  for (;;) {
    // Rows after the last repeat it.
    const o1 = rows > 1 ? rowStep : 0;
    const o2 = rows > 2 ? 2 * rowStep : o1;
    const o3 = rows > 3 ? 3 * rowStep : o2;
    gemmTile(steps, a, o1, o2, o3, b, bStep, c, cStep, rows, columns, accumulate, edge);
    if (rows <= ROWS) return;
    rows -= ROWS;
    a += tileStep;
    c += ROWS * cStep;
  }
}

/**
 * The first tile of what gemmTiles computes.
 *
 * @param o1, o2, o3 bytes from a to the other rows. Where there are fewer, what they give is left out
 * @param rows 1 or more
 */
@inline export function gemmTile(
  steps: Steps,
  a: usize,
  o1: usize,
  o2: usize,
  o3: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cStep: usize,
  rows: u32,
  columns: u32,
  accumulate: bool,
  edge: usize,
): void {
  const step = <usize>steps.step;
  const whole = columns == COLUMNS;
  let c00: Vec = splat(0);
  let c01: Vec = splat(0);
  let c10: Vec = splat(0);
  let c11: Vec = splat(0);
  let c20: Vec = splat(0);
  let c21: Vec = splat(0);
  let c30: Vec = splat(0);
  let c31: Vec = splat(0);
  let from = a;
  let q = b;
  for (let s: u32 = 0; s < steps.segments; s++) {
    let p0 = from;
    let p1 = from + o1;
    let p2 = from + o2;
    let p3 = from + o3;
    for (let k = steps.length; k != 0; k--) {
      const b0 = loadVec(q);
      const b1 = loadVec(q + VEC);
      const a0 = loadSplat(p0);
      c00 = madd(a0, b0, c00);
      c01 = madd(a0, b1, c01);
      const a1 = loadSplat(p1);
      c10 = madd(a1, b0, c10);
      c11 = madd(a1, b1, c11);
      const a2 = loadSplat(p2);
      c20 = madd(a2, b0, c20);
      c21 = madd(a2, b1, c21);
      const a3 = loadSplat(p3);
      c30 = madd(a3, b0, c30);
      c31 = madd(a3, b1, c31);
      q += bStep;
      p0 += step;
      p1 += step;
      p2 += step;
      p3 += step;
    }
    from += steps.segmentStep;
  }
  const t = whole ? c : edge;
  const tStep = whole ? cStep : PANEL;
  const adds = accumulate && whole;
  storeRow(t, c00, c01, adds);
  if (rows > 1) storeRow(t + tStep, c10, c11, adds);
  if (rows > 2) storeRow(t + 2 * tStep, c20, c21, adds);
  if (rows > 3) storeRow(t + 3 * tStep, c30, c31, adds);
  if (!whole) copyEdge(edge, c, cStep, min(rows, ROWS), columns, accumulate);
}

function copyEdge(edge: usize, c: usize, cStep: usize, rows: u32, columns: u32, accumulate: bool): void {
  for (; rows != 0; rows--, c += cStep, edge += PANEL) {
    for (let i: usize = 0; i < columns; i++) {
      const value = load<f32>(edge + (i << 2));
      store<f32>(c + (i << 2), accumulate ? load<f32>(c + (i << 2)) + value : value);
    }
  }
}

@inline function storeRow(at: usize, left: Vec, right: Vec, adds: bool): void {
  storeVec(at, adds ? add(loadVec(at), left) : left);
  storeVec(at + VEC, adds ? add(loadVec(at + VEC), right) : right);
}

/**
 * C = A·B, or C + A·B, for a tile of the only column of C. Here a vector has several k, so that no lane is idle.
 *
 * @param steps the numbers of a segment are contiguous
 * @param b one number for each k, contiguous
 */
export function gemmColumnTile(
  steps: Steps,
  a: usize,
  rowStep: usize,
  b: usize,
  c: usize,
  cStep: usize,
  rows: u32,
  accumulate: bool,
): void {
  // Rows after the last repeat it.
  const o1 = rows > 1 ? rowStep : 0;
  const o2 = rows > 2 ? 2 * rowStep : o1;
  const o3 = rows > 3 ? 3 * rowStep : o2;
  let c0: Vec = splat(0);
  let c1: Vec = splat(0);
  let c2: Vec = splat(0);
  let c3: Vec = splat(0);
  // The remainders of the segments.
  let r0: f32 = 0;
  let r1: f32 = 0;
  let r2: f32 = 0;
  let r3: f32 = 0;
  for (let s: u32 = 0; s < steps.segments; s++) {
    let p = a;
    let k = steps.length;
    for (; k >= LANES; k -= LANES, p += VEC, b += VEC) {
      const bk = loadVec(b);
      c0 = madd(loadVec(p), bk, c0);
      c1 = madd(loadVec(p + o1), bk, c1);
      c2 = madd(loadVec(p + o2), bk, c2);
      c3 = madd(loadVec(p + o3), bk, c3);
    }
    for (; k != 0; k--, p += 4, b += 4) {
      const bk = load<f32>(b);
      r0 += load<f32>(p) * bk;
      r1 += load<f32>(p + o1) * bk;
      r2 += load<f32>(p + o2) * bk;
      r3 += load<f32>(p + o3) * bk;
    }
    a += steps.segmentStep;
  }
  storeNumber(c, sumOfLanes(c0) + r0, accumulate);
  if (rows > 1) storeNumber(c + cStep, sumOfLanes(c1) + r1, accumulate);
  if (rows > 2) storeNumber(c + 2 * cStep, sumOfLanes(c2) + r2, accumulate);
  if (rows > 3) storeNumber(c + 3 * cStep, sumOfLanes(c3) + r3, accumulate);
}

@inline function storeNumber(at: usize, value: f32, adds: bool): void {
  store<f32>(at, adds ? load<f32>(at) + value : value);
}

/**
 * C = A·B for the only row of C. Rows of B are added to it one after the other, four on one way: so all are read in the order of
 * memory.
 *
 * @param count how many k there are
 * @param a one number for each k, contiguous
 * @param b rows of `columns` numbers, with bStep bytes from one k to the next
 */
export function gemmRow(count: u32, a: usize, b: usize, bStep: usize, c: usize, columns: u32): void {
  const bytes = (<usize>columns) << 2;
  memory.fill(c, 0, bytes);
  for (; count >= 4; count -= 4, a += 16, b += 4 * bStep) {
    const a0 = loadSplat(a);
    const a1 = loadSplat(a + 4);
    const a2 = loadSplat(a + 8);
    const a3 = loadSplat(a + 12);
    const b1 = b + bStep;
    const b2 = b1 + bStep;
    const b3 = b2 + bStep;
    let q: usize = 0;
    for (; q + VEC <= bytes; q += VEC) {
      let sum = madd(a0, loadVec(b + q), loadVec(c + q));
      sum = madd(a1, loadVec(b1 + q), sum);
      sum = madd(a2, loadVec(b2 + q), sum);
      storeVec(c + q, madd(a3, loadVec(b3 + q), sum));
    }
    for (; q < bytes; q += 4) {
      let sum = load<f32>(c + q) + load<f32>(a) * load<f32>(b + q);
      sum += load<f32>(a + 4) * load<f32>(b1 + q);
      sum += load<f32>(a + 8) * load<f32>(b2 + q);
      store<f32>(c + q, sum + load<f32>(a + 12) * load<f32>(b3 + q));
    }
  }
  for (; count != 0; count--, a += 4, b += bStep) {
    const ak = loadSplat(a);
    let q: usize = 0;
    for (; q + VEC <= bytes; q += VEC) storeVec(c + q, madd(ak, loadVec(b + q), loadVec(c + q)));
    for (; q < bytes; q += 4) store<f32>(c + q, load<f32>(c + q) + load<f32>(a) * load<f32>(b + q));
  }
}

/**
 * Packs two panels of B, or one, and fills up the last with zeros.
 *
 * @param b number (k, j) is at b + k · kStep + j · columnStep. There are `columns`, 1 to 2 · COLUMNS
 * @param count how many k there are
 */
export function packPanels(b: usize, kStep: usize, columnStep: usize, count: u32, columns: u32, to: usize): void {
  if (columns == 2 * COLUMNS && columnStep == 4) {
    // Both at once, as a row's numbers for them are neighbors.
    const second = to + count * PANEL;
    for (let p: usize = 0; p < count * PANEL; p += PANEL, b += kStep) {
      copyPanelRow(b, to + p);
      copyPanelRow(b + PANEL, second + p);
    }
    return;
  }
  for (let first: u32 = 0; first < columns; first += COLUMNS, b += COLUMNS * columnStep) {
    const width = min(COLUMNS, columns - first);
    let from = b;
    let k = count;
    if (width == COLUMNS && columnStep == 4) {
      for (; k != 0; k--, to += PANEL, from += kStep) copyPanelRow(from, to);
    }
    if (width == COLUMNS && kStep == 4) {
      for (; k >= LANES; k -= LANES, to += LANES * PANEL, from += VEC) {
        storeTransposed(to, PANEL, from, columnStep);
        storeTransposed(to + VEC, PANEL, from + LANES * columnStep, columnStep);
      }
    }
    for (; k != 0; k--, to += PANEL, from += kStep) {
      for (let j: u32 = 0; j < COLUMNS; j++) {
        store<f32>(to + (j << 2), j < width ? load<f32>(from + j * columnStep) : 0);
      }
    }
  }
}

@inline function copyPanelRow(from: usize, to: usize): void {
  storeVec(to, loadVec(from));
  storeVec(to + VEC, loadVec(from + VEC));
}

/** Bytes of A that are packed for one k of a tile. */
export const ROWS_BYTES: usize = 4 * ROWS;

/** Bytes from one packed tile of rows to the next: not a power of two, for which tiles would fall into the same cache sets. */
@inline export function packedTileBytes(count: u32): usize {
  return count * ROWS_BYTES + 64;
}

/**
 * Packs rows of A that are neighbors for each k, in tiles of ROWS.
 *
 * @param a for each k, `rows` numbers, contiguous, with kStep bytes from one k to the next
 * @param count how many k there are
 */
export function packRows(a: usize, kStep: usize, count: u32, rows: u32, to: usize): void {
  const tile = packedTileBytes(count);
  const whole = rows & ~(ROWS - 1);
  for (; count != 0; count--, a += kStep, to += ROWS_BYTES) {
    let p = to;
    let q = a;
    for (let i: u32 = 0; i < whole; i += ROWS, p += tile, q += ROWS_BYTES) {
      for (let r: usize = 0; r < ROWS_BYTES; r += VEC) storeVec(p + r, loadVec(q + r));
    }
    for (let i = whole; i < rows; i++, p += 4, q += 4) store<f32>(p, load<f32>(q));
  }
}
