import { add, loadNth, loadVec, madd, splat, storeVec, VEC, Vec } from "../simd/vec";
import { cropImage, padImage } from "./image";
import { borderedHeight, borderedWidth, ConvolutionPlan, describeImage } from "./plan";

// Depthwise convolutions (docs/math.md, section 6.2), with channels last, as always in TensorFlow.js. Output channel q is the
// convolution of input channel q / multiplier. The copy of x with a border has each channel `multiplier` times, so that output
// channel q is of channel q. Where dx is copied from its border, these channels are added.

/**
 * dW [filterHeight, filterWidth, inChannels, multiplier] of a depthwise convolution.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them
 */
export function depthwise_backprop_filter_apply(at: usize, x: usize, dy: usize, dw: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const channels = plan.outChannels;
  memory.fill(dw, 0, (<usize>plan.filterHeight * plan.filterWidth * channels) << 2);
  if (plan.batch == 0 || plan.outHeight == 0 || plan.outWidth == 0) return;
  const height = borderedHeight(plan);
  const width = borderedWidth(plan);
  const pixel = (<usize>channels) << 2;
  const row = width * pixel;
  const inImage = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const source = at + plan.padded;
  const tile = max<u32>(TILE_BYTES / <u32>pixel, 4);
  const tileColumns = min(tile, plan.outWidth);
  const tileRows = max<u32>(tile / plan.outWidth, 1);
  for (let b: u32 = 0; b < plan.batch; b++, x += inImage, dy += plan.outHeight * plan.outWidth * pixel) {
    const image = describeImage(plan, plan.inHeight, plan.inWidth, plan.inChannels, plan.inHeight, plan.inWidth);
    const bottom = height - plan.padTop - plan.inHeight;
    const right = width - plan.padLeft - plan.inWidth;
    padImage(image, x, source, plan.padTop, bottom, plan.padLeft, right, channels / plan.inChannels);
    for (let y: u32 = 0; y < plan.outHeight; y += tileRows) {
      for (let x: u32 = 0; x < plan.outWidth; x += tileColumns) {
        const rows = min(tileRows, plan.outHeight - y);
        const columns = min(tileColumns, plan.outWidth - x);
        const p = dy + (y * plan.outWidth + x) * pixel;
        const s = source + y * plan.strideHeight * row + x * plan.strideWidth * pixel;
        for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow++) {
          for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn += TAPS) {
            const from = s + tapRow * plan.dilationHeight * row + tapColumn * plan.dilationWidth * pixel;
            const out = dw + (tapRow * plan.filterWidth + tapColumn) * pixel;
            addTapGradients(plan, from, row, p, rows, columns, min(TAPS, plan.filterWidth - tapColumn), out);
          }
        }
      }
    }
  }
}

/** Bytes of a tile of dy, at most: together with what its taps meet, it stays in the first-level cache. */
const TILE_BYTES: u32 = 16384;
/** Taps of a filter's row that one walk over the pixels sums for. */
const TAPS: u32 = 3;
/** Bytes of the channels that it sums for at once, two vectors. With more, the engine has too few registers for what it loads ahead. */
const BLOCK: usize = 2 * VEC;

/**
 * Adds to dW of some taps of a row what a tile of dy gives.
 *
 * @param x the first pixel of the bordered image that the first tap meets
 * @param row bytes of a row of it
 * @param taps 1 to TAPS
 * @param out dW of the first tap
 */
function addTapGradients(
  plan: ConvolutionPlan,
  x: usize,
  row: usize,
  dy: usize,
  rows: u32,
  columns: u32,
  taps: u32,
  out: usize,
): void {
  const pixel = (<usize>plan.outChannels) << 2;
  const step = plan.strideWidth * pixel;
  const rowStep = plan.strideHeight * row - columns * step;
  const dyRowStep = (plan.outWidth - columns) * pixel;
  // Taps after the last repeat it.
  const tap = plan.dilationWidth * pixel;
  const o1 = taps > 1 ? tap : 0;
  const o2 = taps > 2 ? 2 * tap : o1;
  let q: usize = 0;
  for (; q + BLOCK <= pixel; q += BLOCK) {
    let a0: Vec = splat(0);
    let a1: Vec = splat(0);
    let a2: Vec = splat(0);
    let b0: Vec = splat(0);
    let b1: Vec = splat(0);
    let b2: Vec = splat(0);
    let s = x + q;
    let p = dy + q;
    for (let y = rows; y != 0; y--, s += rowStep, p += dyRowStep) {
      for (let i = columns; i != 0; i--, p += pixel, s += step) {
        const s1 = s + o1;
        const s2 = s + o2;
        const a = loadVec(p);
        a0 = madd(loadVec(s), a, a0);
        a1 = madd(loadVec(s1), a, a1);
        a2 = madd(loadVec(s2), a, a2);
        const b = loadNth(p, 1);
        b0 = madd(loadNth(s, 1), b, b0);
        b1 = madd(loadNth(s1, 1), b, b1);
        b2 = madd(loadNth(s2, 1), b, b2);
      }
    }
    const to = out + q;
    addBlock(to, a0, b0);
    if (taps > 1) addBlock(to + pixel, a1, b1);
    if (taps > 2) addBlock(to + 2 * pixel, a2, b2);
  }
  for (; q + VEC <= pixel; q += VEC) {
    let a0: Vec = splat(0);
    let a1: Vec = splat(0);
    let a2: Vec = splat(0);
    let s = x + q;
    let p = dy + q;
    for (let y = rows; y != 0; y--, s += rowStep, p += dyRowStep) {
      for (let i = columns; i != 0; i--, p += pixel, s += step) {
        const a = loadVec(p);
        a0 = madd(loadVec(s), a, a0);
        a1 = madd(loadVec(s + o1), a, a1);
        a2 = madd(loadVec(s + o2), a, a2);
      }
    }
    const to = out + q;
    addVec(to, a0);
    if (taps > 1) addVec(to + pixel, a1);
    if (taps > 2) addVec(to + 2 * pixel, a2);
  }
  for (; q < pixel; q += 4) {
    for (let t: u32 = 0; t < taps; t++) {
      let sum: f32 = 0;
      let s = x + q + t * tap;
      let p = dy + q;
      for (let y = rows; y != 0; y--, s += rowStep, p += dyRowStep) {
        for (let i = columns; i != 0; i--, p += pixel, s += step) sum += load<f32>(s) * load<f32>(p);
      }
      const to = out + q + t * pixel;
      store<f32>(to, load<f32>(to) + sum);
    }
  }
}

@inline function addVec(to: usize, v: Vec): void {
  storeVec(to, add(loadVec(to), v));
}
@inline function addBlock(to: usize, a: Vec, b: Vec): void {
  addVec(to, a);
  addVec(to + VEC, b);
}

/**
 * dx of a depthwise convolution: every pixel of dy, times the filter, is added to the pixels of a bordered dx that it depends on.
 *
 * @param at a ConvolutionPlan
 * @param dy, dx as the plan describes them
 * @param filter [filterHeight, filterWidth, inChannels, multiplier]
 */
export function depthwise_backprop_input_apply(at: usize, dy: usize, filter: usize, dx: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const channels = plan.outChannels;
  const height = borderedHeight(plan);
  const width = borderedWidth(plan);
  const pixel = (<usize>channels) << 2;
  const row = width * pixel;
  const inImage = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const padded = at + plan.padded;
  for (let b: u32 = 0; b < plan.batch; b++, dx += inImage, dy += plan.outHeight * plan.outWidth * pixel) {
    memory.fill(padded, 0, height * row);
    let p = dy;
    for (let y: u32 = 0; y < plan.outHeight; y++) {
      for (let x: u32 = 0; x < plan.outWidth; x++, p += pixel) {
        const to = padded + y * plan.strideHeight * row + x * plan.strideWidth * pixel;
        let w = filter;
        for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow++) {
          for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn++, w += pixel) {
            const t = to + tapRow * plan.dilationHeight * row + tapColumn * plan.dilationWidth * pixel;
            let q: usize = 0;
            for (; q + VEC <= pixel; q += VEC) storeVec(t + q, madd(loadVec(p + q), loadVec(w + q), loadVec(t + q)));
            for (; q < pixel; q += 4) store<f32>(t + q, load<f32>(t + q) + load<f32>(p + q) * load<f32>(w + q));
          }
        }
      }
    }
    const image = describeImage(plan, plan.inHeight, plan.inWidth, plan.inChannels, plan.inHeight, plan.inWidth);
    cropImage(image, padded + plan.padTop * row + plan.padLeft * pixel, row, dx, channels / plan.inChannels);
  }
}
