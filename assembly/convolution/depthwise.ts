import { add, loadNth, loadVec, madd, splat, storeVec, VEC, Vec } from "../simd/vec";
import { padImage } from "./image";
import {
  borderBefore,
  borderedHeight,
  borderedWidth,
  ConvolutionPlan,
  ceilDiv,
  describeImage,
  edgeOf,
  lastRow,
  outImageBytes,
} from "./plan";

// Depthwise convolutions (docs/math.md, section 6.2), with channels last, as always in TensorFlow.js. Output channel q is the
// convolution of input channel q / multiplier. The copy of x with a border has each channel `multiplier` times, so that output
// channel q is of channel q. dx is computed for each output channel, and those of an input channel are added.

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
  if (plan.batch == 0 || outImageBytes(plan) == 0) return;
  const height = borderedHeight(plan);
  const width = borderedWidth(plan);
  const pixel = (<usize>channels) << 2;
  const step = pixel + plan.pixelGap;
  const row = width * step;
  const inImage = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const tile = max<u32>(TILE_BYTES / <u32>pixel, 4);
  const tileColumns = min(tile, plan.outWidth);
  const tileRows = max<u32>(tile / plan.outWidth, 1);
  for (let b: u32 = 0; b < plan.batch; b++, x += inImage, dy += plan.outHeight * plan.outWidth * pixel) {
    const source = padInput(plan, x, height, width);
    for (let y: u32 = 0; y < plan.outHeight; y += tileRows) {
      for (let x: u32 = 0; x < plan.outWidth; x += tileColumns) {
        const rows = min(tileRows, plan.outHeight - y);
        const columns = min(tileColumns, plan.outWidth - x);
        const p = dy + (y * plan.outWidth + x) * pixel;
        const s = source + y * plan.strideHeight * row + x * plan.strideWidth * step;
        for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow++) {
          for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn += TAPS) {
            const from = s + tapRow * plan.dilationHeight * row + tapColumn * plan.dilationWidth * step;
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
  const step = plan.strideWidth * (pixel + plan.pixelGap);
  const rowStep = plan.strideHeight * row - columns * step;
  const dyRowStep = (plan.outWidth - columns) * pixel;
  // Taps after the last repeat it.
  const tap = plan.dilationWidth * (pixel + plan.pixelGap);
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

/** A copy of an image of x with its border, with channels repeated, in the plan's scratch. */
function padInput(plan: ConvolutionPlan, x: usize, height: u32, width: u32): usize {
  const to = changetype<usize>(plan) + plan.padded;
  const image = describeImage(plan, plan.inHeight, plan.inWidth, plan.inChannels, plan.inHeight, plan.inWidth);
  const bottom = height - plan.padTop - plan.inHeight;
  const right = width - plan.padLeft - plan.inWidth;
  padImage(image, x, to, plan.padTop, bottom, plan.padLeft, right, plan.outChannels / plan.inChannels, plan.pixelGap);
  return to;
}

/**
 * A depthwise convolution.
 *
 * @param at a ConvolutionPlan
 * @param x, y as the plan describes them
 * @param filter [filterHeight, filterWidth, inChannels, multiplier]
 */
export function depthwise_apply(at: usize, x: usize, filter: usize, y: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  if (plan.outChannels == 0) return;
  const height = borderedHeight(plan);
  const width = borderedWidth(plan);
  const pixel = (<usize>plan.outChannels) << 2;
  const step = pixel + plan.pixelGap;
  const row = width * step;
  const inImage = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  for (let b: u32 = 0; b < plan.batch; b++, x += inImage) {
    let source = padInput(plan, x, height, width);
    for (let i: u32 = 0; i < plan.outHeight; i++, source += plan.strideHeight * row, y += plan.outWidth * pixel) {
      correlate(
        pixel,
        source,
        plan.strideWidth * step,
        plan.dilationHeight * row,
        plan.dilationWidth * step,
        filter,
        plan.filterWidth * pixel,
        pixel,
        plan.filterHeight,
        plan.filterWidth,
        y,
        pixel,
        plan.outWidth,
      );
    }
  }
}

/** The taps, along an axis of the filter, that a position of the input meets: which they are depends on its remainder by the stride. */
@unmanaged
class Phase {
  /** The first of them. Tap + tapStep is the next. */
  tap: u32;
  tapStep: u32;
  /** How many there are. */
  count: u32;
  /** The position of dy that the last of them meets. That of the one before is dyStep further. */
  dy: i32;
  dyStep: u32;

  /** @param position from the beginning of the padding */
  set(position: u32, filter: u32, stride: u32, dilation: u32): void {
    const common = gcd(stride, dilation);
    const tapStep = stride / common;
    this.tapStep = tapStep;
    this.dyStep = dilation / common;
    this.count = 0;
    for (let tap: u32 = 0; tap < tapStep && tap < filter; tap++) {
      if ((position + (stride - 1) * tap * dilation) % stride != 0) continue;
      this.tap = tap;
      this.count = ceilDiv(filter - tap, tapStep);
      break;
    }
    if (this.count == 0) return;
    this.dy = <i32>(position - (this.tap + (this.count - 1) * tapStep) * dilation) / <i32>stride;
  }
}

function gcd(a: u32, b: u32): u32 {
  while (b != 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/**
 * dx of a depthwise convolution: every pixel of dx is the sum of the pixels of dy whose windows it is in, times the filter.
 *
 * @param at a ConvolutionPlan
 * @param dy, dx as the plan describes them
 * @param filter [filterHeight, filterWidth, inChannels, multiplier]
 */
export function depthwise_backprop_input_apply(at: usize, dy: usize, filter: usize, dx: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const inRow = (<usize>plan.inWidth * plan.inChannels) << 2;
  if (plan.outChannels == 0) {
    memory.fill(dx, 0, plan.batch * plan.inHeight * inRow);
    return;
  }
  const multiplier = plan.outChannels / plan.inChannels;
  const pixel = (<usize>plan.outChannels) << 2;
  const top = borderBefore(plan.filterHeight, plan.strideHeight, plan.dilationHeight, plan.padTop);
  const left = borderBefore(plan.filterWidth, plan.strideWidth, plan.dilationWidth, plan.padLeft);
  const rows = lastRow(plan.inHeight, plan.padTop, plan.strideHeight) + 1;
  const columns = lastRow(plan.inWidth, plan.padLeft, plan.strideWidth) + 1;
  const step = pixel + plan.pixelGap;
  const row = (left + columns) * step;
  const source = at + plan.padded;
  const vertical = changetype<Phase>(edgeOf(plan));
  const horizontal = changetype<Phase>(edgeOf(plan) + offsetof<Phase>());
  for (let b: u32 = 0; b < plan.batch; b++, dy += plan.outHeight * plan.outWidth * pixel) {
    const height = min(rows, plan.outHeight);
    const width = min(columns, plan.outWidth);
    const image = describeImage(plan, height, width, plan.outChannels, plan.outHeight, plan.outWidth);
    padImage(image, dy, source, top, rows - height, left, columns - width, 1, plan.pixelGap);
    for (let y: u32 = 0; y < plan.inHeight; y++, dx += inRow) {
      vertical.set(y + plan.padTop, plan.filterHeight, plan.strideHeight, plan.dilationHeight);
      const to = multiplier == 1 ? dx : at + plan.dense;
      for (let x: u32 = 0; x < min(plan.strideWidth, plan.inWidth); x++) {
        horizontal.set(x + plan.padLeft, plan.filterWidth, plan.strideWidth, plan.dilationWidth);
        const lastTapRow = vertical.tap + (vertical.count - 1) * vertical.tapStep;
        const lastTapColumn = horizontal.tap + (horizontal.count - 1) * horizontal.tapStep;
        correlate(
          pixel,
          source + (vertical.dy + top) * row + (horizontal.dy + left) * step,
          step,
          vertical.dyStep * row,
          horizontal.dyStep * step,
          filter + (lastTapRow * plan.filterWidth + lastTapColumn) * pixel,
          -(vertical.tapStep * plan.filterWidth * pixel),
          -(horizontal.tapStep * pixel),
          horizontal.count == 0 ? 0 : vertical.count,
          horizontal.count,
          to + x * pixel,
          plan.strideWidth * pixel,
          ceilDiv(plan.inWidth - x, plan.strideWidth),
        );
      }
      if (multiplier != 1) addChannels(to, dx, plan.inWidth * plan.inChannels, multiplier);
    }
  }
}

/** Stores sums of `each` numbers that follow each other. */
function addChannels(from: usize, to: usize, count: u32, each: u32): void {
  for (; count != 0; count--, to += 4) {
    let sum: f32 = 0;
    for (let i = each; i != 0; i--, from += 4) sum += load<f32>(from);
    store<f32>(to, sum);
  }
}

/** Pixels that are computed at once. Those after the last are computed, too, but not stored. */
const COLUMNS: u32 = 4;

/**
 * A row of pixels, each the sum of the pixels that its taps meet, times the filter, channel by channel.
 *
 * @param pixel bytes of a pixel
 * @param x the first pixel that the first tap meets. Pixels that it meets for the pixels of y are xStep bytes apart; those that the
 *   next row of taps, and the next tap, meets, are rowStep and tapStep bytes further
 * @param w the first tap; the next row of taps, and the next tap, are wRowStep and wTapStep bytes further
 * @param y the first pixel of the row; yStep bytes to the next
 */
function correlate(
  pixel: usize,
  x: usize,
  xStep: usize,
  rowStep: usize,
  tapStep: usize,
  w: usize,
  wRowStep: usize,
  wTapStep: usize,
  tapRows: u32,
  tapColumns: u32,
  y: usize,
  yStep: usize,
  count: u32,
): void {
  // Taps that meet the same pixels, three at a time.
  const shared = tapStep == xStep ? tapColumns / 3 : 0;
  const single = tapColumns - 3 * shared;
  const x2 = 2 * xStep;
  const x3 = 3 * xStep;
  const w2 = 2 * wTapStep;
  for (; count != 0; x += COLUMNS * xStep, y += COLUMNS * yStep) {
    const columns = min(COLUMNS, count);
    count -= columns;
    // If channels are left after whole vectors, the last vector repeats some.
    let q: usize = 0;
    for (let left = pixel >= VEC ? pixel : 0; left != 0; left -= min(left, VEC), q = pixel - max(left, VEC)) {
      let c0: Vec = splat(0);
      let c1: Vec = splat(0);
      let c2: Vec = splat(0);
      let c3: Vec = splat(0);
      let s = x + q;
      let t = w + q;
      for (let u = tapRows; u != 0; u--, s += rowStep, t += wRowStep) {
        let p = s;
        let v = t;
        for (let n = shared; n != 0; n--, p += x3, v += w2 + wTapStep) {
          const f0 = loadVec(v);
          const f1 = loadVec(v + wTapStep);
          const f2 = loadVec(v + w2);
          const p0 = loadVec(p);
          const p1 = loadVec(p + xStep);
          const p2 = loadVec(p + x2);
          const p3 = loadVec(p + x3);
          const p4 = loadVec(p + x2 + x2);
          const p5 = loadVec(p + x2 + x3);
          c0 = madd(p2, f2, madd(p1, f1, madd(p0, f0, c0)));
          c1 = madd(p3, f2, madd(p2, f1, madd(p1, f0, c1)));
          c2 = madd(p4, f2, madd(p3, f1, madd(p2, f0, c2)));
          c3 = madd(p5, f2, madd(p4, f1, madd(p3, f0, c3)));
        }
        for (let n = single; n != 0; n--, p += tapStep, v += wTapStep) {
          const f = loadVec(v);
          c0 = madd(loadVec(p), f, c0);
          c1 = madd(loadVec(p + xStep), f, c1);
          c2 = madd(loadVec(p + x2), f, c2);
          c3 = madd(loadVec(p + x3), f, c3);
        }
      }
      const to = y + q;
      storeVec(to, c0);
      if (columns > 1) storeVec(to + yStep, c1);
      if (columns > 2) storeVec(to + 2 * yStep, c2);
      if (columns > 3) storeVec(to + 3 * yStep, c3);
    }
    if (pixel >= VEC) continue;
    for (; q < pixel; q += 4) {
      for (let i: u32 = 0; i < columns; i++) {
        let sum: f32 = 0;
        for (let u: u32 = 0; u < tapRows; u++) {
          let p = x + q + i * xStep + u * rowStep;
          let v = w + q + u * wRowStep;
          for (let n = tapColumns; n != 0; n--, p += tapStep, v += wTapStep) sum += load<f32>(p) * load<f32>(v);
        }
        store<f32>(y + q + i * yStep, sum);
      }
    }
  }
}
