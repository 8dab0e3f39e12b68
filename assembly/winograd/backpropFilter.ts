import { COLUMNS, gemmTiles, PANEL, ROWS_BYTES } from "../simd/gemm";
import { add, allTrue, eq, loadVec, mul, splat, storeVec, sub, VEC, Vec } from "../simd/vec";
import {
  firstOf,
  gradientsAt,
  panelBytes,
  panelCount,
  patchesAt,
  placeBytes,
  stepsOf,
  sumsAt,
  sumsBytes,
  TAPS,
  Tile,
  tapBytes,
  tileOf,
  WinogradPlan,
} from "./plan";
import { transformPatch } from "./transforms";

// Tiles are 2×2. What follows from it are literals, because the binary may have no start function.
const TILE: u32 = 2;
const BLOCK_TILES: u32 = 32;
const PLACES: u32 = 16;
/** productBytes(TILE) */
const PRODUCT_BYTES: usize = BLOCK_TILES * PANEL + 64;

/**
 * dW [3, 3, inChannels, outChannels]: at each place a product of the transformed patches and the transformed gradients of the tiles,
 * summed over all tiles, and transformed back.
 *
 * @param at a WinogradPlan that is not flipped, of tiles of 2×2
 * @param x [batch, inHeight, inWidth, inChannels]
 * @param dy [batch, outHeight, outWidth, outChannels]
 * @param batch how many images there are
 */
export function winograd_backprop_filter_apply(at: usize, x: usize, dy: usize, dw: usize, batch: u32): void {
  const plan = changetype<WinogradPlan>(at);
  const outHeight = plan.outHeight;
  const outWidth = plan.outWidth;
  const pixel = (<usize>plan.outChannels) << 2;
  const imageBytes = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const patchBytes = (<usize>plan.inChannels) << 2;
  const patches = patchesAt(plan);
  const tile = tileOf(plan, 0);
  memory.fill(sumsAt(plan), 0, sumsBytes(plan.inChannels, plan.outChannels, TILE));
  let tiles: u32 = 0;
  tile.image = x;
  tile.out = dy;
  for (let i = batch; i != 0; i--, tile.image += imageBytes) {
    for (let row: u32 = 0; row < outHeight; row += 2) {
      tile.row = row - plan.padTop;
      tile.rows = min(outHeight - row, 2);
      for (let column: u32 = 0; column < outWidth; column += 2) {
        tile.column = column - plan.padLeft;
        tile.columns = min(outWidth - column, 2);
        transformPatch(plan, tile, patches + tiles * patchBytes);
        transformGradient(plan, tile, gradientsAt(plan) + tiles * PANEL);
        tile.out += tile.columns * pixel;
        if (++tiles == BLOCK_TILES) {
          addProducts(plan, tiles);
          tiles = 0;
        }
      }
      tile.out += (tile.rows - 1) * outWidth * pixel;
    }
  }
  if (tiles != 0) addProducts(plan, tiles);
  if (!transformSums(plan, dw)) multiplyTaps(plan, x, dy, dw, batch);
}

/** Writes a tile's numbers of all panels: A dy Aᵀ. */
function transformGradient(plan: WinogradPlan, tile: Tile, to: usize): void {
  const right = (<usize>plan.outChannels) << 2;
  const below = plan.outWidth * right;
  const zero: Vec = splat(0);
  for (let panel: u32 = 0; panel < panelCount(plan.outChannels); panel++, to += PLACES * PRODUCT_BYTES) {
    const from = tile.out + ((<usize>firstOf(panel, plan.outChannels)) << 2);
    for (let q: usize = 0; q < PANEL; q += VEC) {
      const p = from + q;
      const d00 = loadVec(p);
      const d01 = tile.columns > 1 ? loadVec(p + right) : zero;
      let d10 = zero;
      let d11 = zero;
      if (tile.rows > 1) {
        d10 = loadVec(p + below);
        if (tile.columns > 1) d11 = loadVec(p + below + right);
      }
      const t = to + q;
      storeGradients(t, d00, d01);
      storeGradients(t + 4 * PRODUCT_BYTES, add(d00, d10), add(d01, d11));
      storeGradients(t + 8 * PRODUCT_BYTES, sub(d00, d10), sub(d01, d11));
      storeGradients(t + 12 * PRODUCT_BYTES, sub(zero, d10), sub(zero, d11));
    }
  }
}

@inline function storeGradients(to: usize, left: Vec, right: Vec): void {
  storeVec(to, left);
  storeVec(to + PRODUCT_BYTES, add(left, right));
  storeVec(to + 2 * PRODUCT_BYTES, sub(left, right));
  storeVec(to + 3 * PRODUCT_BYTES, sub(splat(0), right));
}

/** Adds the products of a block's tiles to the sums. */
function addProducts(plan: WinogradPlan, tiles: u32): void {
  const steps = stepsOf(plan);
  const inChannels = plan.inChannels;
  const place = placeBytes(inChannels, TILE);
  steps.length = tiles;
  steps.step = inChannels << 2;
  steps.segments = 1;
  let b = gradientsAt(plan);
  let c = sumsAt(plan);
  for (let panel: u32 = 0; panel < panelCount(plan.outChannels); panel++) {
    let a = patchesAt(plan);
    for (let i: u32 = 0; i < PLACES; i++, a += place, b += PRODUCT_BYTES, c += panelBytes(inChannels)) {
      gemmTiles(steps, a, 4, ROWS_BYTES, b, PANEL, c, PANEL, inChannels, COLUMNS, true, 0);
    }
  }
}

/**
 * Writes dw: Gᵀ m G.
 *
 * @returns whether all of it is finite. Else it is not what the taps give
 */
function transformSums(plan: WinogradPlan, dw: usize): bool {
  const inChannels = plan.inChannels;
  const place = panelBytes(inChannels);
  const pixel = (<usize>plan.outChannels) << 2;
  const tap = inChannels * pixel;
  let from = sumsAt(plan);
  let check: Vec = splat(0);
  for (let panel: u32 = 0; panel < panelCount(plan.outChannels); panel++, from += PLACES * place) {
    let to = dw + ((<usize>firstOf(panel, plan.outChannels)) << 2);
    for (let p = from; p < from + inChannels * PANEL; p += PANEL, to += pixel) {
      for (let q: usize = 0; q < PANEL; q += VEC) {
        let m = p + q;
        let t = to + q;
        for (let column: u32 = 0; column < 4; column++) {
          const m1 = loadVec(m + 4 * place);
          const m2 = loadVec(m + 8 * place);
          const s = half(add(m1, m2));
          // Where it is read, so that no more room is needed.
          storeVec(m + 4 * place, half(sub(m1, m2)));
          storeVec(m + 8 * place, add(s, loadVec(m + 12 * place)));
          storeVec(m, add(loadVec(m), s));
          m += place;
        }
        m = p + q;
        for (let row: u32 = 0; row < 3; row++) {
          const m1 = loadVec(m + place);
          const m2 = loadVec(m + 2 * place);
          const s = half(add(m1, m2));
          const g0 = add(loadVec(m), s);
          const g1 = half(sub(m1, m2));
          const g2 = add(s, loadVec(m + 3 * place));
          storeVec(t, g0);
          storeVec(t + tap, g1);
          storeVec(t + 2 * tap, g2);
          const sum = add(add(g0, g1), g2);
          check = add(check, sub(sum, sum));
          m += 4 * place;
          t += 3 * tap;
        }
      }
    }
  }
  return allTrue(eq(check, splat(0)));
}

@inline function half(x: Vec): Vec {
  return mul(x, splat(0.5));
}

/** Writes dw by the taps: so infinities and NaN are where they would be without transforms. */
function multiplyTaps(plan: WinogradPlan, x: usize, dy: usize, dw: usize, batch: u32): void {
  const steps = stepsOf(plan);
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const pixel = inChannels << 2;
  const outPixel = outChannels << 2;
  const outWidth = <i32>plan.outWidth;
  const bytes = tapBytes(inChannels);
  const sums = sumsAt(plan);
  memory.fill(sums, 0, sumsBytes(inChannels, outChannels, TILE));
  steps.segments = 1;
  steps.step = pixel;
  for (let row: u32 = 0; row < batch * plan.outHeight; row++, dy += outWidth * outPixel) {
    for (let tap: u32 = 0; tap < TAPS; tap++) {
      const inRow = <i32>((row % plan.outHeight) + tap / 3 - plan.padTop);
      const shift = <i32>((tap % 3) - plan.padLeft);
      const first = max(-shift, 0);
      const end = min(<i32>plan.inWidth - shift, outWidth);
      if (inRow < 0 || inRow >= <i32>plan.inHeight || first >= end) continue;
      const image = x + <usize>((row / plan.outHeight) * plan.inHeight * plan.inWidth) * pixel;
      const a = image + <usize>(inRow * plan.inWidth + first + shift) * pixel;
      steps.length = end - first;
      let c = sums + tap * bytes;
      for (let panel: u32 = 0; panel < panelCount(outChannels); panel++, c += TAPS * bytes) {
        const b = dy + first * outPixel + (firstOf(panel, outChannels) << 2);
        gemmTiles(steps, a, 4, ROWS_BYTES, b, outPixel, c, PANEL, inChannels, COLUMNS, true, 0);
      }
    }
  }
  let from = sums;
  for (let panel: u32 = 0; panel < panelCount(outChannels); panel++) {
    let to = dw + ((<usize>firstOf(panel, outChannels)) << 2);
    for (let i: u32 = 0; i < TAPS * inChannels; i++, from += PANEL, to += outPixel) memory.copy(to, from, PANEL);
  }
}
