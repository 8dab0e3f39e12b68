// What the specs share: lanes by number, numbers by bits, and memory with watched borders.

export function vec(a: f32, b: f32, c: f32, d: f32): v128 {
  return f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(a), 1, b), 2, c), 3, d);
}

export function vecWide(a: f64, b: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(a), 1, b);
}

export function lane(v: v128, i: u32): f32 {
  if (i == 0) return f32x4.extract_lane(v, 0);
  if (i == 1) return f32x4.extract_lane(v, 1);
  if (i == 2) return f32x4.extract_lane(v, 2);
  return f32x4.extract_lane(v, 3);
}

export function laneWide(v: v128, i: u32): f64 {
  return i == 0 ? f64x2.extract_lane(v, 0) : f64x2.extract_lane(v, 1);
}

/** The bits of a lane. */
export function bits(v: v128, i: u32): u32 {
  return reinterpret<u32>(lane(v, i));
}

/** 2^n for an integer n, exactly. */
export function power(n: i32): f64 {
  return reinterpret<f64>((<u64>(n + 1023)) << 52);
}

/** The next float32 after a, away from zero; before it, towards zero, for steps of −1. */
export function step(a: f32, steps: i32): f32 {
  return reinterpret<f32>(reinterpret<u32>(a) + steps);
}

/** The larger of two errors. An error of NaN is infinite. */
export function worse(worst: f64, error: f64): f64 {
  return error <= worst ? worst : isNaN(error) ? Infinity : error;
}

const BORDER: usize = 72;
const WATCH: u8 = 0xa5;
/** What a float32 of unwritten room or of a border reads as. */
export const UNWRITTEN: f32 = reinterpret<f32>(0xa5a5a5a5);

/** Room for bytes with a watched border on both sides; its address, like tensors', is a multiple of 8 but not always of 16. */
export function room(bytes: usize): usize {
  const block = heap.alloc(bytes + 2 * BORDER);
  memory.fill(block, WATCH, bytes + 2 * BORDER);
  return block + BORDER;
}

/** Whether nothing was written outside of room. */
export function intact(p: usize, bytes: usize): bool {
  for (let i: usize = 0; i < BORDER; i++) {
    if (load<u8>(p - 1 - i) != WATCH || load<u8>(p + bytes + i) != WATCH) return false;
  }
  return true;
}

export function free(p: usize): void {
  heap.free(p - BORDER);
}

export function getAt(p: usize, i: u32): f32 {
  return load<f32>(p + ((<usize>i) << 2));
}

export function setAt(p: usize, i: u32, value: f32): void {
  store<f32>(p + ((<usize>i) << 2), value);
}

/** Random numbers, the same ones in every run. */
export class Random {
  private state: u64;

  constructor(seed: u32) {
    this.state = seed;
  }

  /** Even over [low, high). */
  between(low: f64, high: f64): f32 {
    this.state = this.state * 6364136223846793005 + 1442695040888963407;
    return <f32>(low + (high - low) * (<f64>(this.state >> 40) / 16777216));
  }
}
