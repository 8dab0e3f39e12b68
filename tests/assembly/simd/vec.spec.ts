import {
  abs,
  add,
  addAt,
  addToExponent,
  addToExponentWide,
  addWide,
  allTrueWide,
  and,
  andnot,
  andWide,
  anyTrue,
  div,
  divWide,
  eq,
  exponent,
  ge,
  gt,
  gtWide,
  HALVES,
  LANES,
  loadLane,
  loadVec,
  loadWide,
  madd,
  mantissa,
  mul,
  mulWide,
  nmadd,
  pmax,
  pmaxWide,
  pmin,
  select,
  splat,
  splatBits,
  splatWide,
  sqrt,
  sqrtWide,
  storeSumsOfLanes,
  storeVec,
  sub,
  subWide,
  sumOfLanes,
  VEC,
  WIDE,
  widen,
  withHalf,
} from "../../../assembly/simd/vec";
import { bits, free, intact, lane, laneWide, power, room, setAt, step, UNWRITTEN, vec, vecWide } from "../support";

function expectLanes(v: v128, a: f32, b: f32, c: f32, d: f32): void {
  expect<f32>(lane(v, 0)).toBe(a);
  expect<f32>(lane(v, 1)).toBe(b);
  expect<f32>(lane(v, 2)).toBe(c);
  expect<f32>(lane(v, 3)).toBe(d);
}

function expectWide(v: v128, a: f64, b: f64): void {
  expect<f64>(laneWide(v, 0)).toBe(a);
  expect<f64>(laneWide(v, 1)).toBe(b);
}

/** A mask of the lanes that are true. */
function mask(a: bool, b: bool, c: bool, d: bool): v128 {
  return gt(vec(f32(a), f32(b), f32(c), f32(d)), splat(0));
}

describe("sizes", () => {
  it("fit: LANES float32 are VEC bytes, and LANES / HALVES float64 WIDE bytes", () => {
    expect<usize>(4 * LANES).toBe(VEC);
    expect<usize>(8 * (LANES / HALVES)).toBe(WIDE);
  });
});

describe("arithmetic", () => {
  it("is done in each lane, with the operands in the order of their names", () => {
    const a = vec(1, -2, 9, 0.25);
    const b = vec(4, 8, -2, 2);
    expectLanes(add(a, b), 5, 6, 7, 2.25);
    expectLanes(sub(a, b), -3, -10, 11, -1.75);
    expectLanes(mul(a, b), 4, -16, -18, 0.5);
    expectLanes(div(a, b), 0.25, -0.25, -4.5, 0.125);
    expectLanes(sqrt(vec(4, 9, 0, 0.25)), 2, 3, 0, 0.5);
    expectLanes(abs(vec(-1, 2, -0.0, -Infinity)), 1, 2, 0, Infinity);
  });

  it("madd is a·b + c and nmadd c − a·b", () => {
    const a = vec(2, 3, -5, 0.5);
    const b = vec(7, -1, 2, 8);
    const c = vec(1, 10, 100, -1);
    expectLanes(madd(a, b, c), 15, 7, 90, 3);
    expectLanes(nmadd(a, b, c), -13, 13, 110, -5);
  });

  it("is done in each lane in float64", () => {
    const a = vecWide(3, -8);
    const b = vecWide(2, 16);
    expectWide(splatWide(0.1), 0.1, 0.1);
    expectWide(addWide(a, b), 5, 8);
    expectWide(subWide(a, b), 1, -24);
    expectWide(mulWide(a, b), 6, -128);
    expectWide(divWide(a, b), 1.5, -0.5);
    expectWide(sqrtWide(vecWide(6.25, 9)), 2.5, 3);
  });
});

describe("memory", () => {
  it("loadVec and storeVec move VEC bytes at an address that is no multiple of VEC", () => {
    const p = room(3 * VEC);
    for (let i: u32 = 0; i < 12; i++) setAt(p, i, <f32>i);
    storeVec(p + VEC + 4, loadVec(p));
    expectLanes(loadVec(p), 0, 1, 2, 3);
    expectLanes(loadVec(p + VEC), 4, 0, 1, 2);
    expectLanes(loadVec(p + 2 * VEC), 3, 9, 10, 11);
    expect<bool>(intact(p, 3 * VEC)).toBe(true);
    free(p);
  });

  it("loadLane loads 4 bytes into the one lane, and keeps the others", () => {
    const p = room(4);
    setAt(p, 0, 7);
    const v = vec(1, 2, 3, 4);
    expectLanes(loadLane(p, v, 0), 7, 2, 3, 4);
    expectLanes(loadLane(p, v, 1), 1, 7, 3, 4);
    expectLanes(loadLane(p, v, 2), 1, 2, 7, 4);
    expectLanes(loadLane(p, v, 3), 1, 2, 3, 7);
    expectLanes(loadLane(p - 4, v, 2), 1, 2, UNWRITTEN, 4);
    free(p);
  });
});

describe("pmax and pmin", () => {
  it("give the larger and the smaller number", () => {
    expectLanes(pmax(vec(1, 4, -3, Infinity), vec(2, 3, -5, 0)), 2, 4, -3, Infinity);
    expectLanes(pmin(vec(1, 4, -3, -Infinity), vec(2, 3, -5, 0)), 1, 3, -5, -Infinity);
    expectWide(pmaxWide(vecWide(1, -3), vecWide(2, -5)), 2, -3);
  });

  it("give the first operand where either is NaN", () => {
    const a = vec(NaN, 1, NaN, 1);
    const b = vec(1, NaN, NaN, 1);
    const most = pmax(a, b);
    const least = pmin(a, b);
    for (let i: u32 = 0; i < LANES; i++) {
      expect<u32>(bits(most, i)).toBe(bits(a, i));
      expect<u32>(bits(least, i)).toBe(bits(a, i));
    }
    expect<f64>(laneWide(pmaxWide(vecWide(NaN, 1), vecWide(1, NaN)), 0)).toBeNaN();
    expect<f64>(laneWide(pmaxWide(vecWide(NaN, 1), vecWide(1, NaN)), 1)).toBe(1);
  });
});

describe("masks", () => {
  it("gt, ge and eq set all bits of a lane or none, none for NaN", () => {
    const over = gt(vec(2, 1, 1, NaN), vec(1, 1, 2, 1));
    const notUnder = ge(vec(2, 1, 1, NaN), vec(1, 1, 2, NaN));
    const same = eq(vec(2, 1, NaN, 0), vec(1, 1, NaN, -0.0));
    for (let i: u32 = 0; i < LANES; i++) {
      expect<u32>(bits(over, i)).toBe(i == 0 ? u32.MAX_VALUE : 0);
      expect<u32>(bits(notUnder, i)).toBe(i < 2 ? u32.MAX_VALUE : 0);
      expect<u32>(bits(same, i)).toBe(i == 1 || i == 3 ? u32.MAX_VALUE : 0);
    }
    expect<bool>(anyTrue(gt(splat(NaN), splat(-Infinity)))).toBe(false);
  });

  it("anyTrue finds a single lane, wherever it is", () => {
    expect<bool>(anyTrue(mask(false, false, false, false))).toBe(false);
    expect<bool>(anyTrue(mask(true, false, false, false))).toBe(true);
    expect<bool>(anyTrue(mask(false, true, false, false))).toBe(true);
    expect<bool>(anyTrue(mask(false, false, true, false))).toBe(true);
    expect<bool>(anyTrue(mask(false, false, false, true))).toBe(true);
  });

  it("select is a where the mask is set, else b; andnot is 0 where the mask is set, and `and` where it is not", () => {
    const m = mask(true, false, false, true);
    expectLanes(select(vec(1, 2, 3, 4), vec(5, 6, 7, 8), m), 1, 6, 7, 4);
    expectLanes(andnot(vec(1, 2, 3, 4), m), 0, 2, 3, 0);
    expectLanes(and(vec(1, 2, 3, 4), m), 1, 0, 0, 4);
  });

  it("andnot and `and` remove NaN, too", () => {
    expectLanes(andnot(splat(NaN), mask(true, true, true, true)), 0, 0, 0, 0);
    expectLanes(and(splat(NaN), mask(false, false, false, false)), 0, 0, 0, 0);
  });
});

describe("exponents", () => {
  it("addToExponent is a·2^n for n + 1.5·2^23, wherever the product is normal", () => {
    const a = vec(1, -1.5, 1.9999999, 0.75);
    for (let n = -125; n <= 127; n++) {
      const r = addToExponent(a, splat(<f32>(n + 12582912)));
      for (let i: u32 = 0; i < LANES; i++) {
        expect<f64>(<f64>lane(r, i)).toBe(<f64>lane(a, i) * power(n), n.toString());
      }
    }
  });

  it("addToExponentWide is a·2^n for n + 1.5·2^52, wherever the product is normal", () => {
    for (let n = -1021; n <= 1023; n++) {
      const r = addToExponentWide(vecWide(-1.25, 0.75), splatWide(<f64>n + 6755399441055744));
      expectWide(r, -1.25 * power(n), 0.75 * power(n));
    }
  });

  it("a = mantissa · 2^exponent exactly, with the mantissa in [√½, √2), over all octaves and both sides of every seam", () => {
    const low = <f32>Math.SQRT1_2;
    const high = <f32>Math.SQRT2;
    let faults = 0;
    let last: f32 = 0;
    for (let a: u32 = 0x00800000; a < 0x7f800000; a += 0x00000ffb) {
      const seam = <f32>(<f64>high * power(<i32>(a >> 23) - 127));
      const v = vec(reinterpret<f32>(a), step(seam, -1), seam < Infinity ? seam : 1, step(reinterpret<f32>(a & 0xff800000), 1));
      const e = exponent(v);
      const m = mantissa(v);
      for (let i: u32 = 0; i < LANES; i++) {
        const n = lane(e, i);
        const r = lane(m, i);
        if (r >= low && r < high && Mathf.floor(n) == n && <f64>r * power(<i32>n) == <f64>lane(v, i)) continue;
        faults++;
        last = lane(v, i);
      }
    }
    expect<i32>(faults).toBe(0, `the last is ${last}`);
  });

  it("the exponent of 1 is 0, and its mantissa 1", () => {
    expectLanes(exponent(vec(1, 2, 0.5, 8)), 0, 1, -1, 3);
    expectLanes(mantissa(vec(1, 2, 0.5, 8)), 1, 1, 1, 1);
  });
});

describe("across lanes", () => {
  it("sumOfLanes and storeSumsOfLanes add up the lanes of each vector", () => {
    expect<f32>(sumOfLanes(vec(1, 20, 300, 4000))).toBe(4321);
    const to = room(32);
    storeSumsOfLanes(to, vec(1, 20, 300, 4000), vec(5, 6, 7, 8), vec(0, 0, -1, 0), vec(2, 0, 0, 1));
    expectWide(loadWide(to), 4321, 26);
    expectWide(loadWide(to + 16), -1, 3);
    addAt(to, vecWide(1, -1));
    expectWide(loadWide(to), 4322, 25);
    expect<bool>(intact(to, 32)).toBe(true);
    free(to);
  });

  it("allTrueWide is whether every lane of a mask is set, and gtWide compares", () => {
    expect<bool>(allTrueWide(gtWide(vecWide(1, 2), splatWide(0.5)))).toBe(true);
    expect<bool>(allTrueWide(gtWide(vecWide(1, NaN), splatWide(0.5)))).toBe(false);
    expectWide(andWide(vecWide(7, 7), gtWide(vecWide(2, NaN), vecWide(1, 1))), 7, 0);
  });

  it("splatBits puts an integer's bits into every lane", () => {
    const to = room(16);
    storeVec(to, splatBits(-7));
    for (let i: usize = 0; i < 16; i += 4) expect<i32>(load<i32>(to + i)).toBe(-7);
    free(to);
  });
});

describe("halves", () => {
  it("widen gives the lower two lanes for half 0 and the upper two for half 1, exactly", () => {
    const v = vec(0.1, -2.5, f32.MIN_VALUE, f32.MAX_VALUE);
    expectWide(widen(v, 0), <f64>(<f32>0.1), -2.5);
    expectWide(widen(v, 1), <f64>f32.MIN_VALUE, <f64>f32.MAX_VALUE);
  });

  it("withHalf replaces the one half, rounded to float32, and keeps the other", () => {
    const v = vec(1, 2, 3, 4);
    expectLanes(withHalf(v, 0, vecWide(0.1, -7)), 0.1, -7, 3, 4);
    expectLanes(withHalf(v, 1, vecWide(0.1, -7)), 1, 2, 0.1, -7);
    expectLanes(withHalf(v, 1, vecWide(1e300, -1e300)), 1, 2, Infinity, -Infinity);
  });

  it("widen and withHalf undo each other", () => {
    const v = vec(0.1, -1e-40, 3e38, -0.0);
    let r = splat(NaN);
    for (let half: u32 = 0; half < HALVES; half++) r = withHalf(r, half, widen(v, half));
    for (let i: u32 = 0; i < LANES; i++) expect<u32>(bits(r, i)).toBe(bits(v, i));
  });
});
