import {
  Vec, Wide, add, addToExponent, addToExponentWide, addWide, div, exponent, larger, largerWide, madd, mantissa, mul, mulWide,
  splat, splatWide, sub, subWide,
} from "./vec";

// 2^t = 2^n · 2^f with n the integer nearest to t and f = t − n in [−½, ½].
//
// n is found by adding 1.5·2^23: the sum's last bits are n, rounded by the addition itself, and stay there as an integer for
// the exponent. 2^f is the polynomial of degree 4 whose largest relative error on [−½, ½] is smallest among those with
// p(0) = 1 (Remez exchange): 3.57e-6 with its coefficients rounded to float32. Degree 5 would bring 1.5e-7 for two more
// instructions; a responsibility needs no more than degree 4 has, and 2^0 = 1 keeps a mixture of one component exact.
const ROUND: f32 = 12582912.0;
const ROUND_WIDE: f64 = 6755399441055744.0;
const P1: f32 = 0.6931136250495911;
const P2: f32 = 0.24020710587501526;
const P3: f32 = 0.055976882576942444;
const P4: f32 = 0.009782912209630013;

/**
 * 2^t for t ≤ 127, relative error below 4e-6; below −126 the result is 2^-126 or less, never negative. The NaN that arithmetic
 * makes gives NaN; one whose last 9 bits are not 0 may give any number.
 */
@inline export function exp2(t: Vec): Vec {
  const u = larger(t, splat(-126));
  const n = add(u, splat(ROUND));
  const f = sub(u, sub(n, splat(ROUND)));
  let p = madd(f, splat(P4), splat(P3));
  p = madd(f, p, splat(P2));
  p = madd(f, p, splat(P1));
  p = madd(f, p, splat(1));
  return addToExponent(p, n);
}

/** The same in float64, for −∞ ≤ t ≤ 1023, with the same relative error; below −1000 the result is 2^-1000. */
export function exp2Wide(t: Wide): Wide {
  const u = largerWide(t, splatWide(-1000));
  const n = addWide(u, splatWide(ROUND_WIDE));
  const f = subWide(u, subWide(n, splatWide(ROUND_WIDE)));
  let p = addWide(mulWide(f, splatWide(P4)), splatWide(P3));
  p = addWide(mulWide(f, p), splatWide(P2));
  p = addWide(mulWide(f, p), splatWide(P1));
  p = addWide(mulWide(f, p), splatWide(1));
  return addToExponentWide(p, n);
}

/**
 * log2 a for normal positive a, absolute error below 2e-7·(1 + |log2 a|).
 *
 * With a = m·2^e, m in [√½, √2) and s = (m − 1)/(m + 1): ln m = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …); |s| < 0.1716, so what
 * follows s⁹/9 is below 1e-9.
 */
export function log2(a: Vec): Vec {
  const m = mantissa(a);
  const s = div(sub(m, splat(1)), add(m, splat(1)));
  const q = mul(s, s);
  let p = madd(q, splat(<f32>(1.0 / 9.0)), splat(<f32>(1.0 / 7.0)));
  p = madd(q, p, splat(<f32>(1.0 / 5.0)));
  p = madd(q, p, splat(<f32>(1.0 / 3.0)));
  p = madd(q, p, splat(1));
  return madd(mul(s, p), splat(<f32>(2 * 1.4426950408889634)), exponent(a));
}
