import {
  abs,
  add,
  addToExponent,
  allTrue,
  and,
  andnot,
  anyTrue,
  div,
  EXPONENT_BITS,
  eq,
  exponent,
  ge,
  gt,
  isNormal,
  LANES,
  loadVec,
  madd,
  mantissa,
  mul,
  nmadd,
  pmax,
  pmin,
  SQRT1_2_BITS,
  scale,
  select,
  splat,
  splatBits,
  storeVec,
  sub,
  VEC,
  Vec,
  withSign,
} from "./vec";

// Elementary functions, each within 2 units in the last place of the exact value, denormals included. NaN gives NaN, and ±0 and ±∞
// what they have to.
//
// The polynomials have the smallest maximal error there is, by Remez exchange, in what is named; their coefficients are rounded to
// float32. Constants are in memory, because engines compute a constant vector again at each use: a load is faster.

/** Constant i. */
@inline function constant(at: usize, i: u32): Vec {
  return loadVec(at + <usize>i * VEC);
}
function put(at: usize, i: u32, value: f32): void {
  storeVec(at + <usize>i * VEC, splat(value));
}
/**
 * A polynomial of degree 4 or 5 in x, by pairs of coefficients, so that few operations wait for another. Its coefficients are the
 * constants from `first` on, the highest power's first.
 */
@inline function polynomial(at: usize, first: u32, degree: u32, x: Vec, squared: Vec): Vec {
  const last = first + degree;
  const low = madd(constant(at, last - 1), x, constant(at, last));
  const middle = madd(constant(at, last - 3), x, constant(at, last - 2));
  const high = degree == 4 ? constant(at, first) : madd(constant(at, first), x, constant(at, first + 1));
  return madd(madd(high, squared, middle), squared, low);
}

// e^x = 2^n · e^r, where n is the integer nearest to x / ln 2, and r = x − n ln 2. ln 2 is a sum of two float32, the first of ten
// bits, so that its product with n is exact. For |r| < 0.3467
//
//     e^r − 1 = r + r² E(r), E of degree 4, relative error 1.4e-8

const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -0.00021219444169128656;
/** 2^-126 */
const MIN_NORMAL: f32 = 1.1754943508222875e-38;

/** Where e^x begins to round to 0, and to overflow. */
const MIN_EXP: f32 = -104;
const MAX_EXP: f32 = 89;
/** Where e^x − 1 rounds to −1. */
const MIN_EXPM1: f32 = -18;

/** The exponential's constants, which come before those of the functions that need it. */
const EXPONENTIAL: u32 = 12;

/** @param least arguments below it are taken for it */
function storeExponential(at: usize, least: f32): void {
  put(at, 0, least);
  put(at, 1, MAX_EXP);
  put(at, 2, <f32>Math.LOG2E);
  put(at, 3, 12582912); // 1.5·2^23: a number plus this is rounded to an integer, in its lowest bits
  put(at, 4, LN2_HIGH);
  put(at, 5, LN2_LOW);
  put(at, 6, 0.001388251199387014);
  put(at, 7, 0.008366547524929047);
  put(at, 8, 0.04166720062494278);
  put(at, 9, 0.1666654348373413);
  put(at, 10, 0.4999999701976776);
  put(at, 11, 1);
}
@inline function one(at: usize): Vec {
  return constant(at, 11);
}
/** x between the bounds. */
@inline function bounded(x: Vec, at: usize): Vec {
  return pmin(pmax(x, constant(at, 0)), constant(at, 1));
}
/** n + 1.5·2^23 */
@inline function exponentOf(x: Vec, at: usize): Vec {
  return madd(x, constant(at, 2), constant(at, 3));
}
/** e^r − 1 */
@inline function fractionOf(x: Vec, n: Vec, at: usize): Vec {
  const integer = sub(n, constant(at, 3));
  const r = nmadd(integer, constant(at, 5), nmadd(integer, constant(at, 4), x));
  const squared = mul(r, r);
  return madd(squared, polynomial(at, 6, 4, r, squared), r);
}

export function storeExp(at: usize): void {
  storeExponential(at, MIN_EXP);
}
@inline export function exp(x: Vec, at: usize): Vec {
  const b = bounded(x, at);
  const n = exponentOf(b, at);
  return scale(add(one(at), fractionOf(b, n, at)), n, one(at));
}

/** ln 2^-126, rounded up. */
const MIN_NORMAL_EXP: f32 = -87.33654;

export function storeExpOfNegative(at: usize): void {
  storeExponential(at, MIN_NORMAL_EXP);
}
/** e^x of numbers up to 0: 0 where it would be denormal. */
@inline export function expOfNegative(x: Vec, at: usize): Vec {
  const least = constant(at, 0);
  const b = pmax(x, least);
  const n = exponentOf(b, at);
  const y = mul(add(one(at), fractionOf(b, n, at)), addToExponent(one(at), n));
  return andnot(y, gt(least, x));
}

/** 1 / (1 + e^-x) = e^min(x, 0) / (1 + e^-|x|). Its constants are exp's. */
@inline export function sigmoid(x: Vec, at: usize): Vec {
  const zero = splat(0);
  const e = exp(pmin(x, sub(zero, x)), at);
  return div(select(e, one(at), gt(zero, x)), add(one(at), e));
}

export function storeExpm1(at: usize): void {
  storeExponential(at, MIN_EXPM1);
  put(at, EXPONENTIAL, 0.5);
  put(at, EXPONENTIAL + 1, 2.9802322387695312e-8); // 2^-25
}
/** e^x − 1 = 2 (2^(n−1) (e^r − 1) + 2^(n−1) − ½), for 2^n may be too large. */
@inline export function expm1(x: Vec, at: usize): Vec {
  const half = constant(at, EXPONENTIAL);
  const b = bounded(x, at);
  const n = exponentOf(b, at);
  const halfPower = addToExponent(half, n);
  const y = madd(halfPower, fractionOf(b, n, at), sub(halfPower, half));
  // Of −0 that makes 0, and of a denormal it loses a bit.
  return select(x, add(y, y), gt(constant(at, EXPONENTIAL + 1), abs(x)));
}

// With s = f / (2 + f), ln(1 + f) = 2 artanh s = 2 s + s R, and so it is f − s (f − R), of which f is exact. R = s² P(s²).

/** ln(1 + f) − f, the other way round. @param p P(s²) */
@inline function correction(f: Vec, s: Vec, squared: Vec, p: Vec): Vec {
  return mul(s, sub(f, mul(squared, p)));
}

export function storeLog(at: usize): void {
  put(at, 0, 0.29872405529022217);
  put(at, 1, 0.3997751772403717);
  put(at, 2, 0.6666677594184875);
  put(at, 3, LN2_HIGH);
  put(at, 4, LN2_LOW);
  put(at, 5, 1);
  put(at, 6, MIN_NORMAL);
  put(at, 7, 1.7014118346046923e38); // 2^127
  storeVec(at + 8 * VEC, splatBits(SQRT1_2_BITS));
  storeVec(at + 9 * VEC, splatBits(EXPONENT_BITS));
}
/** What is computed instead of ln x where x may be denormal: ln (2^23 x) of those. */
function raised(x: Vec): Vec {
  return select(mul(x, splat(8388608)), x, gt(splat(MIN_NORMAL), x));
}
/** ln x of any x. @param y ln x of a normal one */
function anyLog(x: Vec, y: Vec): Vec {
  y = sub(y, and(splat(15.942385673522949), gt(splat(MIN_NORMAL), x)));
  y = select(y, splat(NaN), gt(x, splat(0)));
  y = select(splat(-Infinity), y, eq(x, splat(0)));
  return select(x, y, eq(x, splat(Infinity)));
}
/** e ln 2 + ln m, where x = m·2^e, and m is in [√½, √2). P is of degree 2, and the relative error 8.1e-10. */
@inline export function log(x: Vec, at: usize): Vec {
  const areNormal = allTrue(isNormal(x, constant(at, 6), constant(at, 7)));
  let normal = x;
  if (!areNormal) normal = raised(x);
  const m = mantissa(normal, constant(at, 8), constant(at, 9));
  const e = exponent(normal, constant(at, 8));
  const f = sub(m, constant(at, 5));
  const s = div(f, add(m, constant(at, 5)));
  const squared = mul(s, s);
  const p = madd(madd(constant(at, 0), squared, constant(at, 1)), squared, constant(at, 2));
  const low = nmadd(e, constant(at, 4), correction(f, s, squared, p));
  const y = madd(e, constant(at, 3), sub(f, low));
  return areNormal ? y : anyLog(x, y);
}

export function storeSoftplus(at: usize): void {
  storeExponential(at, MIN_EXP);
  put(at, EXPONENTIAL, 0.2802445888519287);
  put(at, EXPONENTIAL + 1, 0.27999141812324524);
  put(at, EXPONENTIAL + 2, 0.4002169966697693);
  put(at, EXPONENTIAL + 3, 0.6666641235351562);
  put(at, EXPONENTIAL + 4, 2);
}
/** ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|). P is of degree 3, and the relative error 4.6e-9. */
@inline export function softplus(x: Vec, at: usize): Vec {
  const zero = splat(0);
  const f = exp(pmin(x, sub(zero, x)), at);
  const s = div(f, add(f, constant(at, EXPONENTIAL + 4)));
  const squared = mul(s, s);
  const high = madd(constant(at, EXPONENTIAL), squared, constant(at, EXPONENTIAL + 1));
  const p = madd(high, mul(squared, squared), madd(constant(at, EXPONENTIAL + 2), squared, constant(at, EXPONENTIAL + 3)));
  return add(f, sub(pmax(x, zero), correction(f, s, squared, p)));
}

export function storeTanh(at: usize): void {
  storeExponential(at, 0);
  put(at, EXPONENTIAL, -0.005704992450773716);
  put(at, EXPONENTIAL + 1, 0.020639093592762947);
  put(at, EXPONENTIAL + 2, -0.05373971909284592);
  put(at, EXPONENTIAL + 3, 0.13331441581249237);
  put(at, EXPONENTIAL + 4, -0.3333328068256378);
  put(at, EXPONENTIAL + 5, 0.625);
  put(at, EXPONENTIAL + 6, 20);
  put(at, EXPONENTIAL + 7, 2);
  put(at, EXPONENTIAL + 8, -0);
}
/** x + x³ T(x²) for |x| < 0.625, T of degree 4, relative error 4.4e-9; 1 − 2 / (e^2x + 1) for larger ones. */
@inline export function tanh(x: Vec, at: usize): Vec {
  const a = abs(x);
  const squared = mul(a, a);
  const small = madd(mul(squared, a), polynomial(at, EXPONENTIAL, 4, squared, mul(squared, squared)), a);
  const isSmall = gt(constant(at, EXPONENTIAL + 5), a);
  if (LANES == 1 && anyTrue(isSmall)) return withSign(small, x, constant(at, EXPONENTIAL + 8));
  const two = constant(at, EXPONENTIAL + 7);
  const b = pmin(add(a, a), constant(at, EXPONENTIAL + 6));
  const n = exponentOf(b, at);
  const squaredExp = mul(add(one(at), fractionOf(b, n, at)), addToExponent(one(at), n));
  const large = sub(one(at), div(two, add(squaredExp, one(at))));
  return withSign(select(small, large, isSmall), x, constant(at, EXPONENTIAL + 8));
}

export function storeErf(at: usize): void {
  storeExponential(at, -20);
  put(at, EXPONENTIAL, -0.000591940653976053);
  put(at, EXPONENTIAL + 1, 0.0049791280180215836);
  put(at, EXPONENTIAL + 2, -0.02675703354179859);
  put(at, EXPONENTIAL + 3, 0.11281552165746689);
  put(at, EXPONENTIAL + 4, -0.37612468004226685);
  put(at, EXPONENTIAL + 5, 0.12837910652160645);
  const own = EXPONENTIAL + 6;
  put(at, own, 0.0002133748639607802);
  put(at, own + 1, -0.003209905233234167);
  put(at, own + 2, 0.022873688489198685);
  put(at, own + 3, -0.10523631423711777);
  put(at, own + 4, -0.6357378363609314);
  put(at, own + 5, -1.1285085678100586);
  put(at, own + 6, 0.9375);
  put(at, own + 7, 3.950000047683716);
  put(at, own + 8, -0);
}
/** x + x R(x²) for |x| < 0.9375, R of degree 5, relative error 1.9e-8; 1 − e^(x S(x)) for larger ones, error 2.9e-9. */
@inline export function erf(x: Vec, at: usize): Vec {
  const own = EXPONENTIAL + 6;
  const a = abs(x);
  const squared = mul(a, a);
  const small = madd(a, polynomial(at, EXPONENTIAL, 5, squared, mul(squared, squared)), a);
  const isSmall = gt(constant(at, own + 6), a);
  if (LANES == 1 && anyTrue(isSmall)) return withSign(small, x, constant(at, own + 8));
  const b = pmin(a, constant(at, own + 7));
  const t = mul(b, polynomial(at, own, 5, b, mul(b, b)));
  const n = exponentOf(t, at);
  const complement = mul(add(one(at), fractionOf(t, n, at)), addToExponent(one(at), n));
  return withSign(select(small, sub(one(at), complement), isSmall), x, constant(at, own + 8));
}

export function storeSelu(at: usize): void {
  storeExpm1(at);
  put(at, EXPONENTIAL + 2, 1.0507010221481323);
  put(at, EXPONENTIAL + 3, 1.7580993175506592);
}
/** x for x ≥ 0, e^x − 1 for others. Its constants are expm1's. */
@inline export function elu(x: Vec, at: usize): Vec {
  return select(x, expm1(x, at), ge(x, splat(0)));
}
/** 1.0507… x for x ≥ 0, 1.7581… (e^x − 1) for others. */
@inline export function selu(x: Vec, at: usize): Vec {
  const negative = mul(expm1(x, at), constant(at, EXPONENTIAL + 3));
  return select(mul(x, constant(at, EXPONENTIAL + 2)), negative, ge(x, splat(0)));
}
/** Vectors of constants, at most. */
export const MAX_CONSTANTS: u32 = EXPONENTIAL + 15;
