import { activate } from "../matMul/finish";
import { COLUMNS, gemmTiles, PANEL, ROWS } from "../simd/gemm";
import { add, allTrue, eq, loadSplat, loadVec, splat, storeVec, sub, VEC } from "../simd/vec";
import { transformLargeProducts } from "./large";
import {
  blockTiles,
  firstOf,
  panelBytes,
  panelCount,
  patchesAt,
  placeBytes,
  placeCount,
  productBytes,
  productsAt,
  stepsOf,
  Tile,
  tapsAt,
  tileOf,
  tileRows,
  WinogradPlan,
} from "./plan";
import { packTaps, patchOf, patchRowBytes, transformPatch } from "./transforms";

/**
 * Some rows of tiles of y = activation(convolution(x, filter) + bias), [batch, outHeight, outWidth, outChannels].
 *
 * @param at a WinogradPlan
 * @param x [batch, inHeight, inWidth, inChannels]
 * @param filter as the plan describes it
 * @param panels it, transformed
 * @param bias, slopes a number for each output channel, or 0: none, or the plan's slope
 * @param start rows of tiles of y before them
 * @param count rows of tiles
 */
export function winograd_apply(
  at: usize,
  x: usize,
  filter: usize,
  panels: usize,
  bias: usize,
  slopes: usize,
  y: usize,
  start: u32,
  count: u32,
): void {
  const plan = changetype<WinogradPlan>(at);
  const size = plan.tileSize;
  const outHeight = plan.outHeight;
  const outWidth = plan.outWidth;
  const pixel = (<usize>plan.outChannels) << 2;
  const imageBytes = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const patches = patchesAt(plan);
  const patchBytes = (<usize>plan.inChannels) << 2;
  const perImage = tileRows(plan);
  let tiles: u32 = 0;
  for (let i = start; i < start + count; i++) {
    const image = i / perImage;
    const row = size * (i % perImage);
    const out = y + <usize>(image * outHeight + row) * outWidth * pixel;
    for (let column: u32 = 0; column < outWidth; column += size) {
      const tile = tileOf(plan, tiles);
      tile.image = x + image * imageBytes;
      tile.row = row - plan.padTop;
      tile.column = column - plan.padLeft;
      tile.out = out + column * pixel;
      tile.rows = min(outHeight - row, size);
      tile.columns = min(outWidth - column, size);
      transformPatch(plan, tile, patches + tiles * patchBytes);
      if (++tiles == blockTiles(size)) {
        multiplyBlock(plan, tiles, filter, panels, bias, slopes);
        tiles = 0;
      }
    }
  }
  if (tiles != 0) multiplyBlock(plan, tiles, filter, panels, bias, slopes);
}

/** Computes the tiles of a block from their transformed patches. */
function multiplyBlock(plan: WinogradPlan, tiles: u32, filter: usize, panels: usize, bias: usize, slopes: usize): void {
  const steps = stepsOf(plan);
  const row = (<usize>plan.inChannels) << 2;
  const place = placeBytes(plan.inChannels, plan.tileSize);
  const panelStep = panelBytes(plan.inChannels);
  const products = productsAt(plan);
  const step = productBytes(plan.tileSize);
  let b = panels;
  for (let panel: u32 = 0; panel < panelCount(plan.outChannels); panel++) {
    let a = patchesAt(plan);
    let c = products;
    steps.segments = 1;
    steps.length = plan.inChannels;
    steps.step = 4;
    for (let i: u32 = 0; i < placeCount(plan.tileSize); i++, a += place, b += panelStep, c += step) {
      gemmTiles(steps, a, row, ROWS * row, b, PANEL, c, PANEL, tiles, COLUMNS, false, 0);
    }
    const channel = (<usize>firstOf(panel, plan.outChannels)) << 2;
    let isPacked = false;
    for (let i: u32 = 0; i < tiles; i++) {
      const tile = tileOf(plan, i);
      const out = tile.out + channel;
      if (!transformProducts(plan, products + i * PANEL, step, tile, out)) {
        if (!isPacked) packTaps(plan, filter, panel);
        isPacked = true;
        multiplyTaps(plan, tile, out);
      }
      if (bias == 0 && plan.activation == 0) continue;
      finish(plan, tile, out, bias == 0 ? 0 : bias + channel, slopes == 0 ? 0 : slopes + channel);
    }
  }
}

/**
 * Writes COLUMNS channels of a tile: Aᵀ m A.
 *
 * @returns whether they are finite. Else they are not what the taps give, or not written at all
 */
function transformProducts(plan: WinogradPlan, products: usize, step: usize, tile: Tile, out: usize): bool {
  if (plan.tileSize == 4) return transformLargeProducts(plan, products, step, tile, out);
  const right = (<usize>plan.outChannels) << 2;
  const below = plan.outWidth * right;
  for (let q: usize = 0; q < PANEL; q += VEC) {
    let p = products + q;
    let m1 = loadVec(p + step);
    let m2 = loadVec(p + 2 * step);
    const a0 = add(add(loadVec(p), m1), m2);
    const b0 = sub(sub(m1, m2), loadVec(p + 3 * step));
    p += 4 * step;
    m1 = loadVec(p + step);
    m2 = loadVec(p + 2 * step);
    const a1 = add(add(loadVec(p), m1), m2);
    const b1 = sub(sub(m1, m2), loadVec(p + 3 * step));
    p += 4 * step;
    m1 = loadVec(p + step);
    m2 = loadVec(p + 2 * step);
    const a2 = add(add(loadVec(p), m1), m2);
    const b2 = sub(sub(m1, m2), loadVec(p + 3 * step));
    p += 4 * step;
    m1 = loadVec(p + step);
    m2 = loadVec(p + 2 * step);
    const a3 = add(add(loadVec(p), m1), m2);
    const b3 = sub(sub(m1, m2), loadVec(p + 3 * step));
    const y00 = add(add(a0, a1), a2);
    const y10 = sub(sub(a1, a2), a3);
    const y01 = add(add(b0, b1), b2);
    const y11 = sub(sub(b1, b2), b3);
    const sum = add(add(y00, y10), add(y01, y11));
    if (!allTrue(eq(sub(sum, sum), splat(0)))) return false;
    const to = out + q;
    storeVec(to, y00);
    if (tile.columns > 1) storeVec(to + right, y01);
    if (tile.rows > 1) {
      storeVec(to + below, y10);
      if (tile.columns > 1) storeVec(to + below + right, y11);
    }
  }
  return true;
}

/** Writes COLUMNS channels of a tile by the taps, as they are packed: infinities and NaN are then where the formula has them. */
function multiplyTaps(plan: WinogradPlan, tile: Tile, out: usize): void {
  const steps = stepsOf(plan);
  const patch = patchOf(plan, tile);
  const row = patchRowBytes(plan, patch);
  const right = (<usize>plan.outChannels) << 2;
  const pixel = plan.inChannels << 2;
  steps.length = 3 * plan.inChannels;
  steps.segments = 3;
  steps.step = 4;
  steps.segmentStep = <u32>row;
  for (let y: u32 = 0; y < tile.rows; y++, out += plan.outWidth * right) {
    gemmTiles(steps, patch + y * row, pixel, 0, tapsAt(plan), PANEL, out, right, tile.columns, COLUMNS, false, 0);
  }
}

/** Adds the bias, if there is one, to COLUMNS channels of a tile, and applies the activation. */
function finish(plan: WinogradPlan, tile: Tile, out: usize, bias: usize, slopes: usize): void {
  const right = (<usize>plan.outChannels) << 2;
  for (let q: usize = 0; q < PANEL; q += VEC) {
    const offset = bias == 0 ? splat(0) : loadVec(bias + q);
    const slope = slopes == 0 ? loadSplat(changetype<usize>(plan) + offsetof<WinogradPlan>("slope")) : loadVec(slopes + q);
    let row = out + q;
    for (let y = tile.rows; y != 0; y--, row += plan.outWidth * right) {
      for (let x = tile.columns, to = row; x != 0; x--, to += right) {
        let sum = loadVec(to);
        if (bias != 0) sum = add(sum, offset);
        storeVec(to, activate(plan.activation, sum, slope));
      }
    }
  }
}
