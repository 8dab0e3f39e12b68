/**
 * Vectors of float32, and the few operations on them that the kernels are written in.
 *
 * Kernels know only this file: how many lanes a vector has, and whether a multiply-add is fused, is decided here. A
 * function is one WebAssembly instruction unless its comment says otherwise.
 */

/** LANES float32 numbers. */
export type Vec = v128;
/** LANES / HALVES float64 numbers: a half of a Vec, widened. */
export type Wide = v128;

export const LANES: u32 = 4;
export const HALVES: u32 = 2;
/** Bytes of a Vec or a Wide. */
export const VEC: usize = 16;

/** Bytes, up to whole Vecs. */
@inline export function aligned(bytes: usize): usize { return (bytes + VEC - 1) & ~(VEC - 1); }

@inline export function splat(x: f32): Vec { return f32x4.splat(x); }
@inline export function loadSplat(p: usize): Vec { return v128.load_splat<f32>(p); }
@inline export function get(p: usize): Vec { return v128.load(p); }
@inline export function put(p: usize, v: Vec): void { v128.store(p, v); }
@inline export function add(a: Vec, b: Vec): Vec { return f32x4.add(a, b); }
@inline export function sub(a: Vec, b: Vec): Vec { return f32x4.sub(a, b); }
@inline export function mul(a: Vec, b: Vec): Vec { return f32x4.mul(a, b); }
@inline export function div(a: Vec, b: Vec): Vec { return f32x4.div(a, b); }
@inline export function sqrt(a: Vec): Vec { return f32x4.sqrt(a); }
@inline export function abs(a: Vec): Vec { return f32x4.abs(a); }

/** a·b + c. Rounded once where the build has relaxed SIMD and the machine a fused multiply-add, else twice. */
@inline export function madd(a: Vec, b: Vec, c: Vec): Vec {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}
/** c − a·b, rounded as madd. */
@inline export function nmadd(a: Vec, b: Vec, c: Vec): Vec {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}
/** a < b ? b : a, lane by lane: the larger, and a where either is NaN. */
@inline export function larger(a: Vec, b: Vec): Vec { return f32x4.pmax(a, b); }
/** b < a ? b : a, lane by lane: the smaller, and a where either is NaN. */
@inline export function smaller(a: Vec, b: Vec): Vec { return f32x4.pmin(a, b); }

/** Masks: all bits of a lane set where it holds. NaN compares false. */
@inline export function greater(a: Vec, b: Vec): Vec { return f32x4.gt(a, b); }
@inline export function equal(a: Vec, b: Vec): Vec { return f32x4.eq(a, b); }
@inline export function any(mask: Vec): bool { return v128.any_true(mask); }
@inline export function all(mask: Vec): bool { return i32x4.all_true(mask); }
/** a where the mask is set, else b. */
@inline export function select(a: Vec, b: Vec, mask: Vec): Vec { return v128.bitselect(a, b, mask); }
/** a, and zero where the mask is set. */
@inline export function except(a: Vec, mask: Vec): Vec { return v128.andnot(a, mask); }
/** a, and zero where the mask is not set. */
@inline export function where(mask: Vec, a: Vec): Vec { return v128.and(a, mask); }

/** a with the lowest bits of n, as an integer, added to its exponent: a·2^n for a number n + 1.5·2^23. Two instructions. */
@inline export function addToExponent(a: Vec, n: Vec): Vec { return i32x4.add(a, i32x4.shl(n, 23)); }
/** The integer e with √½·2^e ≤ a < √2·2^e, as a number. For normal positive a. Three instructions. */
@inline export function exponent(a: Vec): Vec {
  return f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.sub(a, i32x4.splat(0x3f3504f3)), 23));
}
/** a / 2^exponent(a). Four instructions. */
@inline export function mantissa(a: Vec): Vec {
  return i32x4.sub(a, v128.and(i32x4.sub(a, i32x4.splat(0x3f3504f3)), i32x4.splat(0xff800000)));
}

/** One lane more of a vector that is gathered: v with lane `lane` taken from the float32 at p. */
@inline export function withLane(v: Vec, lane: u32, p: usize): Vec {
  if (lane == 0) return v128.load_lane<f32>(p, v, 0);
  if (lane == 1) return v128.load_lane<f32>(p, v, 1);
  if (lane == 2) return v128.load_lane<f32>(p, v, 2);
  return v128.load_lane<f32>(p, v, 3);
}

/** The sum of each vector's lanes, a lane each. Nine instructions. */
@inline export function sumsOfLanes(a: Vec, b: Vec, c: Vec, d: Vec): Vec {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7));
}

/** The sum of a's lanes. Six instructions. */
@inline export function sumOfLanes(a: Vec): f32 {
  const pairs = f32x4.add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The numbers of one half of v, widened. */
@inline export function widen(v: Vec, half: u32): Wide {
  return half ? f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)) : f64x2.promote_low_f32x4(v);
}
/** v with one half replaced by w, rounded to float32. */
@inline export function withHalf(v: Vec, half: u32, w: Wide): Vec {
  const n = f32x4.demote_f64x2_zero(w);
  return half ? v128.shuffle<f32>(v, n, 0, 1, 4, 5) : v128.shuffle<f32>(n, v, 0, 1, 6, 7);
}
@inline export function splatWide(x: f64): Wide { return f64x2.splat(x); }
@inline export function addWide(a: Wide, b: Wide): Wide { return f64x2.add(a, b); }
@inline export function subWide(a: Wide, b: Wide): Wide { return f64x2.sub(a, b); }
@inline export function mulWide(a: Wide, b: Wide): Wide { return f64x2.mul(a, b); }
@inline export function divWide(a: Wide, b: Wide): Wide { return f64x2.div(a, b); }
@inline export function greaterWide(a: Wide, b: Wide): Wide { return f64x2.gt(a, b); }
@inline export function largerWide(a: Wide, b: Wide): Wide { return f64x2.pmax(a, b); }
/** addToExponent for a Wide a and a number n + 1.5·2^52. */
@inline export function addToExponentWide(a: Wide, n: Wide): Wide { return i64x2.add(a, i64x2.shl(n, 52)); }
