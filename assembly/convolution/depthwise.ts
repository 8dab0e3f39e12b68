import { PRELU, RELU, RELU6 } from "../matMul/plan";
import { add, loadNth, loadVec, madd, pmax, pmin, splat, storeVec, VEC, Vec } from "../simd/vec";
import { finishPixels } from "./conv2d";
import { padImage } from "./image";
import {
  borderBefore,
  borderedWidth,
  ConvolutionPlan,
  ceilDiv,
  convolution_table_bytes,
  describeImage,
  edgeOf,
  extent,
  imageBytes,
  lastRow,
  outImageBytes,
} from "./plan";

// Depthwise convolutions (docs/math.md, section 6.2), with channels last, as always in TensorFlow.js. Output channel q is the
// convolution of input channel q / multiplier. The copy of x with a border has each channel `multiplier` times, so that output
// channel q is of channel q. dx is computed for each output channel, and those of an input channel are added.
//
// An image is copied a few rows at a time, so that the copy stays in the second-level cache. A chunk begins and ends with any row.

/** The plan's accumulators: dW [filterHeight, filterWidth, inChannels, multiplier], float32, at the end of its table. */
@inline function sumsOf(plan: ConvolutionPlan): usize {
  return changetype<usize>(plan) + convolution_table_bytes();
}
/** Bytes of a filter. */
@inline function filterBytes(plan: ConvolutionPlan): usize {
  return (<usize>plan.filterHeight * plan.filterWidth * plan.outChannels) << 2;
}

/**
 * Sets dW to zeros.
 *
 * @param at a ConvolutionPlan, with accumulators
 */
export function depthwise_backprop_filter_prepare(at: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  memory.fill(sumsOf(plan), 0, filterBytes(plan));
}

/**
 * Adds to dW what some rows of dy give.
 *
 * @param at a ConvolutionPlan, with accumulators
 * @param x as the plan describes it
 * @param dy the first of the rows
 * @param start numbers of dy before them
 * @param count numbers in them
 */
export function depthwise_backprop_filter_accumulate(at: usize, x: usize, dy: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const pixel = (<usize>plan.outChannels) << 2;
  const step = pixel + plan.pixelGap;
  const row = borderedWidth(plan) * step;
  const outRow = plan.outWidth * plan.outChannels;
  const source = at + plan.padded;
  const sums = sumsOf(plan);
  const tile = max<u32>(TILE_BYTES / <u32>pixel, 4);
  const tileColumns = min(tile, plan.outWidth);
  const tileRows = max<u32>(tile / plan.outWidth, 1);
  let first = (start / outRow) % plan.outHeight;
  x += (start / outRow / plan.outHeight) * imageBytes(plan);
  for (let left = count / outRow; left != 0; ) {
    const band = min(min(plan.outHeight - first, left), plan.packedRows);
    padInput(plan, x, first, band);
    for (let y: u32 = 0; y < band; y += tileRows) {
      for (let x: u32 = 0; x < plan.outWidth; x += tileColumns) {
        const rows = min(tileRows, band - y);
        const columns = min(tileColumns, plan.outWidth - x);
        const p = dy + (y * plan.outWidth + x) * pixel;
        const s = source + y * plan.strideHeight * row + x * plan.strideWidth * step;
        for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow++) {
          for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn += TAPS) {
            const from = s + tapRow * plan.dilationHeight * row + tapColumn * plan.dilationWidth * step;
            const out = sums + (tapRow * plan.filterWidth + tapColumn) * pixel;
            addTapGradients(plan, from, row, p, rows, columns, min(TAPS, plan.filterWidth - tapColumn), out);
          }
        }
      }
    }
    dy += band * plan.outWidth * pixel;
    left -= band;
    first += band;
    if (first == plan.outHeight) {
      first = 0;
      x += imageBytes(plan);
    }
  }
}

/**
 * Adds the dW of another table to a table's.
 *
 * @param at, other ConvolutionPlans, with accumulators
 */
export function depthwise_backprop_filter_merge(at: usize, other: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const to = sumsOf(plan);
  const from = sumsOf(changetype<ConvolutionPlan>(other));
  const bytes = filterBytes(plan);
  let q: usize = 0;
  for (; q + VEC <= bytes; q += VEC) addVec(to + q, loadVec(from + q));
  for (; q < bytes; q += 4) store<f32>(to + q, load<f32>(to + q) + load<f32>(from + q));
}

/**
 * Stores dW.
 *
 * @param at a ConvolutionPlan, with accumulators
 * @param dw [filterHeight, filterWidth, inChannels, multiplier]
 */
export function depthwise_backprop_filter_finalize(at: usize, dw: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  memory.copy(dw, sumsOf(plan), filterBytes(plan));
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

/**
 * Copies to the plan's scratch the rows of an image of x that rows of y meet, with their border, and with channels repeated.
 *
 * @param first of the rows of y
 */
function padInput(plan: ConvolutionPlan, x: usize, first: u32, rows: u32): void {
  const origin = <i32>(first * plan.strideHeight - plan.padTop);
  const height = extent(rows, plan.strideHeight, plan.filterHeight, plan.dilationHeight);
  const top = min(<u32>max(-origin, 0), height);
  const from = min(<u32>max(origin, 0), plan.inHeight);
  const inside = min(height - top, plan.inHeight - from);
  const image = describeImage(plan, inside, plan.inWidth, plan.inChannels, plan.inHeight, plan.inWidth);
  const right = borderedWidth(plan) - plan.padLeft - plan.inWidth;
  const repeat = plan.outChannels / plan.inChannels;
  const to = changetype<usize>(plan) + plan.padded;
  padImage(image, x + from * image.rowStep, to, top, height - top - inside, plan.padLeft, right, repeat, plan.pixelGap);
}

/**
 * Some rows of y = activation(convolution(x, filter) + bias), where the convolution is depthwise.
 *
 * @param at a ConvolutionPlan
 * @param x as the plan describes it
 * @param filter [filterHeight, filterWidth, inChannels, multiplier]
 * @param bias, slopes a number for each output channel, or 0: none, or the plan's slope
 * @param y the first of the rows
 * @param start numbers of y before them
 * @param count numbers in them
 */
export function depthwise_apply(
  at: usize,
  x: usize,
  filter: usize,
  bias: usize,
  slopes: usize,
  y: usize,
  start: u32,
  count: u32,
): void {
  const plan = changetype<ConvolutionPlan>(at);
  const pixel = (<usize>plan.outChannels) << 2;
  const step = pixel + plan.pixelGap;
  const row = borderedWidth(plan) * step;
  const outRow = plan.outWidth * plan.outChannels;
  const least: f32 = plan.activation == RELU || plan.activation == RELU6 ? 0 : -Infinity;
  const most: f32 = plan.activation == RELU6 ? 6 : Infinity;
  let first = (start / outRow) % plan.outHeight;
  x += (start / outRow / plan.outHeight) * imageBytes(plan);
  for (let left = count / outRow; left != 0; ) {
    const rows = min(min(plan.outHeight - first, left), plan.packedRows);
    padInput(plan, x, first, rows);
    let source = at + plan.padded;
    for (let i: u32 = 0; i < rows; i++, source += plan.strideHeight * row, y += (<usize>outRow) << 2) {
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
        bias,
        least,
        most,
      );
      if (plan.activation == PRELU) finishPixels(plan, plan.outWidth, 0, slopes, y);
    }
    left -= rows;
    first += rows;
    if (first == plan.outHeight) {
      first = 0;
      x += imageBytes(plan);
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
 * Some rows of dx of a depthwise convolution: every pixel of dx is the sum of the pixels of dy whose windows it is in, times the
 * filter.
 *
 * @param at a ConvolutionPlan
 * @param dy as the plan describes it
 * @param filter [filterHeight, filterWidth, inChannels, multiplier]
 * @param dx the first of the rows
 * @param start numbers of dx before them
 * @param count numbers in them
 */
export function depthwise_backprop_input_apply(at: usize, dy: usize, filter: usize, dx: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  if (plan.outChannels == 0) {
    memory.fill(dx, 0, (<usize>count) << 2);
    return;
  }
  const inRow = plan.inWidth * plan.inChannels;
  const multiplier = plan.outChannels / plan.inChannels;
  const pixel = (<usize>plan.outChannels) << 2;
  const left = borderBefore(plan.filterWidth, plan.strideWidth, plan.dilationWidth, plan.padLeft);
  const step = pixel + plan.pixelGap;
  const row = (left + lastRow(plan.inWidth, plan.padLeft, plan.strideWidth) + 1) * step;
  const source = at + plan.padded;
  const vertical = changetype<Phase>(edgeOf(plan));
  const horizontal = changetype<Phase>(edgeOf(plan) + offsetof<Phase>());
  let first = (start / inRow) % plan.inHeight;
  dy += (start / inRow / plan.inHeight) * outImageBytes(plan);
  for (let rest = count / inRow; rest != 0; ) {
    const rows = min(min(plan.inHeight - first, rest), plan.packedRows);
    const firstOfDy = padGradient(plan, dy, first, rows, left);
    for (let y = first; y < first + rows; y++, dx += (<usize>inRow) << 2) {
      vertical.set(y + plan.padTop, plan.filterHeight, plan.strideHeight, plan.dilationHeight);
      const to = multiplier == 1 ? dx : at + plan.dense;
      for (let x: u32 = 0; x < min(plan.strideWidth, plan.inWidth); x++) {
        horizontal.set(x + plan.padLeft, plan.filterWidth, plan.strideWidth, plan.dilationWidth);
        const lastTapRow = vertical.tap + (vertical.count - 1) * vertical.tapStep;
        const lastTapColumn = horizontal.tap + (horizontal.count - 1) * horizontal.tapStep;
        correlate(
          pixel,
          source + (vertical.dy - firstOfDy) * row + (horizontal.dy + left) * step,
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
          0,
          -Infinity,
          Infinity,
        );
      }
      if (multiplier != 1) addChannels(to, dx, inRow, multiplier);
    }
    rest -= rows;
    first += rows;
    if (first == plan.inHeight) {
      first = 0;
      dy += outImageBytes(plan);
    }
  }
}

/**
 * Copies to the plan's scratch the rows of an image of dy that rows of dx meet, with their border.
 *
 * @param first of the rows of dx
 * @param left the border before a row
 * @returns the first of the rows of dy, from the first row of the image on
 */
function padGradient(plan: ConvolutionPlan, dy: usize, first: u32, rows: u32, left: u32): i32 {
  const stride = plan.strideHeight;
  const top = borderBefore(plan.filterHeight, stride, plan.dilationHeight, plan.padTop);
  // Rows from the beginning of the border on.
  const begin = ceilDiv(first + plan.padTop + top * stride - (plan.filterHeight - 1) * plan.dilationHeight, stride);
  const height = top + lastRow(first + rows, plan.padTop, stride) + 1 - begin;
  const firstOfDy = <i32>(begin - top);
  const above = min(<u32>max(-firstOfDy, 0), height);
  const from = min(<u32>max(firstOfDy, 0), plan.outHeight);
  const inside = min(height - above, plan.outHeight - from);
  const columns = lastRow(plan.inWidth, plan.padLeft, plan.strideWidth) + 1;
  const width = min(columns, plan.outWidth);
  const image = describeImage(plan, inside, width, plan.outChannels, plan.outHeight, plan.outWidth);
  const to = changetype<usize>(plan) + plan.padded;
  padImage(image, dy + from * image.rowStep, to, above, height - above - inside, left, columns - width, 1, plan.pixelGap);
  return firstOfDy;
}

/** Stores sums of `each` numbers that follow each other. */
function addChannels(from: usize, to: usize, count: u32, each: u32): void {
  for (; count != 0; count--, to += 4) {
    let sum: f32 = 0;
    for (let i = each; i != 0; i--, from += 4) sum += load<f32>(from);
    store<f32>(to, sum);
  }
}

/** NaN stays NaN. */
@inline function clamp(x: Vec, least: f32, most: f32): Vec {
  return pmin(pmax(x, splat(least)), splat(most));
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
 * @param bias what is added, a number for each channel; 0: none
 * @param least, most between which sums are clamped
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
  bias: usize,
  least: f32,
  most: f32,
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
      let c0: Vec = bias == 0 ? splat(0) : loadVec(bias + q);
      let c1: Vec = c0;
      let c2: Vec = c0;
      let c3: Vec = c0;
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
      storeVec(to, clamp(c0, least, most));
      if (columns > 1) storeVec(to + yStep, clamp(c1, least, most));
      if (columns > 2) storeVec(to + 2 * yStep, clamp(c2, least, most));
      if (columns > 3) storeVec(to + 3 * yStep, clamp(c3, least, most));
    }
    if (pixel >= VEC) continue;
    for (; q < pixel; q += 4) {
      for (let i: u32 = 0; i < columns; i++) {
        let sum: f32 = bias == 0 ? 0 : load<f32>(bias + q);
        for (let u: u32 = 0; u < tapRows; u++) {
          let p = x + q + i * xStep + u * rowStep;
          let v = w + q + u * wRowStep;
          for (let n = tapColumns; n != 0; n--, p += tapStep, v += wTapStep) sum += load<f32>(p) * load<f32>(v);
        }
        store<f32>(y + q + i * yStep, f32.min(f32.max(sum, least), most));
      }
    }
  }
}
