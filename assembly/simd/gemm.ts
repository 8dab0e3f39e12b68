import { add, LANES, loadSplat, loadVec, madd, splat, storeVec, sumOfLanes, VEC, Vec } from "./vec";

// Matrix products by tiles of ROWS × COLUMNS accumulators, which stay in registers. For each k, each of ROWS numbers of A is
// splat to a vector and multiplied by COLUMNS numbers of B. B is packed: COLUMNS numbers for each k, contiguous, so that B is
// read in the order of memory. A is not packed: number k of a row is at row + k · step, in segments of k, as the taps of a
// filter are in the rows of an image.

export const ROWS: u32 = 4;
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
 * C = A·B, or C + A·B, for one tile.
 *
 * @param a the tile's first row in A, with rowStep bytes from row to row. It has `rows` rows, 1 to ROWS; no more are read
 * @param b packed
 * @param c the tile in C, with cStep bytes from row to row. It has `columns` columns, 1 to COLUMNS; no more are written
 * @param edge scratch for ROWS · COLUMNS numbers
 */
export function gemmTile(
  steps: Steps,
  a: usize,
  rowStep: usize,
  b: usize,
  c: usize,
  cStep: usize,
  rows: u32,
  columns: u32,
  accumulate: bool,
  edge: usize,
): void {
  // Rows after the last repeat it.
  const o1 = rows > 1 ? rowStep : 0;
  const o2 = rows > 2 ? 2 * rowStep : o1;
  const o3 = rows > 3 ? 3 * rowStep : o2;
  const step = <usize>steps.step;
  let c00: Vec = splat(0);
  let c01: Vec = splat(0);
  let c10: Vec = splat(0);
  let c11: Vec = splat(0);
  let c20: Vec = splat(0);
  let c21: Vec = splat(0);
  let c30: Vec = splat(0);
  let c31: Vec = splat(0);
  for (let s: u32 = 0; s < steps.segments; s++) {
    let p0 = a;
    let p1 = a + o1;
    let p2 = a + o2;
    let p3 = a + o3;
    for (let k = steps.length; k != 0; k--) {
      const b0 = loadVec(b);
      const b1 = loadVec(b + VEC);
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
      b += PANEL;
      p0 += step;
      p1 += step;
      p2 += step;
      p3 += step;
    }
    a += steps.segmentStep;
  }
  const whole = columns == COLUMNS;
  const t = whole ? c : edge;
  const tStep = whole ? cStep : PANEL;
  const adds = accumulate && whole;
  storeRow(t, c00, c01, adds);
  if (rows > 1) storeRow(t + tStep, c10, c11, adds);
  if (rows > 2) storeRow(t + 2 * tStep, c20, c21, adds);
  if (rows > 3) storeRow(t + 3 * tStep, c30, c31, adds);
  if (whole) return;
  for (let row: u32 = 0; row < rows; row++) {
    for (let i: usize = 0; i < columns; i++) {
      const at = c + row * cStep + (i << 2);
      const value = load<f32>(edge + row * PANEL + (i << 2));
      store<f32>(at, accumulate ? load<f32>(at) + value : value);
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
