import { add, gt, LANES, loadVec, mul, select, splat, splatBits, storeVec, VEC, Vec } from "../simd/vec";
import { ConvolutionPlan, edgeOf } from "./plan";

// Gradients of two-dimensional pools (docs/math.md, section 6.3), with channels last. Each pixel of dy belongs to a window of the
// input, which the edges of the input clip.

/** The first row and column of a clipped window, and their numbers. */
@unmanaged
class Window {
  row: u32;
  rows: u32;
  column: u32;
  columns: u32;
}

@inline function clip(out: u32, stride: u32, pad: u32, filter: u32, size: u32, window: Window, isRow: bool): void {
  const from = <i32>(out * stride) - <i32>pad;
  const first = max(from, 0);
  const n = max(min(from + <i32>filter, <i32>size) - first, 0);
  if (isRow) {
    window.row = first;
    window.rows = n;
  } else {
    window.column = first;
    window.columns = n;
  }
}

/** Adds one pixel of dy to its window of dx. x and dx are the window's first pixels; rows are `row` bytes apart. */
@unmanaged
class MaxPool {
  @inline visit(plan: ConvolutionPlan, x: usize, dy: usize, dx: usize, window: Window, row: usize, edge: usize): void {
    const pixel = (<usize>plan.inChannels) << 2;
    let q: usize = 0;
    for (; q + VEC <= pixel; q += VEC) {
      // The first of the largest numbers, as its distance from the window's first pixel; −1 if none is above −∞.
      let largest: Vec = splat(-Infinity);
      let argmax: Vec = splatBits(-1);
      for (let r: u32 = 0; r < window.rows; r++) {
        let offset = r * row;
        for (let c: u32 = 0; c < window.columns; c++, offset += pixel) {
          const value = loadVec(x + offset + q);
          const isLarger = gt(value, largest);
          largest = select(value, largest, isLarger);
          argmax = select(splatBits(<i32>offset), argmax, isLarger);
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
      for (let r: u32 = 0; r < window.rows; r++) {
        let offset = r * row;
        for (let c: u32 = 0; c < window.columns; c++, offset += pixel) {
          const value = load<f32>(x + offset + q);
          if (value > largest) {
            largest = value;
            argmax = <i32>offset;
          }
        }
      }
      if (argmax < 0) continue;
      const to = dx + <usize>argmax + q;
      store<f32>(to, load<f32>(to) + load<f32>(dy + q));
    }
  }
}

@unmanaged
class AveragePool {
  @inline visit(plan: ConvolutionPlan, _x: usize, dy: usize, dx: usize, window: Window, row: usize, _edge: usize): void {
    const pixel = (<usize>plan.inChannels) << 2;
    // The pool is the mean of the pixels in the clipped window.
    const share = <f32>1 / <f32>(window.rows * window.columns);
    for (let r: u32 = 0; r < window.rows; r++) {
      let to = dx + r * row;
      for (let c: u32 = 0; c < window.columns; c++, to += pixel) {
        let q: usize = 0;
        for (; q + VEC <= pixel; q += VEC) storeVec(to + q, add(loadVec(to + q), mul(loadVec(dy + q), splat(share))));
        for (; q < pixel; q += 4) store<f32>(to + q, load<f32>(to + q) + load<f32>(dy + q) * share);
      }
    }
  }
}

function visitWindows<T>(plan: ConvolutionPlan, x: usize, dy: usize, dx: usize): void {
  const pixel = (<usize>plan.inChannels) << 2;
  const row = plan.inWidth * pixel;
  const image = plan.inHeight * row;
  const window = changetype<Window>(edgeOf(plan));
  const edge = changetype<usize>(window) + offsetof<Window>();
  memory.fill(dx, 0, plan.batch * image);
  for (let b: u32 = 0; b < plan.batch; b++, x += image, dx += image) {
    for (let y: u32 = 0; y < plan.outHeight; y++) {
      clip(y, plan.strideHeight, plan.padTop, plan.filterHeight, plan.inHeight, window, true);
      for (let z: u32 = 0; z < plan.outWidth; z++, dy += pixel) {
        clip(z, plan.strideWidth, plan.padLeft, plan.filterWidth, plan.inWidth, window, false);
        const from = window.row * row + window.column * pixel;
        changetype<T>(0).visit(plan, x + from, dy, dx + from, window, row, edge);
      }
    }
  }
}

/**
 * dx of a maximum pool: dy is added to the first of the window's largest numbers.
 *
 * @param at a ConvolutionPlan
 * @param x, dy, dx as the plan describes them, channels last
 */
export function max_pool_grad_apply(at: usize, x: usize, dy: usize, dx: usize): void {
  visitWindows<MaxPool>(changetype<ConvolutionPlan>(at), x, dy, dx);
}

/**
 * dx of an average pool: the pixels of a window get equal parts of dy.
 *
 * @param at a ConvolutionPlan
 * @param dy, dx as the plan describes them, channels last
 */
export function average_pool_grad_apply(at: usize, dy: usize, dx: usize): void {
  visitWindows<AveragePool>(changetype<ConvolutionPlan>(at), 0, dy, dx);
}
