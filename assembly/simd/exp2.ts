import {
  add,
  addToExponent,
  addToExponentWide,
  addWide,
  div,
  exponent,
  loadVec,
  madd,
  mantissa,
  mul,
  mulWide,
  pmax,
  pmaxWide,
  splat,
  splatWide,
  storeVec,
  sub,
  subWide,
  VEC,
  Vec,
  Wide,
} from "./vec";

// 2^t = 2^n · 2^f, where n is the integer nearest to t, and f = t − n in [−½, ½].
//
// t + 1.5·2^23 is rounded to n + 1.5·2^23: its lowest bits are the integer n, which is added to the exponent. 2^f is a polynomial
// of degree 4, p(f) = 1 + P1 f + P2 f² + P3 f³ + P4 f⁴. Of those with p(0) = 1 it has the smallest maximal relative error on
// [−½, ½] (by Remez exchange). As it has no real root, it is a product of two quadratic factors:
//
//     p(f) = (f² + A1 f + B1) · (P4 f² + A2 f + B2)
//
// This takes as many instructions as Horner's scheme, but only half as many of them wait for each other. The maximal error, with
// coefficients and results rounded to float32, is 3.68e-6, and B1·B2 rounds to 1. With degree 5 it would be 1.5e-7, for two more
// instructions; responsibilities do not need that.
const ROUND: f32 = 12582912.0;
const P1: f32 = 0.6931136250495911;
const P2: f32 = 0.24020710587501526;
const P3: f32 = 0.055976882576942444;
const P4: f32 = 0.009782912209630013;
const A1: f32 = 0.7359198331832886;
const B1: f32 = 13.053950309753418;
const A2: f32 = 0.048777442425489426;
const B2: f32 = 0.0766051635146141;

// scaledExp2 has the same polynomial over P4, which saves an instruction: the second factor is f² + A2/P4 f + B2/P4.
const SCALED_A2: f32 = 4.985983848571777;
const SCALED_B2: f32 = 7.830507278442383;

/**
 * Bytes of exp2's constants. They are in memory, because engines compute a constant vector again at each use: a load is faster.
 */
export const EXP2_BYTES: usize = 10 * VEC;

/** Stores exp2's constants. */
export function storeExp2Constants(at: usize): void {
  storeVec(at, splat(-126));
  storeVec(at + VEC, splat(ROUND));
  storeVec(at + 2 * VEC, splat(A1));
  storeVec(at + 3 * VEC, splat(B1));
  storeVec(at + 4 * VEC, splat(P4));
  storeVec(at + 5 * VEC, splat(A2));
  storeVec(at + 6 * VEC, splat(B2));
  storeVec(at + 7 * VEC, splat(SCALED_A2));
  storeVec(at + 8 * VEC, splat(SCALED_B2));
  storeVec(at + 9 * VEC, splat(B1 * SCALED_B2));
}

/**
 * 2^t for t ≤ 124, relative error below 4e-6. For t < −126 the result is 2^-126 or less, and not negative. A NaN that arithmetic
 * has made gives NaN; a NaN whose last 9 bits are not 0 may give any number.
 *
 * @param constants EXP2_BYTES, which storeExp2Constants has stored
 */
@inline export function exp2(t: Vec, constants: usize): Vec {
  const u = pmax(t, loadVec(constants));
  const n = add(u, loadVec(constants + VEC));
  const f = sub(u, sub(n, loadVec(constants + VEC)));
  const p = madd(f, add(f, loadVec(constants + 2 * VEC)), loadVec(constants + 3 * VEC));
  const q = madd(f, madd(f, loadVec(constants + 4 * VEC), loadVec(constants + 5 * VEC)), loadVec(constants + 6 * VEC));
  return mul(addToExponent(p, n), q);
}

/** 2^t · exp2Scale for t ≤ 117, otherwise like exp2. For t = 0 it is exp2Scale itself. */
@inline export function scaledExp2(t: Vec, constants: usize): Vec {
  const u = pmax(t, loadVec(constants));
  const n = add(u, loadVec(constants + VEC));
  const f = sub(u, sub(n, loadVec(constants + VEC)));
  const p = madd(f, add(f, loadVec(constants + 2 * VEC)), loadVec(constants + 3 * VEC));
  const q = madd(f, add(f, loadVec(constants + 7 * VEC)), loadVec(constants + 8 * VEC));
  return mul(addToExponent(p, n), q);
}

/** About 102. */
@inline export function exp2Scale(constants: usize): Vec {
  return loadVec(constants + 9 * VEC);
}

const ROUND_WIDE: f64 = 6755399441055744.0;

/** 2^t in float64 for −∞ ≤ t ≤ 1023, relative error below 4e-6. For t < −1000 the result is 2^-1000. */
export function exp2Wide(t: Wide): Wide {
  const u = pmaxWide(t, splatWide(-1000));
  const n = addWide(u, splatWide(ROUND_WIDE));
  const f = subWide(u, subWide(n, splatWide(ROUND_WIDE)));
  let p = addWide(mulWide(f, splatWide(P4)), splatWide(P3));
  p = addWide(mulWide(f, p), splatWide(P2));
  p = addWide(mulWide(f, p), splatWide(P1));
  p = addWide(mulWide(f, p), splatWide(1));
  return addToExponentWide(p, n);
}

/**
 * 2^t in float64 for −∞ ≤ t ≤ 1023, relative error below 1e-8. For t < −1000 the result is 2^-1000. 2^f is the series of e^y up
 * to y⁷/7!, with y = f ln 2 and |y| < 0.3466.
 */
export function exp2Fine(t: Wide): Wide {
  const u = pmaxWide(t, splatWide(-1000));
  const n = addWide(u, splatWide(ROUND_WIDE));
  const y = mulWide(subWide(u, subWide(n, splatWide(ROUND_WIDE))), splatWide(Math.LN2));
  let p = addWide(mulWide(y, splatWide(1.0 / 5040)), splatWide(1.0 / 720));
  p = addWide(mulWide(y, p), splatWide(1.0 / 120));
  p = addWide(mulWide(y, p), splatWide(1.0 / 24));
  p = addWide(mulWide(y, p), splatWide(1.0 / 6));
  p = addWide(mulWide(y, p), splatWide(0.5));
  p = addWide(mulWide(y, p), splatWide(1));
  p = addWide(mulWide(y, p), splatWide(1));
  return addToExponentWide(p, n);
}

/**
 * log2 a for normal positive a, absolute error below 2e-7·(1 + |log2 a|).
 *
 * With a = m·2^e, m in [√½, √2) and s = (m − 1)/(m + 1): ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …). As |s| < 0.1716, the terms
 * after s⁹/9 are below 1e-9.
 */
export function log2(a: Vec): Vec {
  const m = mantissa(a);
  const s = div(sub(m, splat(1)), add(m, splat(1)));
  const q = mul(s, s);
  let p = madd(q, splat(<f32>(1.0 / 9.0)), splat(<f32>(1.0 / 7.0)));
  p = madd(q, p, splat(<f32>(1.0 / 5.0)));
  p = madd(q, p, splat(<f32>(1.0 / 3.0)));
  p = madd(q, p, splat(1));
  return madd(mul(s, p), splat(<f32>(2 * Math.LOG2E)), exponent(a));
}
