/**
 * Vectors of float32, and the operations on them that the kernels use.
 *
 * Only this file knows how many lanes a vector has, and whether a multiply-add is fused. With SIMD, a function is one
 * WebAssembly instruction unless its comment says otherwise, and has the instruction's name if there is one. Without SIMD, a
 * vector is a number. asconfig.json defines LanesOfVec and LanesOfWide for each target: v128, or f32 and f64.
 */

/** LANES float32 numbers. */
export type Vec = LanesOfVec;
/** LANES / HALVES float64 numbers: a half of a Vec, widened. */
export type Wide = LanesOfWide;

export const LANES: u32 = ASC_FEATURE_SIMD ? 4 : 1;
export const HALVES: u32 = ASC_FEATURE_SIMD ? 2 : 1;
/** Bytes of a Vec. */
export const VEC: usize = ASC_FEATURE_SIMD ? 16 : 4;
/** Bytes of a Wide. */
export const WIDE: usize = ASC_FEATURE_SIMD ? 16 : 8;

/** Bytes, rounded up to a multiple of 16: whole vectors. */
@inline export function aligned(bytes: usize): usize {
  return (bytes + 15) & ~15;
}

@inline export function splat(x: f32): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.splat(x);
  return x;
}
/** The bits of an integer in every lane: to select and store, not to compute with. */
@inline export function splatBits(x: i32): Vec {
  if (ASC_FEATURE_SIMD) return i32x4.splat(x);
  return reinterpret<f32>(x);
}
@inline export function loadSplat(p: usize): Vec {
  if (ASC_FEATURE_SIMD) return v128.load_splat<f32>(p);
  return load<f32>(p);
}
@inline export function loadVec(p: usize): Vec {
  if (ASC_FEATURE_SIMD) return v128.load(p);
  return load<f32>(p);
}
/** Vector n of those from p on, 0 to 3, without an instruction for its address if n is a constant. */
@inline export function loadNth(p: usize, n: u32): Vec {
  if (!ASC_FEATURE_SIMD) return load<f32>(p + (n << 2));
  if (n == 0) return v128.load(p);
  if (n == 1) return v128.load(p, 16);
  if (n == 2) return v128.load(p, 32);
  return v128.load(p, 48);
}
@inline export function storeVec(p: usize, v: Vec): void {
  if (ASC_FEATURE_SIMD) v128.store(p, v);
  else store<f32>(p, v);
}
/** Stores the first lane alone. */
@inline export function storeFirst(p: usize, v: Vec): void {
  if (ASC_FEATURE_SIMD) v128.store_lane<f32>(p, v, 0);
  else store<f32>(p, v);
}
@inline export function add(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.add(a, b);
  return a + b;
}
@inline export function sub(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.sub(a, b);
  return a - b;
}
@inline export function mul(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.mul(a, b);
  return a * b;
}
@inline export function div(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.div(a, b);
  return a / b;
}
@inline export function sqrt(a: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.sqrt(a);
  return f32.sqrt(a);
}
@inline export function abs(a: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.abs(a);
  return f32.abs(a);
}

/** a·b + c. Rounded once if the binary has relaxed SIMD and the machine a fused multiply-add, else twice. */
@inline export function madd(a: Vec, b: Vec, c: Vec): Vec {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return add(mul(a, b), c);
}
/** c − a·b, rounded like madd. */
@inline export function nmadd(a: Vec, b: Vec, c: Vec): Vec {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return sub(c, mul(a, b));
}
/** The larger number in each lane, +0 of ±0, and NaN where either is. */
@inline export function max(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.max(a, b);
  return f32.max(a, b);
}
/** The smaller number in each lane, −0 of ±0, and NaN where either is. */
@inline export function min(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.min(a, b);
  return f32.min(a, b);
}
/** a < b ? b : a in each lane: the larger number, and a where either is NaN. */
@inline export function pmax(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.pmax(a, b);
  return a < b ? b : a;
}
/** b < a ? b : a in each lane: the smaller number, and a where either is NaN. */
@inline export function pmin(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.pmin(a, b);
  return b < a ? b : a;
}

/** A mask: where a > b, all bits of a lane are set (without SIMD, it is 1); else the lane is 0. NaN compares false. */
@inline export function gt(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.gt(a, b);
  return <f32>(a > b);
}
/** A mask, where a ≥ b. */
@inline export function ge(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.ge(a, b);
  return <f32>(a >= b);
}
/** A mask, where a = b. */
@inline export function eq(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.eq(a, b);
  return <f32>(a == b);
}
/** A mask, where a ≠ b: NaN is not equal to anything. */
@inline export function ne(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.ne(a, b);
  return <f32>(a != b);
}
/** Whether a mask is set in any lane. */
@inline export function anyTrue(mask: Vec): bool {
  if (ASC_FEATURE_SIMD) return v128.any_true(mask);
  return mask != 0;
}
/** Whether a mask is set in all lanes. */
@inline export function allTrue(mask: Vec): bool {
  if (ASC_FEATURE_SIMD) return i32x4.all_true(mask);
  return mask != 0;
}
/** a where the mask is set, else b: bitselect. */
@inline export function select(a: Vec, b: Vec, mask: Vec): Vec {
  if (ASC_FEATURE_SIMD) return v128.bitselect(a, b, mask);
  return mask != 0 ? a : b;
}
/** a, but zero where the mask is set. */
@inline export function andnot(a: Vec, mask: Vec): Vec {
  if (ASC_FEATURE_SIMD) return v128.andnot(a, mask);
  return mask != 0 ? 0 : a;
}
/** Masks: where either is set. */
@inline export function or(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return v128.or(a, b);
  return <f32>(<i32>(a != 0) | <i32>(b != 0));
}
/** Masks: where both are set. */
@inline export function both(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return v128.and(a, b);
  return a * b;
}
/** a, but zero where the mask is not set. */
@inline export function and(a: Vec, mask: Vec): Vec {
  if (ASC_FEATURE_SIMD) return v128.and(a, mask);
  return mask != 0 ? a : 0;
}

/** Masks: where just one is set. */
@inline export function xor(a: Vec, b: Vec): Vec {
  if (ASC_FEATURE_SIMD) return v128.xor(a, b);
  return <f32>(a != b);
}

/**
 * a·2^n, where n is given as the float32 n + 1.5·2^23, whose lowest bits are n: these are added to the exponent. Two
 * instructions.
 */
@inline export function addToExponent(a: Vec, n: Vec): Vec {
  if (ASC_FEATURE_SIMD) return i32x4.add(a, i32x4.shl(n, 23));
  return reinterpret<f32>(reinterpret<i32>(a) + (reinterpret<i32>(n) << 23));
}
/** Bits of √½, and of the exponent and the sign. */
export const SQRT1_2_BITS: i32 = 0x3f3504f3;
export const EXPONENT_BITS: i32 = 0xff800000;
/**
 * The integer e with √½·2^e ≤ a < √2·2^e, as a float32. For normal positive a. Three instructions.
 *
 * @param root √½ in every lane
 */
@inline export function exponent(a: Vec, root: Vec = splatBits(SQRT1_2_BITS)): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.convert_i32x4_s(i32x4.shr_s(i32x4.sub(a, root), 23));
  return <f32>((reinterpret<i32>(a) - SQRT1_2_BITS) >> 23);
}
/** a / 2^exponent(a). Three instructions. @param mask EXPONENT_BITS in every lane */
@inline export function mantissa(a: Vec, root: Vec = splatBits(SQRT1_2_BITS), mask: Vec = splatBits(EXPONENT_BITS)): Vec {
  if (ASC_FEATURE_SIMD) return i32x4.sub(a, v128.and(i32x4.sub(a, root), mask));
  return reinterpret<f32>(reinterpret<i32>(a) - ((reinterpret<i32>(a) - SQRT1_2_BITS) & EXPONENT_BITS));
}
/**
 * a·2^n, rounded once, where n is given as the float32 n + 1.5·2^23, from −252 to 254. NaN stays NaN. @param one 1 in every lane.
 * Eight instructions.
 */
@inline export function scale(a: Vec, n: Vec, one: Vec): Vec {
  // 2^n is a product of two powers, for a float32 may be as large as 2^127 and as small as 2^-149.
  if (ASC_FEATURE_SIMD) {
    const bits = i32x4.shl(n, 23);
    const half = i32x4.shl(i32x4.shr_s(bits, 24), 23);
    return mul(mul(a, i32x4.add(half, one)), i32x4.add(i32x4.sub(bits, half), one));
  }
  const bits = reinterpret<i32>(n) << 23;
  const half = (bits >> 24) << 23;
  return a * reinterpret<f32>(half + 0x3f800000) * reinterpret<f32>(bits - half + 0x3f800000);
}
/**
 * A mask, where a is positive, and neither denormal nor infinite. Two instructions.
 *
 * @param least 2^-126 in every lane @param range 2^127
 */
@inline export function isNormal(a: Vec, least: Vec, range: Vec): Vec {
  // As integers: least ≤ a < 2^128, whose bits are the sum of these two.
  if (ASC_FEATURE_SIMD) return i32x4.lt_u(i32x4.sub(a, least), range);
  return <f32>(reinterpret<u32>(a) - reinterpret<u32>(least) < reinterpret<u32>(range));
}
/** a, which is not negative, with the sign of b. @param minusZero −0 in every lane. Two instructions. */
@inline export function withSign(a: Vec, b: Vec, minusZero: Vec): Vec {
  if (ASC_FEATURE_SIMD) return v128.or(a, v128.and(b, minusZero));
  return f32.copysign(a, b);
}

/** Stores a mask as bytes, 1 where it is set and 0 where it is not. Four instructions. */
@inline export function storeMask(p: usize, mask: Vec): void {
  // The product has bit i of four at bit 8 i.
  if (ASC_FEATURE_SIMD) store<u32>(p, (i32x4.bitmask(mask) * 0x00204081) & 0x01010101);
  else store<u8>(p, <u8>(mask != 0));
}
/** A mask, set where a byte is not 0. Four instructions. */
@inline export function loadMask(p: usize): Vec {
  if (!ASC_FEATURE_SIMD) return <f32>(load<u8>(p) != 0);
  const bytes = i16x8.extend_low_i8x16_u(v128.load32_zero(p));
  return i32x4.ne(i32x4.extend_low_i16x8_u(bytes), i32x4.splat(0));
}
/** The largest integer that is not larger, in each lane. */
@inline export function floor(a: Vec): Vec {
  if (ASC_FEATURE_SIMD) return f32x4.floor(a);
  return f32.floor(a);
}

/** v with one lane loaded from the float32 at p. */
@inline export function loadLane(p: usize, v: Vec, lane: u32): Vec {
  if (!ASC_FEATURE_SIMD) return load<f32>(p);
  if (lane == 0) return v128.load_lane<f32>(p, v, 0);
  if (lane == 1) return v128.load_lane<f32>(p, v, 1);
  if (lane == 2) return v128.load_lane<f32>(p, v, 2);
  return v128.load_lane<f32>(p, v, 3);
}

/** Stores LANES vectors that are fromStep bytes apart, transposed, toStep bytes apart. */
@inline export function storeTransposed(to: usize, toStep: usize, from: usize, fromStep: usize): void {
  if (ASC_FEATURE_SIMD) {
    const a = v128.load(from);
    const b = v128.load(from + fromStep);
    const c = v128.load(from + 2 * fromStep);
    const d = v128.load(from + 3 * fromStep);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ab2 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cd2 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    v128.store(to, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
    v128.store(to + toStep, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
    v128.store(to + 2 * toStep, v128.shuffle<f32>(ab2, cd2, 0, 1, 4, 5));
    v128.store(to + 3 * toStep, v128.shuffle<f32>(ab2, cd2, 2, 3, 6, 7));
  } else {
    store<f32>(to, load<f32>(from));
  }
}

/** The same of bytes: LANES runs of LANES bytes. Nine instructions. */
@inline export function storeTransposedBytes(to: usize, toStep: usize, from: usize, fromStep: usize): void {
  if (ASC_FEATURE_SIMD) {
    let a = v128.load32_zero(from);
    a = v128.load_lane<u32>(from + fromStep, a, 1);
    a = v128.load_lane<u32>(from + 2 * fromStep, a, 2);
    a = v128.load_lane<u32>(from + 3 * fromStep, a, 3);
    a = v128.shuffle<u8>(a, a, 0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    v128.store_lane<u32>(to, a, 0);
    v128.store_lane<u32>(to + toStep, a, 1);
    v128.store_lane<u32>(to + 2 * toStep, a, 2);
    v128.store_lane<u32>(to + 3 * toStep, a, 3);
  } else {
    store<u8>(to, load<u8>(from));
  }
}

/** Stores the sums of the vectors' lanes at `to`, four float64. Thirteen instructions. */
@inline export function storeSumsOfLanes(to: usize, a: Vec, b: Vec, c: Vec, d: Vec): void {
  if (ASC_FEATURE_SIMD) {
    const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 1, 4, 5), v128.shuffle<f32>(a, b, 2, 3, 6, 7));
    const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 1, 4, 5), v128.shuffle<f32>(c, d, 2, 3, 6, 7));
    const sums = f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7));
    storeWide(to, widen(sums, 0));
    storeWide(to + 16, widen(sums, 1));
  } else {
    storeWide(to, widen(a, 0));
    storeWide(to + 8, widen(b, 0));
    storeWide(to + 16, widen(c, 0));
    storeWide(to + 24, widen(d, 0));
  }
}

/** The sum of a's lanes. Six instructions. */
@inline export function sumOfLanes(a: Vec): f32 {
  if (!ASC_FEATURE_SIMD) return a;
  const pairs = f32x4.add(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The larger of a's lanes, passing over NaN in all but the first. Four instructions. */
@inline export function pmaxOfLanes(a: Vec): f32 {
  if (!ASC_FEATURE_SIMD) return a;
  const pairs = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2)), 0);
}
/** One half of v, widened. One instruction or, for half 1, two. */
@inline export function widen(v: Vec, half: u32): Wide {
  if (!ASC_FEATURE_SIMD) return <f64>v;
  return half ? f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)) : f64x2.promote_low_f32x4(v);
}
/** As many of the float32 numbers at p as a Wide has lanes, widened. Two instructions. */
@inline export function widenAt(p: usize): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.promote_low_f32x4(v128.load64_zero(p));
  return <f64>load<f32>(p);
}
/** v with one half replaced by w, rounded to float32. Two instructions. */
@inline export function withHalf(v: Vec, half: u32, w: Wide): Vec {
  if (!ASC_FEATURE_SIMD) return <f32>w;
  const n = f32x4.demote_f64x2_zero(w);
  return half ? v128.shuffle<f32>(v, n, 0, 1, 4, 5) : v128.shuffle<f32>(n, v, 0, 1, 6, 7);
}
@inline export function splatWide(x: f64): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.splat(x);
  return x;
}
@inline export function loadWide(p: usize): Wide {
  if (ASC_FEATURE_SIMD) return v128.load(p);
  return load<f64>(p);
}
@inline export function storeWide(p: usize, a: Wide): void {
  if (ASC_FEATURE_SIMD) v128.store(p, a);
  else store<f64>(p, a);
}
/** Adds w to the Wide at p. Three instructions. */
@inline export function addAt(p: usize, w: Wide): void {
  storeWide(p, addWide(loadWide(p), w));
}
/** Adds v to an accumulator, a Wide for each half of its lanes. */
@inline export function addTo(accumulator: usize, v: Vec): void {
  addAt(accumulator, widen(v, 0));
  if (HALVES > 1) addAt(accumulator + WIDE, widen(v, 1));
}
@inline export function addWide(a: Wide, b: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.add(a, b);
  return a + b;
}
@inline export function subWide(a: Wide, b: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.sub(a, b);
  return a - b;
}
@inline export function mulWide(a: Wide, b: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.mul(a, b);
  return a * b;
}
@inline export function divWide(a: Wide, b: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.div(a, b);
  return a / b;
}
@inline export function sqrtWide(a: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.sqrt(a);
  return Math.sqrt(a);
}
@inline export function gtWide(a: Wide, b: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.gt(a, b);
  return <f64>(a > b);
}
/** Whether a mask is set in all lanes. */
@inline export function allTrueWide(mask: Wide): bool {
  if (ASC_FEATURE_SIMD) return i64x2.all_true(mask);
  return mask != 0;
}
/** a, but zero where the mask is not set. */
@inline export function andWide(a: Wide, mask: Wide): Wide {
  if (ASC_FEATURE_SIMD) return v128.and(a, mask);
  return mask != 0 ? a : 0;
}
@inline export function pmaxWide(a: Wide, b: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.pmax(a, b);
  return a < b ? b : a;
}
/** The larger number in each lane, and NaN where either is NaN: max. */
@inline export function maximumWide(a: Wide, b: Wide): Wide {
  if (ASC_FEATURE_SIMD) return f64x2.max(a, b);
  return f64.max(a, b);
}
/** A lane, 0 or 1; without SIMD, a itself. */
@inline export function laneOfWide(a: Wide, lane: u32): f64 {
  if (!ASC_FEATURE_SIMD) return a;
  return lane ? f64x2.extract_lane(a, 1) : f64x2.extract_lane(a, 0);
}
/** The sum of a's lanes. */
@inline export function sumOfWide(a: Wide): f64 {
  return HALVES > 1 ? laneOfWide(a, 0) + laneOfWide(a, 1) : a;
}
/** a·2^n, where n is given as the float64 n + 1.5·2^52. Two instructions. */
@inline export function addToExponentWide(a: Wide, n: Wide): Wide {
  if (ASC_FEATURE_SIMD) return i64x2.add(a, i64x2.shl(n, 52));
  return reinterpret<f64>(reinterpret<i64>(a) + (reinterpret<i64>(n) << 52));
}
