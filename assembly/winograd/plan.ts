import { COLUMNS, PANEL, Steps } from "../simd/gemm";
import { aligned, VEC } from "../simd/vec";

// Convolutions by 3×3 taps, with stride 1, after Winograd: F(2×2, 3×3) and F(4×4, 3×3) of Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", 2016 (docs/math.md, section 6.5).
//
// A tile of 2×2 (4×4) output pixels meets a patch of 4×4 (6×6) input pixels. Patches and filter are transformed to 16 (36) numbers for
// each channel; for each of these *places*, output is a matrix product, [tiles, inChannels]·[inChannels, outChannels], which is
// transformed back. So there are 16 (36) multiplications where the taps have 36 (144). Tiles are taken in blocks that stay in the
// second-level cache.

/** Taps of the filter. */
export const TAPS: u32 = 9;

/** A convolution, as src/kernels/winograd.ts writes it: words, in this order. After it there is room for what the loops work in. */
@unmanaged
export class WinogradPlan {
  batch: u32;
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
  /** Rows, and columns, of a tile: 2 or 4. */
  tileSize: u32;
  /** Parts of the tiles that the filter's gradient is summed over by themselves, before these sums are added. */
  sections: u32;
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
  /** Rows and columns that it has in the output, at least 1. */
  rows: u32;
  columns: u32;
}

const STEPS: usize = (offsetof<WinogradPlan>() + 15) & ~15;
const TABLE: usize = STEPS + ((offsetof<Steps>() + 15) & ~15);

/** Rows, and columns, of a patch. */
@inline export function patchSize(tileSize: u32): u32 {
  return tileSize + 2;
}
@inline export function placeCount(tileSize: u32): u32 {
  return patchSize(tileSize) * patchSize(tileSize);
}
/** Rows of tiles of an image. */
@inline export function tileRows(plan: WinogradPlan): u32 {
  return (plan.outHeight + plan.tileSize - 1) / plan.tileSize;
}
/** Tiles in a block, at most. */
@inline export function blockTiles(tileSize: u32): u32 {
  return 64 / tileSize;
}
/** Bytes of a block's patches at one place: not a power of two, for which places would fall into the same cache sets. */
@inline export function placeBytes(channels: u32, tileSize: u32): usize {
  return ((<usize>blockTiles(tileSize) * channels) << 2) + 64;
}
/** Bytes of a panel of products at one place. */
@inline export function productBytes(tileSize: u32): usize {
  return blockTiles(tileSize) * PANEL + 64;
}
@inline function patchBytes(channels: u32, tileSize: u32): usize {
  return placeCount(tileSize) * aligned((<usize>channels) << 2);
}
/** Bytes of the tiles of a block. */
const TILES: usize = 32 * ((offsetof<Tile>() + 15) & ~15);
/** Bytes of a vector for each place of the largest patch. */
const LINES: usize = 36 * VEC;
/** Bytes of a packed panel of the filter's numbers for one tap. */
@inline export function tapBytes(inChannels: u32): usize {
  return inChannels * PANEL;
}
/** Bytes of a panel of the transformed filter at one place: not a power of two. */
@inline export function panelBytes(inChannels: u32): usize {
  return tapBytes(inChannels) + 64;
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
/** Room for a vector for each place of a patch, while it is transformed. */
@inline export function linesAt(plan: WinogradPlan): usize {
  return changetype<usize>(plan) + TABLE + TILES;
}
/** Room for a patch with zeros where the image ends. */
@inline export function patchAt(plan: WinogradPlan): usize {
  return linesAt(plan) + LINES;
}
/** Room for the patches of a block, transformed: for each place, a row for each tile. */
@inline export function patchesAt(plan: WinogradPlan): usize {
  return patchAt(plan) + patchBytes(plan.inChannels, plan.tileSize);
}
/** Room for a panel of a block's products: for each place, a row of COLUMNS for each tile. */
@inline export function productsAt(plan: WinogradPlan): usize {
  return patchesAt(plan) + placeCount(plan.tileSize) * placeBytes(plan.inChannels, plan.tileSize);
}
/** Room for a panel of the filter, packed: for each tap, COLUMNS numbers for each input channel. */
@inline export function tapsAt(plan: WinogradPlan): usize {
  return productsAt(plan) + placeCount(plan.tileSize) * productBytes(plan.tileSize);
}
/** Room for the gradient of a block's tiles, transformed: for each panel and each place, COLUMNS numbers for each tile. */
@inline export function gradientsAt(plan: WinogradPlan): usize {
  return productsAt(plan);
}
/** Bytes after the table that both need: for the tiles, and for a block's patches. */
function blockBytes(inChannels: u32, tileSize: u32): usize {
  return TILES + LINES + patchBytes(inChannels, tileSize) + placeCount(tileSize) * placeBytes(inChannels, tileSize);
}
/** Bytes after the table for the filter's gradient. The arguments are a plan's. */
export function winograd_backprop_filter_scratch_bytes(inChannels: u32, outChannels: u32, tileSize: u32): usize {
  return blockBytes(inChannels, tileSize) + panelCount(outChannels) * placeCount(tileSize) * productBytes(tileSize);
}
/** Bytes after the table. The arguments are a plan's. */
export function winograd_scratch_bytes(inChannels: u32, tileSize: u32): usize {
  return blockBytes(inChannels, tileSize) + placeCount(tileSize) * productBytes(tileSize) + TAPS * tapBytes(inChannels);
}
/**
 * Bytes that all chunks have together: the transformed filter, or a section's sums of its gradient before it is transformed back. For
 * each panel and each place, there are COLUMNS numbers for each input channel. The arguments are a plan's.
 */
export function winograd_shared_bytes(inChannels: u32, outChannels: u32, tileSize: u32): usize {
  return panelCount(outChannels) * placeCount(tileSize) * panelBytes(inChannels);
}
