import { expOfNegative, MAX_CONSTANTS, storeExpOfNegative } from "./simd/elementary";
import {
  addWide,
  HALVES,
  LANES,
  loadVec,
  mul,
  pmax,
  pmaxOfLanes,
  splat,
  splatWide,
  storeVec,
  sub,
  sumOfWide,
  VEC,
  widen,
} from "./simd/vec";

// Softmax of rows: e^(x − m) / Σ e^(x − m), where m is the row's largest number. NaN in a row, ∞ in it, or nothing but −∞, gives NaN.

/** A table: how many numbers a row has; room for the numbers of a row behind the whole vectors, with −∞ behind them; constants. */
const REST: usize = 16;
const CONSTANTS: usize = REST + VEC;

export function softmax_table_bytes(): usize {
  return CONSTANTS + MAX_CONSTANTS * VEC;
}

/** Writes a table. @param at softmax_table_bytes @param channels how many numbers a row has */
export function softmax_prepare(at: usize, channels: u32): void {
  store<u32>(at, channels);
  storeVec(at + REST, splat(-Infinity));
  storeExpOfNegative(at + CONSTANTS);
}

/** @param rest bytes behind the whole vectors, which end at `end` */
function row(at: usize, x: usize, y: usize, end: usize, rest: usize): void {
  const constants = at + CONSTANTS;
  const last = at + REST;
  const shift = y - x;
  for (let i: usize = 0; i < rest; i += 4) store<f32>(last + i, load<f32>(end + i));
  // NaN is passed over here, for its own exponential is NaN.
  let most = loadVec(last);
  let other = most;
  let p = x;
  for (; p + VEC < end; p += 2 * VEC) {
    most = pmax(most, loadVec(p));
    other = pmax(other, loadVec(p + VEC));
  }
  if (p < end) most = pmax(most, loadVec(p));
  most = splat(pmaxOfLanes(pmax(most, other)));
  let low = splatWide(0);
  let high = splatWide(0);
  for (p = x; p < end; p += VEC) {
    const e = expOfNegative(sub(loadVec(p), most), constants);
    storeVec(p + shift, e);
    low = addWide(low, widen(e, 0));
    if (HALVES > 1) high = addWide(high, widen(e, 1));
  }
  if (rest) {
    const e = expOfNegative(sub(loadVec(last), most), constants);
    storeVec(last, e);
    low = addWide(low, widen(e, 0));
    if (HALVES > 1) high = addWide(high, widen(e, 1));
  }
  const factor: f32 = <f32>(1 / sumOfWide(addWide(low, high)));
  for (p = x + shift; p < end + shift; p += VEC) storeVec(p, mul(loadVec(p), splat(factor)));
  for (let i: usize = 0; i < rest; i += 4) store<f32>(end + shift + i, load<f32>(last + i) * factor);
  storeVec(last, splat(-Infinity));
}

/**
 * Stores the softmax of rows, of `count` numbers together.
 *
 * @param at a table after softmax_prepare
 * @param x, y float32, at the first row
 */
export function softmax_apply(at: usize, x: usize, y: usize, _start: u32, count: u32): void {
  const channels = load<u32>(at);
  const bytes = (<usize>channels) << 2;
  const rest = (<usize>(channels & (LANES - 1))) << 2;
  for (const stop = x + ((<usize>count) << 2); x < stop; x += bytes, y += bytes) row(at, x, y, x + bytes - rest, rest);
}

/**
 * Stores the gradient of the softmax of rows, of `count` numbers together: y (dy − Σ dy y).
 *
 * @param at how many numbers a row has
 * @param dy, y, dx float32, at the first row; y is the softmax
 */
export function softmax_grad_apply(at: usize, dy: usize, y: usize, dx: usize, _start: u32, count: u32): void {
  const channels = load<u32>(at);
  const bytes = (<usize>channels) << 2;
  const whole = (<usize>(channels & ~(LANES - 1))) << 2;
  for (const stop = dy + ((<usize>count) << 2); dy < stop; dy += bytes, y += bytes, dx += bytes) {
    let low = splatWide(0);
    let high = splatWide(0);
    for (let p: usize = 0; p < whole; p += VEC) {
      const product = mul(loadVec(dy + p), loadVec(y + p));
      low = addWide(low, widen(product, 0));
      if (HALVES > 1) high = addWide(high, widen(product, 1));
    }
    let sum = sumOfWide(addWide(low, high));
    for (let p = whole; p < bytes; p += 4) sum += <f64>(load<f32>(dy + p) * load<f32>(y + p));
    const mean: f32 = <f32>sum;
    for (let p: usize = 0; p < whole; p += VEC) storeVec(dx + p, mul(loadVec(y + p), sub(loadVec(dy + p), splat(mean))));
    for (let p = whole; p < bytes; p += 4) store<f32>(dx + p, load<f32>(y + p) * (load<f32>(dy + p) - mean));
  }
}
