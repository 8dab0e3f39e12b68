import {
  EXP2_BYTES,
  exp2 as exp2At,
  exp2Fine,
  exp2Scale,
  exp2Wide,
  log2,
  scaledExp2,
  storeExp2Constants,
} from "../../../assembly/simd/exp2";
import { lane, laneWide, power, room, step, vec, vecWide } from "../support";

const constants = room(EXP2_BYTES);
storeExp2Constants(constants);

function exp2(t: v128): v128 {
  return exp2At(t, constants);
}

/** exp2 of one number, in a lane that changes with the number. */
function one(t: f32): f32 {
  const i = reinterpret<u32>(t) & 3;
  return lane(exp2(vec(i == 0 ? t : 0, i == 1 ? t : 1, i == 2 ? t : 2, i == 3 ? t : 3)), i);
}

function oneWide(t: f64): f64 {
  const i = <u32>reinterpret<u64>(t) & 1;
  return laneWide(exp2Wide(vecWide(i == 0 ? t : 0, i == 1 ? t : 1)), i);
}

let worst: f64 = 0;
let where: f64 = 0;

function reset(): void {
  worst = 0;
  where = NaN;
}

/** Keeps the largest error. An error of NaN is infinite. */
function keep(error: f64, t: f64): void {
  if (error <= worst) return;
  worst = isNaN(error) ? Infinity : error;
  where = t;
}

function message(): string {
  return `the worst is at ${where}`;
}

function keepExp2(v: v128): void {
  const e = exp2(v);
  for (let i: u32 = 0; i < 4; i++) {
    const t = <f64>lane(v, i);
    const exact = Math.exp2(t);
    keep(Math.abs(<f64>lane(e, i) - exact) / exact, t);
  }
}

function keepExp2Wide(v: v128): void {
  const e = exp2Wide(v);
  for (let i: u32 = 0; i < 2; i++) {
    const t = laneWide(v, i);
    const exact = Math.exp2(t);
    keep(Math.abs(laneWide(e, i) - exact) / exact, t);
  }
}

function keepLog2(v: v128): void {
  const e = log2(v);
  for (let i: u32 = 0; i < 4; i++) {
    const exact = Math.log2(lane(v, i));
    keep(Math.abs(<f64>lane(e, i) - exact) / (1 + Math.abs(exact)), lane(v, i));
  }
}

describe("exp2", () => {
  it("has a relative error below 4e-6 for -125 ≤ t ≤ 124, over a million t and the neighbourhood of every seam", () => {
    reset();
    const pace = 1.0 / 1013;
    for (let t: f64 = -125; t + 3 * pace <= 124; t += 4 * pace) {
      keepExp2(vec(<f32>t, <f32>(t + pace), <f32>(t + 2 * pace), <f32>(t + 3 * pace)));
    }
    // Close to zero, where float32 numbers are dense.
    for (let t: f64 = -0.75; t < 0.75; t += 7.3e-6) {
      keepExp2(vec(<f32>t, <f32>(t + 1.9e-6), <f32>(t + 3.7e-6), <f32>(t + 5.5e-6)));
    }
    for (let n = -125; n < 124; n++) {
      const seam = <f32>n + 0.5;
      keepExp2(vec(step(seam, -1), seam, step(seam, 1), step(seam, 2)));
    }
    expect<f64>(worst).toBeLessThan(4e-6, message());
  });

  it("has a relative error below 4e-6 for -126 ≤ t ≤ -125 too", () => {
    reset();
    for (let t: f64 = -126; t < -125; t += 1.0 / 1024) keepExp2(f32x4.splat(<f32>t));
    expect<f64>(worst).toBeLessThan(4e-6, message());
  });

  it("is exactly 1 at 0 and at -0", () => {
    expect<f32>(one(0)).toBe(1);
    expect<f32>(one(-0.0)).toBe(1);
  });

  it("is exactly 2^n at every integer n from -126 to 124", () => {
    for (let n = -126; n <= 124; n++) expect<f64>(<f64>one(<f32>n)).toBe(power(n), n.toString());
  });

  it("is 2^-126 or less below -126, and never negative", () => {
    const far: f32[] = [
      step(-126, 1),
      -126.25,
      -126.5,
      -126.75,
      -127,
      -127.5,
      -149,
      -150,
      -200,
      -1e3,
      -1e6,
      -1e20,
      -f32.MAX_VALUE,
      -Infinity,
    ];
    for (let i = 0; i < far.length; i++) {
      const e = <f64>one(far[i]);
      expect<f64>(e).toBeLessThanOrEqual(power(-126), far[i].toString());
      expect<f64>(e).toBeGreaterThanOrEqual(0, far[i].toString());
    }
  });

  it("is NaN for NaN, of either sign, in its own lane only", () => {
    expect<f32>(one(NaN)).toBeNaN();
    expect<f32>(one(-NaN)).toBeNaN();
    const e = exp2(vec(1, NaN, 2, 3));
    expect<f32>(lane(e, 0)).toBe(2);
    expect<f32>(lane(e, 1)).toBeNaN();
    expect<f32>(lane(e, 2)).toBe(4);
    expect<f32>(lane(e, 3)).toBe(8);
  });

  it("does not fall from one side of a seam, n + ½, to the other", () => {
    for (let n = -125; n < 124; n++) {
      const seam = <f32>n + 0.5;
      const below = one(step(seam, n < 0 ? 1 : -1));
      const above = one(step(seam, n < 0 ? -1 : 1));
      expect<f32>(below).toBeLessThanOrEqual(one(seam), seam.toString());
      expect<f32>(one(seam)).toBeLessThanOrEqual(above, seam.toString());
    }
  });
});

describe("scaledExp2", () => {
  it("is exp2Scale times 2^t to 4e-6 for -126 ≤ t ≤ 117, and exactly exp2Scale at 0", () => {
    reset();
    const scale = <f64>lane(exp2Scale(constants), 0);
    for (let t: f64 = -126; t <= 117; t += 1.0 / 4099) {
      const exact = Math.exp2(<f32>t) * scale;
      keep(Math.abs(<f64>lane(scaledExp2(f32x4.splat(<f32>t), constants), 0) - exact) / exact, t);
    }
    for (let t: f64 = -0.75; t < 0.75; t += 1.9e-6) {
      const exact = Math.exp2(<f32>t) * scale;
      keep(Math.abs(<f64>lane(scaledExp2(f32x4.splat(<f32>t), constants), 0) - exact) / exact, t);
    }
    expect<f64>(worst).toBeLessThan(4e-6, message());
    expect<f64>(<f64>lane(scaledExp2(f32x4.splat(0), constants), 0)).toBe(scale);
  });

  it("is 2^-126 exp2Scale or less below -126, and NaN for NaN", () => {
    const scale = <f64>lane(exp2Scale(constants), 0);
    const far: f32[] = [-126.5, -149, -1e6, -Infinity];
    for (let i = 0; i < far.length; i++) {
      const e = <f64>lane(scaledExp2(f32x4.splat(far[i]), constants), 0);
      expect<f64>(e).toBeLessThanOrEqual(power(-126) * scale, far[i].toString());
      expect<f64>(e).toBeGreaterThanOrEqual(0, far[i].toString());
    }
    expect<f32>(lane(scaledExp2(f32x4.splat(NaN), constants), 0)).toBeNaN();
  });
});

describe("exp2Wide", () => {
  it("has a relative error below 4e-6 for -1000 ≤ t ≤ 1023, over a million t and every seam", () => {
    reset();
    const pace = 1.0 / 509;
    for (let t: f64 = -1000; t + pace <= 1023; t += 2 * pace) keepExp2Wide(vecWide(t, t + pace));
    for (let n = -1000; n < 1023; n++) {
      const seam = <f64>n + 0.5;
      keepExp2Wide(vecWide(seam * (1 - 2.3e-16), seam * (1 + 2.3e-16)));
      keepExp2Wide(f64x2.splat(seam));
    }
    expect<f64>(worst).toBeLessThan(4e-6, message());
  });

  it("is exactly 2^n at every integer n from -1000 to 1023", () => {
    for (let n = -1000; n <= 1023; n++) expect<f64>(oneWide(n)).toBe(power(n), n.toString());
  });

  it("is 2^-1000 below -1000 and at -∞", () => {
    const far: f64[] = [-1000.25, -1000.5, -1023, -1074.5, -1e4, -1e20, -1e300, -f64.MAX_VALUE, -Infinity];
    for (let i = 0; i < far.length; i++) expect<f64>(oneWide(far[i])).toBe(power(-1000), far[i].toString());
  });

  it("is NaN for NaN, in its own lane only", () => {
    const e = exp2Wide(vecWide(NaN, 3));
    expect<f64>(laneWide(e, 0)).toBeNaN();
    expect<f64>(laneWide(e, 1)).toBe(8);
    expect<f64>(oneWide(-NaN)).toBeNaN();
  });
});

describe("exp2Fine", () => {
  it("has a relative error below 1e-8 for -1000 ≤ t ≤ 1023, is 2^-1000 below, and NaN for NaN", () => {
    reset();
    const pace = 1.0 / 509;
    for (let t: f64 = -1000; t <= 1023; t += pace) {
      const exact = Math.exp2(t);
      keep(Math.abs(laneWide(exp2Fine(vecWide(t, 0)), 0) - exact) / exact, t);
    }
    expect<f64>(worst).toBeLessThan(1e-8, message());
    expect<f64>(laneWide(exp2Fine(vecWide(-Infinity, -1001)), 0)).toBe(power(-1000));
    expect<f64>(laneWide(exp2Fine(vecWide(0, NaN)), 1)).toBeNaN();
  });
});

describe("log2", () => {
  it("has an error below 2e-7·(1 + |log2 a|) over the normal range, with every 7th float32 from ½ to 2", () => {
    reset();
    for (let a = reinterpret<u32>(<f32>0.5); a < reinterpret<u32>(<f32>2); a += 28) {
      keepLog2(vec(reinterpret<f32>(a), reinterpret<f32>(a + 7), reinterpret<f32>(a + 14), reinterpret<f32>(a + 21)));
    }
    // From 2^-126 to the largest float32, some 8000 in each octave.
    for (let a: u32 = 0x00800000; a < 0x7f800000 - 4044; a += 4044) {
      keepLog2(vec(reinterpret<f32>(a), reinterpret<f32>(a + 1011), reinterpret<f32>(a + 2022), reinterpret<f32>(a + 3033)));
    }
    const root = <f32>Math.SQRT2;
    for (let n = -126; n < 124; n++) {
      const seam = root * <f32>power(n);
      keepLog2(vec(step(seam, -1), seam, step(seam, 1), n > -126 ? step(<f32>power(n), -1) : 1));
    }
    keepLog2(f32x4.splat(f32.MAX_VALUE));
    expect<f64>(worst).toBeLessThan(2e-7, message());
  });

  it("is exactly n at 2^n for every normal power of two", () => {
    for (let n = -126; n <= 124; n++) expect<f32>(lane(log2(f32x4.splat(<f32>power(n))), 0)).toBe(<f32>n);
  });
});
