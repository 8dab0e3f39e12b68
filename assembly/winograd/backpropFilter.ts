import { COLUMNS, gemmTiles, PANEL, ROWS, ROWS_BYTES } from "../simd/gemm";
import { add, allTrue, eq, loadVec, mul, splat, storeVec, sub, VEC, Vec } from "../simd/vec";
import {
  firstOf,
  gradientsAt,
  panelBytes,
  panelCount,
  patchesAt,
  placeBytes,
  stepsOf,
  TAPS,
  Tile,
  tileOf,
  tileRows,
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
 * Adds up parts of dW [3, 3, inChannels, outChannels] before it is transformed back: at each place a product of the transformed patches
 * and the transformed gradients of the tiles, summed over the tiles of a section.
 *
 * @param at a WinogradPlan that is not flipped, of tiles of 2×2
 * @param x [batch, inHeight, inWidth, inChannels]
 * @param dy [batch, outHeight, outWidth, outChannels]
 * @param sums all sums: for each section, each panel and each place, COLUMNS numbers for each input channel
 * @param start sums before these
 * @param count sums, whole panels of them
 */
export function winograd_backprop_filter_accumulate(at: usize, x: usize, dy: usize, sums: usize, start: u32, count: u32): void {
  const plan = changetype<WinogradPlan>(at);
  const panels = panelCount(plan.outChannels);
  const first = start / panelNumbers(plan);
  const end = first + count / panelNumbers(plan);
  for (let section = first / panels; section * panels < end; section++) {
    const before = section * panels;
    addSection(plan, x, dy, sums + section * sectionBytes(plan), section, max(first, before) - before, min(end - before, panels));
  }
}

/**
 * Writes a part of dW from its sums.
 *
 * @param at, x, dy, start, count as of winograd_backprop_filter_accumulate: as large a part of the input channels is written as these
 * sums are of all sums
 * @param sums all of them. They are not needed any more
 */
export function winograd_backprop_filter_apply(
  at: usize,
  x: usize,
  dy: usize,
  sums: usize,
  dw: usize,
  start: u32,
  count: u32,
): void {
  const plan = changetype<WinogradPlan>(at);
  const end = tileAfter(plan, start + count);
  for (let i = tileAfter(plan, start); i < end; i++) {
    const channel = i * ROWS;
    const channels = min(plan.inChannels - channel, ROWS);
    addSections(plan, sums, channel, channels);
    if (!transformSums(plan, sums, dw, channel, channels)) multiplyTaps(plan, x, dy, sums, dw, channel, channels);
  }
}

/** Sums in a panel of a section. */
@inline function panelNumbers(plan: WinogradPlan): u32 {
  return PLACES * plan.inChannels * COLUMNS;
}
@inline function sectionBytes(plan: WinogradPlan): usize {
  return panelCount(plan.outChannels) * PLACES * panelBytes(plan.inChannels);
}
/** The first ROWS input channels that do not belong to the first `numbers` sums. */
function tileAfter(plan: WinogradPlan, numbers: u32): u32 {
  return (
    ((numbers / panelNumbers(plan)) * ((plan.inChannels + ROWS - 1) / ROWS)) / (plan.sections * panelCount(plan.outChannels))
  );
}

/** Adds up some panels of a section, which has tiles: of as many rows of tiles as any other. */
function addSection(plan: WinogradPlan, x: usize, dy: usize, sums: usize, section: u32, first: u32, end: u32): void {
  const outHeight = plan.outHeight;
  const outWidth = plan.outWidth;
  const pixel = (<usize>plan.outChannels) << 2;
  const imageBytes = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const patchBytes = (<usize>plan.inChannels) << 2;
  const patches = patchesAt(plan);
  const tile = tileOf(plan, 0);
  const perImage = tileRows(plan);
  const rows = plan.batch * perImage;
  let tiles: u32 = 0;
  let adds = false;
  for (let i = sectionStart(plan, rows, section); i < sectionStart(plan, rows, section + 1); i++) {
    const image = i / perImage;
    const row = 2 * (i % perImage);
    tile.image = x + image * imageBytes;
    tile.row = row - plan.padTop;
    tile.rows = min(outHeight - row, 2);
    tile.out = dy + <usize>(image * outHeight + row) * outWidth * pixel;
    for (let column: u32 = 0; column < outWidth; column += 2) {
      tile.column = column - plan.padLeft;
      tile.columns = min(outWidth - column, 2);
      transformPatch(plan, tile, patches + tiles * patchBytes);
      transformGradient(plan, tile, gradientsAt(plan) + tiles * PANEL, first, end);
      tile.out += tile.columns * pixel;
      if (++tiles == BLOCK_TILES) {
        addProducts(plan, tiles, sums, first, end, adds);
        tiles = 0;
        adds = true;
      }
    }
  }
  if (tiles != 0) addProducts(plan, tiles, sums, first, end, adds);
}

/** The first of `rows` rows of tiles that is in a section. */
@inline function sectionStart(plan: WinogradPlan, rows: u32, section: u32): u32 {
  return <u32>((<u64>rows * section) / plan.sections);
}

/** Writes a tile's numbers of panels `first` to `end`: A dy Aᵀ. */
function transformGradient(plan: WinogradPlan, tile: Tile, to: usize, first: u32, end: u32): void {
  const right = (<usize>plan.outChannels) << 2;
  const below = plan.outWidth * right;
  const zero: Vec = splat(0);
  to += first * PLACES * PRODUCT_BYTES;
  for (let panel = first; panel < end; panel++, to += PLACES * PRODUCT_BYTES) {
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

/** Adds the products of a block's tiles to the sums of panels `first` to `end`, or of the first block writes them. */
function addProducts(plan: WinogradPlan, tiles: u32, sums: usize, first: u32, end: u32, adds: bool): void {
  const steps = stepsOf(plan);
  const inChannels = plan.inChannels;
  const place = placeBytes(inChannels, TILE);
  steps.length = tiles;
  steps.step = inChannels << 2;
  steps.segments = 1;
  let b = gradientsAt(plan) + first * PLACES * PRODUCT_BYTES;
  let c = sums + first * PLACES * panelBytes(inChannels);
  for (let panel = first; panel < end; panel++) {
    let a = patchesAt(plan);
    for (let i: u32 = 0; i < PLACES; i++, a += place, b += PRODUCT_BYTES, c += panelBytes(inChannels)) {
      gemmTiles(steps, a, 4, ROWS_BYTES, b, PANEL, c, PANEL, inChannels, COLUMNS, adds, 0);
    }
  }
}

/** Adds the sums of the other sections to those of the first, for `channels` input channels. */
function addSections(plan: WinogradPlan, sums: usize, channel: u32, channels: u32): void {
  const place = panelBytes(plan.inChannels);
  const section = sectionBytes(plan);
  let from = sums + channel * PANEL;
  for (let i = panelCount(plan.outChannels) * PLACES; i != 0; i--, from += place) {
    for (let p = from; p < from + channels * PANEL; p += VEC) {
      let sum = loadVec(p);
      let other = p;
      for (let s = plan.sections; s > 1; s--) {
        other += section;
        sum = add(sum, loadVec(other));
      }
      storeVec(p, sum);
    }
  }
}

/**
 * Writes `channels` input channels of dw: Gᵀ m G.
 *
 * @returns whether all of it is finite. Else it is not what the taps give
 */
function transformSums(plan: WinogradPlan, sums: usize, dw: usize, channel: u32, channels: u32): bool {
  const inChannels = plan.inChannels;
  const place = panelBytes(inChannels);
  const pixel = (<usize>plan.outChannels) << 2;
  const tap = inChannels * pixel;
  let from = sums + channel * PANEL;
  let check: Vec = splat(0);
  for (let panel: u32 = 0; panel < panelCount(plan.outChannels); panel++, from += PLACES * place) {
    let to = dw + channel * pixel + ((<usize>firstOf(panel, plan.outChannels)) << 2);
    for (let p = from; p < from + channels * PANEL; p += PANEL, to += pixel) {
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

/** Writes `channels` input channels of dw by the taps: so infinities and NaN are where they would be without transforms. */
function multiplyTaps(plan: WinogradPlan, x: usize, dy: usize, sums: usize, dw: usize, channel: u32, channels: u32): void {
  const steps = stepsOf(plan);
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const pixel = inChannels << 2;
  const outPixel = outChannels << 2;
  const outWidth = <i32>plan.outWidth;
  const place = panelBytes(inChannels);
  sums += channel * PANEL;
  for (let i: u32 = 0; i < panelCount(outChannels) * PLACES; i++) memory.fill(sums + i * place, 0, channels * PANEL);
  steps.segments = 1;
  steps.step = pixel;
  for (let row: u32 = 0; row < plan.batch * plan.outHeight; row++, dy += outWidth * outPixel) {
    for (let tap: u32 = 0; tap < TAPS; tap++) {
      const inRow = <i32>((row % plan.outHeight) + tap / 3 - plan.padTop);
      const shift = <i32>((tap % 3) - plan.padLeft);
      const first = max(-shift, 0);
      const end = min(<i32>plan.inWidth - shift, outWidth);
      if (inRow < 0 || inRow >= <i32>plan.inHeight || first >= end) continue;
      const image = x + <usize>((row / plan.outHeight) * plan.inHeight * plan.inWidth) * pixel;
      const a = image + <usize>(inRow * plan.inWidth + first + shift) * pixel + (channel << 2);
      steps.length = end - first;
      let c = sums + tap * place;
      for (let panel: u32 = 0; panel < panelCount(outChannels); panel++, c += PLACES * place) {
        const b = dy + first * outPixel + (firstOf(panel, outChannels) << 2);
        gemmTiles(steps, a, 4, ROWS_BYTES, b, outPixel, c, PANEL, channels, COLUMNS, true, 0);
      }
    }
  }
  for (let panel: u32 = 0; panel < panelCount(outChannels); panel++) {
    for (let tap: u32 = 0; tap < TAPS; tap++) {
      let from = sums + (PLACES * panel + tap) * place;
      let to = dw + (tap * inChannels + channel) * outPixel + (firstOf(panel, outChannels) << 2);
      for (let i = channels; i != 0; i--, from += PANEL, to += outPixel) memory.copy(to, from, PANEL);
    }
  }
}
