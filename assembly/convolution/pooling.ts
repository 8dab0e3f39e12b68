import {
  add,
  and,
  andnot,
  eq,
  ge,
  gt,
  LANES,
  loadVec,
  mul,
  pmax,
  select,
  splat,
  splatBits,
  storeVec,
  VEC,
  Vec,
} from "../simd/vec";
import { ConvolutionPlan, ceilDiv, cutBefore, edgeOf, imageBytes, marginBefore, outImageBytes, paddedWidth } from "./plan";

// Pools and their gradients (docs/math.md, section 6.3), with channels last. Each pixel of the output belongs to a window of the
// input, which the edges of the input clip. For a pool, an image is a volume of depth 1. For a gradient, it is a volume of as many
// images as it has rows, of one row each: chunks of dx are images of volumes. A window that is in two chunks is visited for both.

/** The first image, row and column of a clipped window, and their numbers. */
@unmanaged
class Window {
  image: u32;
  images: u32;
  // The first of its images that are in the chunk, and the one after the last: 0 to `images`.
  begin: u32;
  end: u32;
  row: u32;
  rows: u32;
  column: u32;
  columns: u32;
}

/** Where a window begins along an axis, before it is clipped. */
@inline function beginning(out: u32, stride: u32, pad: u32): i32 {
  return <i32>(out * stride - pad);
}
@inline function clippedFirst(from: i32): u32 {
  return <u32>max<i32>(from, 0);
}
@inline function clippedCount(from: i32, filter: u32, size: u32): u32 {
  return <u32>max<i32>(min<i32>(from + filter, size) - max<i32>(from, 0), 0);
}

@inline function clipImages(plan: ConvolutionPlan, out: u32, window: Window): void {
  const from = beginning(out, plan.strideDepth, plan.padFront);
  window.image = clippedFirst(from);
  window.images = clippedCount(from, plan.filterDepth, plan.inDepth);
}
@inline function clipRows(plan: ConvolutionPlan, out: u32, window: Window): void {
  const from = beginning(out, plan.strideHeight, plan.padTop);
  window.row = clippedFirst(from);
  window.rows = clippedCount(from, plan.filterHeight, plan.inHeight);
}
@inline function clipColumns(plan: ConvolutionPlan, out: u32, window: Window): void {
  const from = beginning(out, plan.strideWidth, plan.padLeft);
  window.column = clippedFirst(from);
  window.columns = clippedCount(from, plan.filterWidth, plan.inWidth);
}

/** Which of equal numbers a window's largest is: the first, as in TensorFlow.js's pools of images, */
@unmanaged
class First {
  /** Whether the images of a window have more than one row. */
  @inline hasRows(): bool {
    return false;
  }
  @inline takes(value: Vec, largest: Vec): Vec {
    return gt(value, largest);
  }
  @inline takesNumber(value: f32, largest: f32): bool {
    return value > largest;
  }
}

/** or the last, as in its pools of volumes. */
@unmanaged
class Last {
  @inline hasRows(): bool {
    return true;
  }
  @inline takes(value: Vec, largest: Vec): Vec {
    return ge(value, largest);
  }
  @inline takesNumber(value: f32, largest: f32): bool {
    return value >= largest;
  }
}

/**
 * Adds one pixel of dy to its window of dx, in the window's images that are in the chunk. x and dx are the window's first pixels. Rows
 * and images are `row` and `image` bytes apart.
 */
@unmanaged
class MaxPool<Choice> {
  @inline visit(
    plan: ConvolutionPlan,
    x: usize,
    dy: usize,
    dx: usize,
    window: Window,
    row: usize,
    image: usize,
    edge: usize,
  ): void {
    const pixel = (<usize>plan.inChannels) << 2;
    const images = window.images;
    const rows = window.rows;
    const columns = window.columns;
    if (rows == 0) return;
    const choice = changetype<Choice>(0);
    const begin = window.begin * <u32>image;
    const bytes = window.end * <u32>image - begin;
    let q: usize = 0;
    for (; q + VEC <= pixel; q += VEC) {
      // The largest number, as its distance from the window's first pixel; −1 if the window has none.
      let largest: Vec = splat(-Infinity);
      let argmax: Vec = splatBits(-1);
      for (let i: u32 = 0; i < images; i++) {
        let r: u32 = 0;
        do {
          let offset = i * image + r * row;
          for (let c: u32 = 0; c < columns; c++, offset += pixel) {
            const value = loadVec(x + offset + q);
            const takes = choice.takes(value, largest);
            largest = select(value, largest, takes);
            argmax = select(splatBits(<i32>offset), argmax, takes);
          }
        } while (choice.hasRows() && ++r < rows);
      }
      storeVec(edge, argmax);
      for (let lane: usize = 0; lane < LANES << 2; lane += 4) {
        const offset = load<u32>(edge + lane);
        // −1 is out of the chunk, too.
        if (offset - begin >= bytes) continue;
        const to = dx + <usize>offset + q + lane;
        store<f32>(to, load<f32>(to) + load<f32>(dy + q + lane));
      }
    }
    for (; q < pixel; q += 4) {
      let largest: f32 = -Infinity;
      let argmax: i32 = -1;
      for (let i: u32 = 0; i < images; i++) {
        let r: u32 = 0;
        do {
          let offset = i * image + r * row;
          for (let c: u32 = 0; c < columns; c++, offset += pixel) {
            const value = load<f32>(x + offset + q);
            if (choice.takesNumber(value, largest)) {
              largest = value;
              argmax = <i32>offset;
            }
          }
        } while (choice.hasRows() && ++r < rows);
      }
      if (<u32>argmax - begin >= bytes) continue;
      const to = dx + <usize>argmax + q;
      store<f32>(to, load<f32>(to) + load<f32>(dy + q));
    }
  }
}

/**
 * The same for images' windows of at most two rows and columns that have no pixel in common: they store all of their pixels, and dx need
 * not be zeros before. A row of an image is an image here. A clipped window repeats its last row or column. The first of the largest is
 * stored last, after what repeats it.
 */
@unmanaged
class MaxPoolOfFour {
  @inline visit(
    plan: ConvolutionPlan,
    x: usize,
    dy: usize,
    dx: usize,
    window: Window,
    row: usize,
    image: usize,
    edge: usize,
  ): void {
    if (window.columns == 0) return;
    if (window.end - window.begin != window.images) {
      visitCut(plan, x, dy, dx, window, row, image, edge);
      return;
    }
    const pixel = (<usize>plan.inChannels) << 2;
    const o1 = window.columns > 1 ? pixel : 0;
    const o2 = window.images > 1 ? image : 0;
    const o3 = o1 + o2;
    let q: usize = 0;
    for (; q + VEC <= pixel; q += VEC) {
      const v0 = loadVec(x + q);
      const v1 = loadVec(x + o1 + q);
      const v2 = loadVec(x + o2 + q);
      const v3 = loadVec(x + o3 + q);
      const least: Vec = splat(-Infinity);
      const largest = pmax(pmax(pmax(pmax(least, v0), v1), v2), v3);
      // Where no pixel before was the largest. A window without a number has none.
      let left = gt(largest, least);
      const is0 = and(eq(v0, largest), left);
      left = andnot(left, is0);
      const is1 = and(eq(v1, largest), left);
      left = andnot(left, is1);
      const is2 = and(eq(v2, largest), left);
      const is3 = and(eq(v3, largest), andnot(left, is2));
      // 0 + dy, because dx is a sum: no −0.
      const value = add(loadVec(dy + q), splat(0));
      storeVec(dx + o3 + q, and(value, is3));
      storeVec(dx + o2 + q, and(value, is2));
      storeVec(dx + o1 + q, and(value, is1));
      storeVec(dx + q, and(value, is0));
    }
    for (; q < pixel; q += 4) {
      let largest: f32 = -Infinity;
      let argmax: usize = 0;
      for (let i: u32 = 0; i < 4; i++) {
        const offset = (i & 1 ? o1 : 0) + (i & 2 ? o2 : 0);
        const value = load<f32>(x + offset + q);
        store<f32>(dx + offset + q, 0);
        if (value > largest) {
          largest = value;
          argmax = offset;
        }
      }
      if (largest > -Infinity) store<f32>(dx + argmax + q, <f32>0 + load<f32>(dy + q));
    }
  }
}

/** Visits a window of two images one of which is in the chunk. */
function visitCut(
  plan: ConvolutionPlan,
  x: usize,
  dy: usize,
  dx: usize,
  window: Window,
  row: usize,
  image: usize,
  edge: usize,
): void {
  memory.fill(dx + window.begin * image, 0, (window.columns * plan.inChannels) << 2);
  changetype<MaxPool<First>>(0).visit(plan, x, dy, dx, window, row, image, edge);
}

/** Whether windows of at most two rows (which are images here) and columns have no pixel in common. */
@inline function areApart(plan: ConvolutionPlan): bool {
  return (
    plan.filterDepth <= 2 && plan.filterWidth <= 2 && plan.filterDepth <= plan.strideDepth && plan.filterWidth <= plan.strideWidth
  );
}

/** Whether windows that are apart have all pixels. */
@inline function coverAll(plan: ConvolutionPlan): bool {
  return (
    plan.filterDepth == plan.strideDepth &&
    plan.filterWidth == plan.strideWidth &&
    <i32>(plan.outDepth * plan.strideDepth - plan.padFront) >= <i32>plan.inDepth &&
    <i32>(plan.outWidth * plan.strideWidth - plan.padLeft) >= <i32>plan.inWidth
  );
}

@unmanaged
class AveragePool {
  @inline visit(
    plan: ConvolutionPlan,
    _x: usize,
    dy: usize,
    dx: usize,
    window: Window,
    row: usize,
    image: usize,
    _edge: usize,
  ): void {
    const pixel = (<usize>plan.inChannels) << 2;
    // The pool is the mean of the pixels in the clipped window.
    const share = <f32>1 / <f32>(window.images * window.rows * window.columns);
    for (let i = window.begin; i < window.end; i++) {
      for (let r: u32 = 0; r < window.rows; r++) {
        let to = dx + i * image + r * row;
        for (let c: u32 = 0; c < window.columns; c++, to += pixel) {
          let q: usize = 0;
          for (; q + VEC <= pixel; q += VEC) storeVec(to + q, add(loadVec(to + q), mul(loadVec(dy + q), splat(share))));
          for (; q < pixel; q += 4) store<f32>(to + q, load<f32>(to + q) + load<f32>(dy + q) * share);
        }
      }
    }
  }
}

/** How many windows along an axis begin before a position. */
@inline function windowsBefore(position: u32, stride: u32, pad: u32): u32 {
  const fromFirst = <i32>(position + pad);
  return fromFirst <= 0 ? 0 : ceilDiv(fromFirst, stride);
}

/**
 * Visits all windows that have pixels in a chunk of dx.
 *
 * @param dx the chunk's first image
 * @param clears whether dx is filled with zeros first
 */
function visitWindows<T>(plan: ConvolutionPlan, x: usize, dy: usize, dx: usize, start: u32, count: u32, clears: bool): void {
  const pixel = (<usize>plan.inChannels) << 2;
  const row = plan.inWidth * pixel;
  const image = plan.inHeight * row;
  const outImage = outImageBytes(plan);
  const window = changetype<Window>(edgeOf(plan));
  const edge = changetype<usize>(window) + offsetof<Window>();
  if (clears) memory.fill(dx, 0, (<usize>count) << 2);
  const numbers = plan.inHeight * plan.inWidth * plan.inChannels;
  const volume = start / numbers / plan.inDepth;
  x += volume * plan.inDepth * image;
  dy += volume * plan.outDepth * outImage;
  let first = (start / numbers) % plan.inDepth;
  for (let left = count / numbers; left != 0; ) {
    const images = min(plan.inDepth - first, left);
    // A window begins less than its depth before the chunk.
    const begin = windowsBefore(first + 1 - plan.filterDepth, plan.strideDepth, plan.padFront);
    const end = min(plan.outDepth, windowsBefore(first + images, plan.strideDepth, plan.padFront));
    for (let i = begin; i < end; i++) {
      clipImages(plan, i, window);
      window.begin = max(first, window.image) - window.image;
      window.end = min(first + images, window.image + window.images) - window.image;
      let p = dy + i * outImage;
      for (let outRow: u32 = 0; outRow < plan.outHeight; outRow++) {
        clipRows(plan, outRow, window);
        for (let outColumn: u32 = 0; outColumn < plan.outWidth; outColumn++, p += pixel) {
          clipColumns(plan, outColumn, window);
          const from = window.image * image + window.row * row + window.column * pixel;
          changetype<T>(0).visit(plan, x + from, p, dx + from - first * image, window, row, image, edge);
        }
      }
    }
    dx += images * image;
    x += plan.inDepth * image;
    dy += plan.outDepth * outImage;
    left -= images;
    first = 0;
  }
}

/**
 * A chunk of dx of a maximum pool of images: dy is added to the first of the window's largest numbers.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them, channels last
 * @param dx the chunk's first row
 * @param start numbers of dx before the chunk
 * @param count numbers in it: whole rows
 */
export function max_pool_grad_apply(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  if (areApart(plan)) visitWindows<MaxPoolOfFour>(plan, x, dy, dx, start, count, !coverAll(plan));
  else visitWindows<MaxPool<First>>(plan, x, dy, dx, start, count, true);
}

/**
 * A chunk of dx of a maximum pool of volumes: dy is added to the last of the window's largest numbers.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them, channels last
 * @param dx the chunk's first image
 * @param start numbers of dx before the chunk
 * @param count numbers in it: whole images
 */
export function max_pool3d_grad_apply(at: usize, x: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  visitWindows<MaxPool<Last>>(changetype<ConvolutionPlan>(at), x, dy, dx, start, count, true);
}

/**
 * A chunk of dx of an average pool: the pixels of a window get equal parts of dy.
 *
 * @param at a ConvolutionPlan
 * @param dy as the plan describes it, channels last
 * @param dx the chunk's first image
 * @param start numbers of dx before the chunk
 * @param count numbers in it: whole images
 */
export function average_pool_grad_apply(at: usize, dy: usize, dx: usize, start: u32, count: u32): void {
  visitWindows<AveragePool>(changetype<ConvolutionPlan>(at), 0, dy, dx, start, count, true);
}

/** What a pool makes of a window's numbers: the largest. NaN is passed over; that of a window without a number is −∞. */
@unmanaged
class Largest {
  @inline first(): f32 {
    return -Infinity;
  }
  @inline combine(a: Vec, b: Vec): Vec {
    return pmax(a, b);
  }
  @inline combineNumbers(a: f32, b: f32): f32 {
    return b > a ? b : a;
  }
  @inline isDivided(): bool {
    return false;
  }
}

/** Or their mean. */
@unmanaged
class Total {
  @inline first(): f32 {
    return 0;
  }
  @inline combine(a: Vec, b: Vec): Vec {
    return add(a, b);
  }
  @inline combineNumbers(a: f32, b: f32): f32 {
    return a + b;
  }
  @inline isDivided(): bool {
    return true;
  }
}

/**
 * Some rows of a maximum pool. NaN is passed over; the maximum of a window without a number is −∞.
 *
 * @param at a ConvolutionPlan
 * @param x as the plan describes it, channels last
 * @param y the first of the rows
 * @param start numbers of y before them
 * @param count numbers in them
 */
export function max_pool_apply(at: usize, x: usize, y: usize, start: u32, count: u32): void {
  poolRows<Largest>(changetype<ConvolutionPlan>(at), x, y, start, count);
}

/**
 * Some rows of an average pool: the mean of the numbers in the clipped window.
 *
 * @param at a ConvolutionPlan
 * @param x as the plan describes it, channels last
 * @param y the first of the rows
 * @param start numbers of y before them
 * @param count numbers in them
 */
export function average_pool_apply(at: usize, x: usize, y: usize, start: u32, count: u32): void {
  poolRows<Total>(changetype<ConvolutionPlan>(at), x, y, start, count);
}

/**
 * The windows of a row of the output share their rows and images. What is made of these goes to the scratch, as one row of pixels
 * from −padLeft on; what is made of a window's pixels in that row is the output.
 */
function poolRows<T>(plan: ConvolutionPlan, x: usize, y: usize, start: u32, count: u32): void {
  const pixel = (<usize>plan.inChannels) << 2;
  const row = plan.inWidth * pixel;
  const image = imageBytes(plan);
  const width = paddedWidth(plan);
  const left = marginBefore(plan.padLeft, width);
  const cut = cutBefore(plan.padLeft);
  const columns = min(plan.inWidth - cut, width - left);
  const window = changetype<Window>(edgeOf(plan));
  const scratch = changetype<usize>(plan) + plan.padded;
  for (let p = scratch; p < scratch + width * pixel; p += 4) store<f32>(p, changetype<T>(0).first());
  x += cut * pixel;
  const numbers = plan.outWidth * plan.inChannels;
  let n = start / numbers;
  for (const end = n + count / numbers; n != end; n++) {
    const i = n / plan.outHeight;
    clipImages(plan, i % plan.outDepth, window);
    clipRows(plan, n % plan.outHeight, window);
    const from = x + (i / plan.outDepth) * plan.inDepth * image + window.image * image + window.row * row;
    poolOverRows<T>(window, from, row, image, scratch + left * pixel, columns * pixel);
    y = poolAlongRow<T>(plan, window, scratch, y);
  }
}

/** Stores what is made of the window's rows and images, for `bytes` bytes of a row. */
function poolOverRows<T>(window: Window, x: usize, row: usize, image: usize, to: usize, bytes: usize): void {
  const kind = changetype<T>(0);
  let q: usize = 0;
  for (; q + VEC <= bytes; q += VEC) {
    let all: Vec = splat(kind.first());
    for (let i: u32 = 0; i < window.images; i++) {
      let p = x + q + i * image;
      for (let r = window.rows; r != 0; r--, p += row) all = kind.combine(all, loadVec(p));
    }
    storeVec(to + q, all);
  }
  for (; q < bytes; q += 4) {
    let all = kind.first();
    for (let i: u32 = 0; i < window.images; i++) {
      let p = x + q + i * image;
      for (let r = window.rows; r != 0; r--, p += row) all = kind.combineNumbers(all, load<f32>(p));
    }
    store<f32>(to + q, all);
  }
}

/**
 * Stores a row of the output, each pixel made of filterWidth pixels.
 *
 * @returns the address after the row
 */
function poolAlongRow<T>(plan: ConvolutionPlan, window: Window, from: usize, to: usize): usize {
  const kind = changetype<T>(0);
  const pixel = (<usize>plan.inChannels) << 2;
  // Without a stride, the pixels of the row are one run of numbers, if all are divided by the same.
  const isRun = !kind.isDivided() && plan.strideWidth == 1;
  const runs: u32 = isRun ? 1 : plan.outWidth;
  const bytes = isRun ? plan.outWidth * pixel : pixel;
  for (let run: u32 = 0; run < runs; run++, from += plan.strideWidth * pixel, to += bytes) {
    let share: f32 = 1;
    if (kind.isDivided()) {
      clipColumns(plan, run, window);
      // A window of padding alone has the mean 0.
      share = <f32>1 / <f32>max<u32>(window.images * window.rows * window.columns, 1);
    }
    let q: usize = 0;
    for (; q + VEC <= bytes; q += VEC) {
      let all: Vec = splat(kind.first());
      let p = from + q;
      for (let c = plan.filterWidth; c != 0; c--, p += pixel) all = kind.combine(all, loadVec(p));
      storeVec(to + q, kind.isDivided() ? mul(all, splat(share)) : all);
    }
    for (; q < bytes; q += 4) {
      let all = kind.first();
      let p = from + q;
      for (let c = plan.filterWidth; c != 0; c--, p += pixel) all = kind.combineNumbers(all, load<f32>(p));
      store<f32>(to + q, all * share);
    }
  }
  return to;
}
