import { add, allTrue, eq, loadVec, madd, mul, nmadd, splat, storeVec, sub, VEC, Vec } from "../simd/vec";
import { linesAt, Tile, WinogradPlan } from "./plan";

// The transforms of tiles of 4×4, for the points 0, ±a, ±b and ∞. With a = 5/8 and b = 3/2, all numbers in them but G's are exact, and
// errors are a third of those with 1 and 2. A transform is made of lines: along the columns first, then along the rows.

const A: f32 = 0.625;
const B: f32 = 1.5;
const A2: f32 = 0.390625;
const B2: f32 = 2.25;

/** Transforms six lines of a patch, each of six vectors. Vectors are `step` bytes apart, lines `line` bytes. */
export function transformPatchLines(from: usize, step: usize, line: usize, to: usize, toStep: usize, toLine: usize): void {
  for (let i: u32 = 0; i < 6; i++, from += line, to += toLine) {
    let p = from + step;
    const d1 = loadVec(p);
    p += step;
    const d2 = loadVec(p);
    p += step;
    const d3 = loadVec(p);
    p += step;
    const d4 = loadVec(p);
    p += step;
    const d5 = loadVec(p);
    const a2 = splat(A2);
    const b2 = splat(B2);
    const sum = splat(A2 + B2);
    const product = splat(A2 * B2);
    let t = to;
    storeVec(t, madd(product, loadVec(from), nmadd(sum, d2, d4)));
    const e = nmadd(b2, d2, d4);
    const o = mul(splat(A), nmadd(b2, d1, d3));
    t += toStep;
    storeVec(t, add(e, o));
    t += toStep;
    storeVec(t, sub(e, o));
    const f = nmadd(a2, d2, d4);
    const g = mul(splat(B), nmadd(a2, d1, d3));
    t += toStep;
    storeVec(t, add(f, g));
    t += toStep;
    storeVec(t, sub(f, g));
    t += toStep;
    storeVec(t, madd(product, d1, nmadd(sum, d3, d5)));
  }
}

/** Transforms lines of three vectors of the filter to lines of six. */
export function transformFilterLines(
  from: usize,
  step: usize,
  line: usize,
  to: usize,
  toStep: usize,
  toLine: usize,
  lines: u32,
): void {
  for (; lines != 0; lines--, from += line, to += toLine) {
    const g0 = loadVec(from);
    const g1 = loadVec(from + step);
    const g2 = loadVec(from + 2 * step);
    let t = to;
    storeVec(t, mul(splat(1 / (A2 * B2)), g0));
    const e = mul(splat(1 / (2 * A2 * (A2 - B2))), madd(splat(A2), g2, g0));
    const o = mul(splat(A / (2 * A2 * (A2 - B2))), g1);
    t += toStep;
    storeVec(t, add(e, o));
    t += toStep;
    storeVec(t, sub(e, o));
    const f = mul(splat(1 / (2 * B2 * (B2 - A2))), madd(splat(B2), g2, g0));
    const h = mul(splat(B / (2 * B2 * (B2 - A2))), g1);
    t += toStep;
    storeVec(t, add(f, h));
    t += toStep;
    storeVec(t, sub(f, h));
    t += toStep;
    storeVec(t, g2);
  }
}

/**
 * Transforms lines of six vectors of products to lines of four.
 *
 * @returns whether all of them are finite, and their sums
 */
function transformProductLines(from: usize, step: usize, line: usize, to: usize, toStep: usize, toLine: usize, lines: u32): bool {
  let check: Vec = splat(0);
  for (; lines != 0; lines--, from += line, to += toLine) {
    let p = from + step;
    const m1 = loadVec(p);
    p += step;
    const m2 = loadVec(p);
    p += step;
    const m3 = loadVec(p);
    p += step;
    const m4 = loadVec(p);
    p += step;
    const e = add(m1, m2);
    const o = sub(m1, m2);
    const f = add(m3, m4);
    const g = sub(m3, m4);
    const y0 = add(add(loadVec(from), e), f);
    const y1 = madd(splat(A), o, mul(splat(B), g));
    const y2 = madd(splat(A2), e, mul(splat(B2), f));
    const y3 = add(madd(splat(A * A2), o, mul(splat(B * B2), g)), loadVec(p));
    let t = to;
    storeVec(t, y0);
    t += toStep;
    storeVec(t, y1);
    t += toStep;
    storeVec(t, y2);
    t += toStep;
    storeVec(t, y3);
    const sum = add(add(y0, y1), add(y2, y3));
    check = add(check, sub(sum, sum));
  }
  return allTrue(eq(check, splat(0)));
}

/** transformProducts, of a tile of 4×4. */
export function transformLargeProducts(plan: WinogradPlan, products: usize, step: usize, tile: Tile, out: usize): bool {
  const lines = linesAt(plan);
  const right = (<usize>plan.outChannels) << 2;
  const below = plan.outWidth * right;
  let areFinite = true;
  for (let q: usize = 0; q < 2 * VEC; q += VEC) {
    const to = out + q;
    transformProductLines(products + q, 6 * step, step, lines, 6 * VEC, VEC, 6);
    if (tile.columns == 4) {
      if (!transformProductLines(lines, VEC, 6 * VEC, to, right, below, tile.rows)) areFinite = false;
      continue;
    }
    // Where they are read, as the tile has not all columns.
    if (!transformProductLines(lines, VEC, 6 * VEC, lines, VEC, 6 * VEC, tile.rows)) areFinite = false;
    for (let y: u32 = 0; y < tile.rows; y++) {
      for (let x: u32 = 0; x < tile.columns; x++) storeVec(to + y * below + x * right, loadVec(lines + (6 * y + x) * VEC));
    }
  }
  return areFinite;
}
