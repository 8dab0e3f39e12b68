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
import { ConvolutionPlan, cutBefore, edgeOf, imageBytes, marginBefore, paddedWidth } from "./plan";

// Pools of volumes, and gradients of pools (docs/math.md, section 6.3), with channels last. Each pixel of the output belongs to a
// window of the input, which the edges of the input clip. An image is a volume of depth 1.

/** The first image, row and column of a clipped window, and their numbers. */
@unmanaged
class Window {
  image: u32;
  images: u32;
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

/** Which of equal numbers a window's largest is: the first, as in TensorFlow.js's pools of images. */
@unmanaged
class First {
  @inline takes(value: Vec, largest: Vec): Vec {
    return gt(value, largest);
  }
  @inline takesNumber(value: f32, largest: f32): bool {
    return value > largest;
  }
}

/** Or the last, as in its pools of volumes. */
@unmanaged
class Last {
  @inline takes(value: Vec, largest: Vec): Vec {
    return ge(value, largest);
  }
  @inline takesNumber(value: f32, largest: f32): bool {
    return value >= largest;
  }
}

/** Adds one pixel of dy to its window of dx. x and dx are the window's first pixels. Rows and images are `row` and `image` bytes apart. */
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
    const choice = changetype<Choice>(0);
    let q: usize = 0;
    for (; q + VEC <= pixel; q += VEC) {
      // The largest number, as its distance from the window's first pixel; −1 if the window has none.
      let largest: Vec = splat(-Infinity);
      let argmax: Vec = splatBits(-1);
      for (let i: u32 = 0; i < window.images; i++) {
        for (let r: u32 = 0; r < window.rows; r++) {
          let offset = i * image + r * row;
          for (let c: u32 = 0; c < window.columns; c++, offset += pixel) {
            const value = loadVec(x + offset + q);
            const takes = choice.takes(value, largest);
            largest = select(value, largest, takes);
            argmax = select(splatBits(<i32>offset), argmax, takes);
          }
        }
      }
      storeVec(edge, argmax);
      for (let lane: usize = 0; lane < LANES << 2; lane += 4) {
        const offset = load<i32>(edge + lane);
        if (offset < 0) continue;
        const to = dx + <usize>offset + q + lane;
        store<f32>(to, load<f32>(to) + load<f32>(dy + q + lane));
      }
    }
    for (; q < pixel; q += 4) {
      let largest: f32 = -Infinity;
      let argmax: i32 = -1;
      for (let i: u32 = 0; i < window.images; i++) {
        for (let r: u32 = 0; r < window.rows; r++) {
          let offset = i * image + r * row;
          for (let c: u32 = 0; c < window.columns; c++, offset += pixel) {
            const value = load<f32>(x + offset + q);
            if (choice.takesNumber(value, largest)) {
              largest = value;
              argmax = <i32>offset;
            }
          }
        }
      }
      if (argmax < 0) continue;
      const to = dx + <usize>argmax + q;
      store<f32>(to, load<f32>(to) + load<f32>(dy + q));
    }
  }
}

/**
 * The same for windows of at most two rows and columns that have no pixel in common: they store all of their pixels, and dx need not be
 * zeros before. A clipped window repeats its last row or column. The first of the largest is stored last, after what repeats it.
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
    _image: usize,
    _edge: usize,
  ): void {
    if (window.rows == 0 || window.columns == 0) return;
    const pixel = (<usize>plan.inChannels) << 2;
    const o1 = window.columns > 1 ? pixel : 0;
    const o2 = window.rows > 1 ? row : 0;
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

/** Whether windows of at most two rows and columns have no pixel in common. */
@inline function areApart(plan: ConvolutionPlan): bool {
  return (
    plan.filterHeight <= 2 &&
    plan.filterWidth <= 2 &&
    plan.filterHeight <= plan.strideHeight &&
    plan.filterWidth <= plan.strideWidth
  );
}

/** Whether windows that are apart have all pixels. */
@inline function coverAll(plan: ConvolutionPlan): bool {
  return (
    plan.filterHeight == plan.strideHeight &&
    plan.filterWidth == plan.strideWidth &&
    <i32>(plan.outHeight * plan.strideHeight - plan.padTop) >= <i32>plan.inHeight &&
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
    for (let i: u32 = 0; i < window.images; i++) {
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

/** @param clears whether dx is filled with zeros first */
function visitWindows<T>(plan: ConvolutionPlan, x: usize, dy: usize, dx: usize, clears: bool): void {
  const pixel = (<usize>plan.inChannels) << 2;
  const row = plan.inWidth * pixel;
  const image = plan.inHeight * row;
  const volume = plan.inDepth * image;
  const window = changetype<Window>(edgeOf(plan));
  const edge = changetype<usize>(window) + offsetof<Window>();
  if (clears) memory.fill(dx, 0, plan.batch * volume);
  for (let b: u32 = 0; b < plan.batch; b++, x += volume, dx += volume) {
    for (let outImage: u32 = 0; outImage < plan.outDepth; outImage++) {
      clipImages(plan, outImage, window);
      for (let outRow: u32 = 0; outRow < plan.outHeight; outRow++) {
        clipRows(plan, outRow, window);
        for (let outColumn: u32 = 0; outColumn < plan.outWidth; outColumn++, dy += pixel) {
          clipColumns(plan, outColumn, window);
          const from = window.image * image + window.row * row + window.column * pixel;
          changetype<T>(0).visit(plan, x + from, dy, dx + from, window, row, image, edge);
        }
      }
    }
  }
}

/**
 * dx of a maximum pool of images: dy is added to the first of the window's largest numbers.
 *
 * @param at a ConvolutionPlan
 * @param x, dy, dx as the plan describes them, channels last
 */
export function max_pool_grad_apply(at: usize, x: usize, dy: usize, dx: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  if (areApart(plan)) visitWindows<MaxPoolOfFour>(plan, x, dy, dx, !coverAll(plan));
  else visitWindows<MaxPool<First>>(plan, x, dy, dx, true);
}

/**
 * dx of a maximum pool of volumes: dy is added to the last of the window's largest numbers.
 *
 * @param at a ConvolutionPlan
 * @param x, dy, dx as the plan describes them, channels last
 */
export function max_pool3d_grad_apply(at: usize, x: usize, dy: usize, dx: usize): void {
  visitWindows<MaxPool<Last>>(changetype<ConvolutionPlan>(at), x, dy, dx, true);
}

/**
 * dx of an average pool: the pixels of a window get equal parts of dy.
 *
 * @param at a ConvolutionPlan
 * @param dy, dx as the plan describes them, channels last
 */
export function average_pool_grad_apply(at: usize, dy: usize, dx: usize): void {
  visitWindows<AveragePool>(changetype<ConvolutionPlan>(at), 0, dy, dx, true);
}

/**
 * A maximum pool of volumes. NaN is passed over; the maximum of a window without a number is −∞.
 *
 * The windows of a row of the output share their rows and images. The maxima over these go to the scratch, as one row of pixels
 * from −padLeft on; the largest of a window's pixels in that row are the output.
 *
 * @param at a ConvolutionPlan
 * @param x, y as the plan describes them, channels last
 */
export function max_pool3d_apply(at: usize, x: usize, y: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const pixel = (<usize>plan.inChannels) << 2;
  const row = plan.inWidth * pixel;
  const image = imageBytes(plan);
  const width = paddedWidth(plan);
  const left = marginBefore(plan.padLeft, width);
  const cut = cutBefore(plan.padLeft);
  const columns = min(plan.inWidth - cut, width - left);
  const window = changetype<Window>(edgeOf(plan));
  const maxima = at + plan.padded;
  fillWithLeast(maxima, width * pixel);
  x += cut * pixel;
  for (let b: u32 = 0; b < plan.batch; b++, x += plan.inDepth * image) {
    for (let outImage: u32 = 0; outImage < plan.outDepth; outImage++) {
      clipImages(plan, outImage, window);
      for (let outRow: u32 = 0; outRow < plan.outHeight; outRow++) {
        clipRows(plan, outRow, window);
        const from = x + window.image * image + window.row * row;
        maximaOverRows(window, from, row, image, maxima + left * pixel, columns * pixel);
        y = maximaAlongRow(plan, maxima, y);
      }
    }
  }
}

/** Stores −∞ in `bytes` bytes. */
function fillWithLeast(to: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += 4) store<f32>(to, -Infinity);
}

/** Stores the maxima over the window's rows and images, for `bytes` bytes of a row. */
function maximaOverRows(window: Window, x: usize, row: usize, image: usize, to: usize, bytes: usize): void {
  let q: usize = 0;
  for (; q + VEC <= bytes; q += VEC) {
    let largest: Vec = splat(-Infinity);
    for (let i: u32 = 0; i < window.images; i++) {
      let p = x + q + i * image;
      for (let r = window.rows; r != 0; r--, p += row) largest = pmax(largest, loadVec(p));
    }
    storeVec(to + q, largest);
  }
  for (; q < bytes; q += 4) {
    let largest: f32 = -Infinity;
    for (let i: u32 = 0; i < window.images; i++) {
      let p = x + q + i * image;
      for (let r = window.rows; r != 0; r--, p += row) {
        const value = load<f32>(p);
        if (value > largest) largest = value;
      }
    }
    store<f32>(to + q, largest);
  }
}

/**
 * Stores a row of the output, each pixel the maximum of filterWidth pixels.
 *
 * @returns the address after the row
 */
function maximaAlongRow(plan: ConvolutionPlan, from: usize, to: usize): usize {
  const pixel = (<usize>plan.inChannels) << 2;
  // Without a stride, the pixels of the row are one run of numbers.
  const runs: u32 = plan.strideWidth == 1 ? 1 : plan.outWidth;
  const bytes = plan.strideWidth == 1 ? plan.outWidth * pixel : pixel;
  for (let run: u32 = 0; run < runs; run++, from += plan.strideWidth * pixel, to += bytes) {
    let q: usize = 0;
    for (; q + VEC <= bytes; q += VEC) {
      let largest: Vec = splat(-Infinity);
      let p = from + q;
      for (let c = plan.filterWidth; c != 0; c--, p += pixel) largest = pmax(largest, loadVec(p));
      storeVec(to + q, largest);
    }
    for (; q < bytes; q += 4) {
      let largest: f32 = -Infinity;
      let p = from + q;
      for (let c = plan.filterWidth; c != 0; c--, p += pixel) largest = max(largest, load<f32>(p));
      store<f32>(to + q, largest);
    }
  }
  return to;
}
