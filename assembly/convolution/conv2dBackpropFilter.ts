import { COLUMNS, gemmTile, PANEL, ROWS } from "../simd/gemm";
import { loadVec, storeVec, VEC } from "../simd/vec";
import { padImage } from "./image";
import {
  ConvolutionPlan,
  cutBefore,
  describeImage,
  edgeOf,
  imageBytes,
  marginBefore,
  outImageBytes,
  paddedHeight,
  paddedWidth,
  stepsOf,
} from "./plan";

/**
 * dW [filterHeight, filterWidth, inChannels, outChannels] of a convolution.
 *
 * dW is [filterHeight · filterWidth · inChannels, outChannels], a product, summed over all output pixels: of the numbers of x that the
 * taps meet, and of dy, of which some rows are packed at once, unless the filter is small.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them
 */
export function conv2d_backprop_filter_apply(at: usize, x: usize, dy: usize, dw: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  memory.fill(dw, 0, (<usize>plan.filterHeight * plan.filterWidth * plan.inChannels * plan.outChannels) << 2);
  addFilterGradient(plan, x, imageBytes(plan), dy, plan.batch, dw);
}

// Numbers of a filter for an output channel, and output channels, up to which dy is read where it is. Packing it would take longer.
const MAX_NUMBERS_UNPACKED: u32 = 32;
const MAX_CHANNELS_UNPACKED: u32 = 128;

/**
 * Adds the gradients of `count` images to dw, those of a filter of the plan's height and width.
 *
 * @param x, dy the first images. Those of x are xStep bytes apart, those of dy follow each other
 */
export function addFilterGradient(plan: ConvolutionPlan, x: usize, xStep: usize, dy: usize, count: u32, dw: usize): void {
  const at = changetype<usize>(plan);
  const steps = stepsOf(plan);
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const pixel = outChannels << 2;
  const packs =
    !plan.channelsLast ||
    outChannels % COLUMNS != 0 ||
    outChannels > MAX_CHANNELS_UNPACKED ||
    tapNumbers(plan) > MAX_NUMBERS_UNPACKED;
  const height = paddedHeight(plan);
  const width = paddedWidth(plan);
  if (height == 0 || width == 0) return;

  const copies = !plan.channelsLast || plan.padTop != 0 || plan.padLeft != 0 || plan.inHeight < height || plan.inWidth < width;
  const row = (<usize>(copies ? width : plan.inWidth) * inChannels) << 2;
  const outImage = outImageBytes(plan);
  storeTapOffsets(plan, row);
  steps.length = plan.outWidth;
  steps.step = (plan.strideWidth * inChannels) << 2;
  steps.segmentStep = plan.strideHeight * <u32>row;
  for (let image: u32 = 0; image < count; image++, x += xStep, dy += outImage) {
    let source = x;
    if (copies) {
      source = at + plan.padded;
      const top = marginBefore(plan.padTop, height);
      const left = marginBefore(plan.padLeft, width);
      const cutTop = cutBefore(plan.padTop);
      const cutLeft = cutBefore(plan.padLeft);
      const rows = min(plan.inHeight - cutTop, height - top);
      const columns = min(plan.inWidth - cutLeft, width - left);
      const from = describeImage(plan, rows, columns, inChannels, plan.inHeight, plan.inWidth);
      const first = x + cutTop * from.rowStep + cutLeft * from.columnStep;
      padImage(from, first, source, top, height - top - rows, left, width - left - columns, 1);
    }
    for (let first: u32 = 0; first < plan.outHeight; first += plan.packedRows) {
      const rows = min(plan.packedRows, plan.outHeight - first);
      const k = rows * plan.outWidth;
      if (packs) pack(plan, dy, first * plan.outWidth, k);
      steps.segments = rows;
      const a = source + first * plan.strideHeight * row;
      for (let j: u32 = 0; j < outChannels; j += COLUMNS) {
        const b = packs ? at + plan.packed + <usize>j * (k << 2) : dy + first * plan.outWidth * pixel + (j << 2);
        tapTiles(plan, a, b, packs ? PANEL : pixel, dw + (j << 2), min(COLUMNS, outChannels - j));
      }
    }
  }
}

/**
 * Adds to a panel of dW, tile by tile of the filter's numbers for an output channel.
 *
 * @param a the first pixel that the first tap meets
 * @param b the panel's channels of dy, bStep bytes from pixel to pixel
 */
function tapTiles(plan: ConvolutionPlan, a: usize, b: usize, bStep: usize, c: usize, columns: u32): void {
  const cStep = plan.outChannels << 2;
  const count = tapNumbers(plan);
  let offsets = changetype<usize>(plan) + plan.dense;
  for (let i: u32 = 0; i < count; i += ROWS, c += ROWS * cStep, offsets += 4 * ROWS) {
    const o0 = load<u32>(offsets);
    const o1 = load<u32>(offsets, 4) - o0;
    const o2 = load<u32>(offsets, 8) - o0;
    const o3 = load<u32>(offsets, 12) - o0;
    gemmTile(stepsOf(plan), a + o0, o1, o2, o3, b, bStep, c, cStep, count - i, columns, true, edgeOf(plan));
  }
}

/** Numbers of the filter for an output channel. */
@inline function tapNumbers(plan: ConvolutionPlan): u32 {
  return plan.filterHeight * plan.filterWidth * plan.inChannels;
}

/**
 * Stores where each number of the filter for an output channel meets x, in bytes from where the first does. Those of a tile after the last
 * are that of the last.
 */
function storeTapOffsets(plan: ConvolutionPlan, row: usize): void {
  let to = changetype<usize>(plan) + plan.dense;
  let offset: usize = 0;
  for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow++) {
    for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn++) {
      offset = tapRow * plan.dilationHeight * row + ((<usize>(tapColumn * plan.dilationWidth * plan.inChannels)) << 2);
      for (let channel: u32 = 0; channel < plan.inChannels; channel++, to += 4, offset += 4) store<u32>(to, <u32>offset);
    }
  }
  for (let i: u32 = 1; i < ROWS; i++, to += 4) store<u32>(to, <u32>offset - 4);
}

/** Packs `count` pixels of dy from pixel `first` on, as panels of COLUMNS channels. The last panel is filled up with zeros. */
function pack(plan: ConvolutionPlan, dy: usize, first: u32, count: u32): void {
  const outChannels = plan.outChannels;
  const pixelStep = (plan.channelsLast ? outChannels : 1) << 2;
  const channelStep = (plan.channelsLast ? 1 : plan.outHeight * plan.outWidth) << 2;
  let to = changetype<usize>(plan) + plan.packed;
  for (let j: u32 = 0; j < outChannels; j += COLUMNS) {
    const columns = min(COLUMNS, outChannels - j);
    let from = dy + first * pixelStep + j * channelStep;
    if (columns == COLUMNS && plan.channelsLast) {
      for (let i: u32 = 0; i < count; i++, to += PANEL, from += pixelStep) {
        storeVec(to, loadVec(from));
        storeVec(to + VEC, loadVec(from + VEC));
      }
      continue;
    }
    for (let i: u32 = 0; i < count; i++, to += PANEL, from += pixelStep) {
      for (let c: u32 = 0; c < COLUMNS; c++) {
        store<f32>(to + (c << 2), c < columns ? load<f32>(from + c * channelStep) : 0);
      }
    }
  }
}
