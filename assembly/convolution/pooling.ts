import { add, gt, LANES, loadVec, mul, select, splat, splatBits, storeVec, VEC, Vec } from "../simd/vec";
import { ConvolutionPlan, edgeOf } from "./plan";

// Gradients of two-dimensional pools, channels last. Every pixel of dy goes through the window of the input that it came from,
// which the input's edges cut off.

/** A window: its first row and column that are there, and how many are. */
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

/** A visitor takes one pixel of dy to its window; x and dx are at the window's first pixel, `row` bytes from row to row. */
@unmanaged
class MaxPool {
  @inline visit(plan: ConvolutionPlan, x: usize, dy: usize, dx: usize, window: Window, row: usize, edge: usize): void {
    const pixel = (<usize>plan.inChannels) << 2;
    let q: usize = 0;
    for (; q + VEC <= pixel; q += VEC) {
      // The first of the largest, as its distance from the window's first pixel; none where all are NaN.
      let most: Vec = splat(-Infinity);
      let place: Vec = splatBits(-1);
      for (let r: u32 = 0; r < window.rows; r++) {
        let offset = r * row;
        for (let c: u32 = 0; c < window.columns; c++, offset += pixel) {
          const value = loadVec(x + offset + q);
          const larger = gt(value, most);
          most = select(value, most, larger);
          place = select(splatBits(<i32>offset), place, larger);
        }
      }
      storeVec(edge, place);
      for (let lane: usize = 0; lane < LANES << 2; lane += 4) {
        const offset = load<i32>(edge + lane);
        if (offset < 0) continue;
        const to = dx + <usize>offset + q + lane;
        store<f32>(to, load<f32>(to) + load<f32>(dy + q + lane));
      }
    }
    for (; q < pixel; q += 4) {
      let most: f32 = -Infinity;
      let place: i32 = -1;
      for (let r: u32 = 0; r < window.rows; r++) {
        let offset = r * row;
        for (let c: u32 = 0; c < window.columns; c++, offset += pixel) {
          const value = load<f32>(x + offset + q);
          if (value > most) {
            most = value;
            place = <i32>offset;
          }
        }
      }
      if (place < 0) continue;
      const to = dx + <usize>place + q;
      store<f32>(to, load<f32>(to) + load<f32>(dy + q));
    }
  }
}

@unmanaged
class AveragePool {
  @inline visit(plan: ConvolutionPlan, _x: usize, dy: usize, dx: usize, window: Window, row: usize, _edge: usize): void {
    const pixel = (<usize>plan.inChannels) << 2;
    // Of the taps that the edge leaves, as the pool is the mean of these.
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

function through<T>(plan: ConvolutionPlan, x: usize, dy: usize, dx: usize): void {
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
 * dx of a maximum pool: dy goes to the first of a window's largest.
 *
 * @param at a ConvolutionPlan
 * @param x, dy, dx as the plan describes them, channels last
 */
export function max_pool_grad_apply(at: usize, x: usize, dy: usize, dx: usize): void {
  through<MaxPool>(changetype<ConvolutionPlan>(at), x, dy, dx);
}

/** dx of an average pool: a window's pixels share dy. Parameters as of max_pool_grad_apply. */
export function average_pool_grad_apply(at: usize, dy: usize, dx: usize): void {
  through<AveragePool>(changetype<ConvolutionPlan>(at), 0, dy, dx);
}
