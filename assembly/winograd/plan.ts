import { COLUMNS, PANEL, Steps } from "../simd/gemm";
import { aligned } from "../simd/vec";

// Convolutions by 3×3 taps, with stride 1, after Winograd: F(2×2, 3×3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2016 (docs/math.md, section 6.5).
//
// A tile of 2×2 output pixels meets a patch of 4×4 input pixels. Patches and filter are transformed to 16 numbers for each channel;
// for each of these 16, *places*, output is a matrix product, [tiles, inChannels]·[inChannels, outChannels], which is transformed
// back. So there are 16 multiplications where the taps have 36. Tiles are taken in blocks that stay in the second-level cache.

/** The places of a transformed patch. */
export const PLACES: u32 = 16;
/** Taps of the filter. */
export const TAPS: u32 = 9;
/** Tiles in a block, at most. */
export const BLOCK_TILES: u32 = 32;

/** A convolution, as src/kernels/winograd.ts writes it: words, in this order. After it there is room for what the loops work in. */
@unmanaged
export class WinogradPlan {
  inHeight: u32;
  inWidth: u32;
  /** At least 4. */
  inChannels: u32;
  outHeight: u32;
  outWidth: u32;
  /** At least 8. */
  outChannels: u32;
  // Positions before the input's first, as i32: where they are negative, the patches start after it.
  padTop: u32;
  padLeft: u32;
  /** 1 where the filter is [3, 3, outChannels, inChannels], and its taps are in reverse order; 0 where it is [3, 3, inChannels, outChannels]. */
  flipped: u32;
  /** 0 or one of those of matrix products. */
  activation: u32;
  /** float32: the slope, if no slopes are given. */
  slope: u32;
}

/** A tile of a block. */
@unmanaged
export class Tile {
  /** The image that its patch is of. */
  image: usize;
  /** The first row and column of the patch, as i32. */
  row: u32;
  column: u32;
  /** Its first pixel. */
  out: usize;
  /** Rows and columns that it has in the output, 1 or 2. */
  rows: u32;
  columns: u32;
}

const STEPS: usize = (offsetof<WinogradPlan>() + 15) & ~15;
const TABLE: usize = STEPS + ((offsetof<Steps>() + 15) & ~15);

/** Bytes of a block's patches at one place: not a power of two, for which places would fall into the same cache sets. */
@inline export function placeBytes(channels: u32): usize {
  return ((<usize>BLOCK_TILES * channels) << 2) + 64;
}
@inline function patchBytes(channels: u32): usize {
  return PLACES * aligned(<usize>channels << 2);
}
/** Bytes of a panel of products at one place. */
export const PRODUCT_BYTES: usize = BLOCK_TILES * PANEL + 64;
const TILES: usize = BLOCK_TILES * ((offsetof<Tile>() + 15) & ~15);
/** Bytes of the filter's panels at one place. */
@inline export function panelBytes(inChannels: u32): usize {
  return inChannels * PANEL;
}
@inline export function panelCount(outChannels: u32): u32 {
  return (outChannels + COLUMNS - 1) / COLUMNS;
}
/** The first channel of a panel. The last panel may repeat channels of the one before. */
@inline export function firstOf(panel: u32, outChannels: u32): u32 {
  return min(panel * COLUMNS, outChannels - COLUMNS);
}

/** Bytes of a plan, with what is in the table after it. */
export function winograd_table_bytes(): usize {
  return TABLE;
}

@inline export function stepsOf(plan: WinogradPlan): Steps {
  return changetype<Steps>(changetype<usize>(plan) + STEPS);
}
@inline export function tileOf(plan: WinogradPlan, i: u32): Tile {
  return changetype<Tile>(changetype<usize>(plan) + TABLE + i * offsetof<Tile>());
}
/** Room for a patch with zeros where the image ends. */
@inline export function patchAt(plan: WinogradPlan): usize {
  return changetype<usize>(plan) + TABLE + TILES;
}
/** Room for the patches of a block, transformed: for each place, a row for each tile. */
@inline export function patchesAt(plan: WinogradPlan): usize {
  return patchAt(plan) + patchBytes(plan.inChannels);
}
/** Room for a panel of a block's products: for each place, a row of COLUMNS for each tile. */
@inline export function productsAt(plan: WinogradPlan): usize {
  return patchesAt(plan) + PLACES * placeBytes(plan.inChannels);
}
/** Room for a panel of the filter, packed: for each tap, COLUMNS numbers for each input channel. */
@inline export function tapsAt(plan: WinogradPlan): usize {
  return productsAt(plan) + PLACES * PRODUCT_BYTES;
}
/** Room for the transformed filter: for each panel and each place, COLUMNS numbers for each input channel. */
@inline export function panelsAt(plan: WinogradPlan): usize {
  return tapsAt(plan) + TAPS * panelBytes(plan.inChannels);
}

/** Room for the gradient of a block's tiles, transformed: for each panel and each place, COLUMNS numbers for each tile. */
@inline export function gradientsAt(plan: WinogradPlan): usize {
  return productsAt(plan);
}
/** Room for the filter's gradient before it is transformed back: for each panel and each place, COLUMNS numbers for each input channel. */
@inline export function sumsAt(plan: WinogradPlan): usize {
  return gradientsAt(plan) + panelCount(plan.outChannels) * PLACES * PRODUCT_BYTES;
}
/** Bytes of it. */
@inline export function sumsBytes(inChannels: u32, outChannels: u32): usize {
  return panelCount(outChannels) * PLACES * panelBytes(inChannels);
}
/** Bytes after the table for the filter's gradient. The arguments are a plan's. */
export function winograd_backprop_filter_scratch_bytes(inChannels: u32, outChannels: u32): usize {
  const gradients = panelCount(outChannels) * PLACES * PRODUCT_BYTES;
  return TILES + patchBytes(inChannels) + PLACES * placeBytes(inChannels) + gradients + sumsBytes(inChannels, outChannels);
}

/** Bytes after the table. The arguments are a plan's. */
export function winograd_scratch_bytes(inChannels: u32, outChannels: u32): usize {
  const panels = (TAPS + PLACES * panelCount(outChannels)) * panelBytes(inChannels);
  return TILES + patchBytes(inChannels) + PLACES * (placeBytes(inChannels) + PRODUCT_BYTES) + panels;
}
