import { COLUMNS, gemmTile, PANEL, ROWS } from "../simd/gemm";
import { add, loadVec, storeVec, VEC } from "../simd/vec";
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
 * Parts of dW [filterHeight, filterWidth, inChannels, outChannels] of a convolution, each summed over the rows of dy in a section.
 *
 * dW is [filterHeight · filterWidth · inChannels, outChannels], a product, summed over all output pixels: of the numbers of x that the
 * taps meet, and of dy, of which some rows are packed at once, unless the filter is small.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them
 * @param sums dW of each section, or dW if there is one
 * @param start numbers of the sums before these
 * @param count numbers, whole rows of them
 */
export function conv2d_backprop_filter_accumulate(at: usize, x: usize, dy: usize, sums: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const numbers = tapNumbers(plan);
  const row = (<usize>plan.outChannels) << 2;
  const end = (start + count) / plan.outChannels;
  for (let i = start / plan.outChannels; i < end; ) {
    const section = i / numbers;
    const before = section * numbers;
    const last = min(end - before, numbers);
    memory.fill(sums + i * row, 0, (before + last - i) * row);
    addSection(plan, x, dy, section, sums + before * row, i - before, last);
    i = before + last;
  }
}

/** Adds a section's gradient to dw, of the filter's numbers for an output channel from `first` to `end`. */
function addSection(plan: ConvolutionPlan, x: usize, dy: usize, section: u32, dw: usize, first: u32, end: u32): void {
  const inHeight = plan.inHeight;
  const outHeight = plan.outHeight;
  const padTop = plan.padTop;
  const image = imageBytes(plan);
  const inRow = (<usize>plan.inWidth * plan.inChannels) << 2;
  const outRow = (<usize>plan.outWidth * plan.outChannels) << 2;
  const lastRow = sectionStart(plan, section + 1);
  for (let row = sectionStart(plan, section); row < lastRow; ) {
    const outFirst = row % outHeight;
    const rows = min(outHeight - outFirst, lastRow - row);
    // Rows of an image are an image, too: of x from the first row on that they meet.
    const origin = plan.channelsLast ? <i32>(outFirst * plan.strideHeight - padTop) : 0;
    const cut = min(<u32>max(origin, 0), inHeight);
    if (plan.channelsLast) {
      plan.outHeight = rows;
      plan.inHeight = inHeight - cut;
      plan.padTop = <u32>max(-origin, 0);
    }
    addFilterGradient(plan, x + (row / outHeight) * image + cut * inRow, 0, dy + row * outRow, 1, dw, first, end);
    row += rows;
    plan.outHeight = outHeight;
    plan.inHeight = inHeight;
    plan.padTop = padTop;
  }
}

/** The first row of dy in a section: of an image, if channels are not last. */
function sectionStart(plan: ConvolutionPlan, section: u32): u32 {
  const rows = plan.batch * plan.outHeight;
  const row = <u32>((<u64>rows * section) / plan.sections);
  return plan.channelsLast || row == rows ? row : row - (row % plan.outHeight);
}

/**
 * Adds up a part of dW from the sums of all sections.
 *
 * @param at a ConvolutionPlan
 * @param sums dW of each section
 * @param dw as large a part of it is written as these sums are of all
 * @param start sums before these
 * @param count sums
 */
export function conv2d_backprop_filter_finalize(at: usize, sums: usize, dw: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const section = (<usize>tapNumbers(plan) * plan.outChannels) << 2;
  const end = (<usize>((start + count) / plan.sections)) << 2;
  let i = (<usize>(start / plan.sections)) << 2;
  for (; i + VEC <= end; i += VEC) {
    let sum = loadVec(sums + i);
    for (let s: u32 = 1; s < plan.sections; s++) sum = add(sum, loadVec(sums + s * section + i));
    storeVec(dw + i, sum);
  }
  for (; i < end; i += 4) {
    let sum = load<f32>(sums + i);
    for (let s: u32 = 1; s < plan.sections; s++) sum += load<f32>(sums + s * section + i);
    store<f32>(dw + i, sum);
  }
}

// Numbers of a filter for an output channel, and output channels, up to which dy is read where it is. Packing it would take longer.
const MAX_NUMBERS_UNPACKED: u32 = 32;
const MAX_CHANNELS_UNPACKED: u32 = 128;

/**
 * Adds the gradients of `count` images to dw, those of a filter of the plan's height and width.
 *
 * @param x, dy the first images. Those of x are xStep bytes apart, those of dy follow each other
 * @param first, end which of the filter's numbers for an output channel it is done for. Default: for all
 */
export function addFilterGradient(
  plan: ConvolutionPlan,
  x: usize,
  xStep: usize,
  dy: usize,
  count: u32,
  dw: usize,
  first: u32 = 0,
  end: u32 = u32.MAX_VALUE,
): void {
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
    for (let outRow: u32 = 0; outRow < plan.outHeight; outRow += plan.packedRows) {
      const rows = min(plan.packedRows, plan.outHeight - outRow);
      const k = rows * plan.outWidth;
      if (packs) pack(plan, dy, outRow * plan.outWidth, k);
      steps.segments = rows;
      const a = source + outRow * plan.strideHeight * row;
      for (let j: u32 = 0; j < outChannels; j += COLUMNS) {
        const b = packs ? at + plan.packed + <usize>j * (k << 2) : dy + outRow * plan.outWidth * pixel + (j << 2);
        tapTiles(
          plan,
          a,
          b,
          packs ? PANEL : pixel,
          dw + (j << 2),
          min(COLUMNS, outChannels - j),
          first,
          min(end, tapNumbers(plan)),
        );
      }
    }
  }
}

/**
 * Adds to a panel of dW, tile by tile of the filter's numbers for an output channel, from `first` to `end`.
 *
 * @param a the first pixel that the first tap meets
 * @param b the panel's channels of dy, bStep bytes from pixel to pixel
 */
function tapTiles(plan: ConvolutionPlan, a: usize, b: usize, bStep: usize, c: usize, columns: u32, first: u32, end: u32): void {
  const cStep = plan.outChannels << 2;
  let offsets = changetype<usize>(plan) + plan.dense + 4 * first;
  c += first * cStep;
  for (let i = first; i < end; i += ROWS, c += ROWS * cStep, offsets += 4 * ROWS) {
    const o0 = load<u32>(offsets);
    const o1 = load<u32>(offsets, 4) - o0;
    const o2 = load<u32>(offsets, 8) - o0;
    const o3 = load<u32>(offsets, 12) - o0;
    gemmTile(stepsOf(plan), a + o0, o1, o2, o3, b, bStep, c, cStep, end - i, columns, true, edgeOf(plan));
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
