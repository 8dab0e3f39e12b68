import { COLUMNS, gemmColumnTile, gemmTiles, PANEL, packPanels, ROWS } from "../simd/gemm";
import { LANES } from "../simd/vec";
import { cropImage, padImage } from "./image";
import {
  borderBefore,
  ConvolutionPlan,
  ceilDiv,
  describeImage,
  edgeOf,
  lastRow,
  outImageBytes,
  runColumnsOf,
  stepsOf,
} from "./plan";

/** Bytes of packed filter that one pass over the pixels uses, at most, so that they stay in the first-level cache. */
const PASS_BYTES: u32 = 24576;

/**
 * Some rows of dx of a convolution. An axis of it has a stride, or a dilation, or neither.
 *
 * An input pixel meets every strideHeight-th row and strideWidth-th column of the filter. Which ones these are depends on its
 * *phase*: the remainders of its position by the strides. The pixels of one phase are a convolution of dy with those taps in
 * reverse order. For each pixel, this is the product of the pixels of dy that the taps meet, and the taps, transposed and packed.
 * The pixels of a *run* of taps are contiguous. A run is a row of taps, or if the columns are dilated, one tap.
 *
 * @param at a ConvolutionPlan
 * @param dy as the plan describes it
 * @param packed the filter, as conv2d_backprop_input_filter_apply packs it
 * @param dx the first of the rows
 * @param start numbers of dx before them
 * @param count numbers in them: whole images, if channels are not last
 */
export function conv2d_backprop_input_apply(at: usize, dy: usize, packed: usize, dx: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const inHeight = plan.inHeight;
  const outHeight = plan.outHeight;
  const padTop = plan.padTop;
  const inRow = plan.inWidth * plan.inChannels;
  const outRow = (<usize>plan.outWidth * plan.outChannels) << 2;
  const outImage = outImageBytes(plan);
  const reach = (plan.filterHeight - 1) * plan.dilationHeight;
  plan.packed = <u32>(packed - at);
  for (let row = start / inRow, end = (start + count) / inRow; row < end; ) {
    const image = row / inHeight;
    const first = row % inHeight;
    const rows = min(inHeight - first, end - row);
    // Rows of an image are an image, too: of dy from the first row on that they meet.
    const above = plan.channelsLast ? <i32>(first + padTop - reach) : 0;
    const cut = min(<u32>max(above, 0) / plan.strideHeight, outHeight);
    plan.inHeight = rows;
    plan.outHeight = outHeight - cut;
    plan.padTop = first + padTop - cut * plan.strideHeight;
    inputGradient(plan, dy + image * outImage + cut * outRow, 1, dx, 0, false);
    dx += (<usize>rows * inRow) << 2;
    row += rows;
  }
  plan.inHeight = inHeight;
  plan.outHeight = outHeight;
  plan.padTop = padTop;
}

/**
 * Packs the filter for conv2d_backprop_input_apply.
 *
 * @param at a ConvolutionPlan
 * @param filter [filterHeight, filterWidth, inChannels, outChannels]
 */
export function conv2d_backprop_input_filter_apply(at: usize, filter: usize, packed: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  plan.packed = <u32>(packed - at);
  packFilter(plan, filter);
}

/**
 * dx of `count` images, or its sum with what dx holds, by a filter that is packed in the plan's scratch.
 *
 * @param dy, dx the first images. Those of dy follow each other, those of dx are dxStep bytes apart
 */
export function inputGradient(plan: ConvolutionPlan, dy: usize, count: u32, dx: usize, dxStep: usize, accumulate: bool): void {
  const at = changetype<usize>(plan);
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const outImage = outImageBytes(plan);
  const top = borderBefore(plan.filterHeight, plan.strideHeight, plan.dilationHeight, plan.padTop);
  const left = borderBefore(plan.filterWidth, plan.strideWidth, plan.dilationWidth, plan.padLeft);
  const rows = lastRow(plan.inHeight, plan.padTop, plan.strideHeight) + 1;
  const columns = lastRow(plan.inWidth, plan.padLeft, plan.strideWidth) + 1;
  const copies = !plan.channelsLast || top != 0 || left != 0 || rows > plan.outHeight || columns > plan.outWidth;
  const row = (<usize>(copies ? left + columns : plan.outWidth) * outChannels) << 2;
  for (let i: u32 = 0; i < count; i++, dy += outImage, dx += dxStep) {
    let source = dy;
    if (copies) {
      source = at + plan.padded;
      const height = min(rows, plan.outHeight);
      const width = min(columns, plan.outWidth);
      const image = describeImage(plan, height, width, outChannels, plan.outHeight, plan.outWidth);
      padImage(image, dy, source, top, rows - height, left, columns - width, 1);
    }
    const out = plan.channelsLast ? dx : at + plan.dense;
    let packed = at + plan.packed;
    for (let y: u32 = 0; y < plan.strideHeight; y++) {
      for (let x: u32 = 0; x < plan.strideWidth; x++) {
        packed = phase(plan, y, x, source, row, top, left, packed, out, accumulate);
      }
    }
    if (!plan.channelsLast) {
      const image = describeImage(plan, plan.inHeight, plan.inWidth, inChannels, plan.inHeight, plan.inWidth);
      cropImage(image, out, (<usize>plan.inWidth * inChannels) << 2, dx, 1);
    }
  }
}

/** Input channels up to which each is packed alone, so that a vector has several numbers of a sum, if there are as many of these. */
const MAX_ALONE: u32 = LANES;
const MIN_NUMBERS_ALONE: u32 = 8;

/** How many input channels are packed together. */
@inline function panelChannels(plan: ConvolutionPlan): u32 {
  const alone = plan.inChannels <= MAX_ALONE && (plan.inChannels == 1 || plan.outChannels >= MIN_NUMBERS_ALONE);
  return alone ? 1 : COLUMNS;
}

/** The number of a filter's rows, or columns, that phase p meets. */
@inline function taps(filter: u32, stride: u32, p: u32): u32 {
  return p < filter ? ceilDiv(filter - p, stride) : 0;
}

/** The first position of phase p. */
@inline function firstOf(p: u32, pad: u32, stride: u32): u32 {
  const remainder = <i32>pad % <i32>stride;
  return (p + stride - <u32>remainder) % stride;
}

/**
 * Computes all pixels of one phase.
 *
 * @returns the address of the next phase's packed filter
 */
function phase(
  plan: ConvolutionPlan,
  y: u32,
  x: u32,
  source: usize,
  row: usize,
  top: u32,
  left: u32,
  packed: usize,
  out: usize,
  accumulate: bool,
): usize {
  const steps = stepsOf(plan);
  const inChannels = plan.inChannels;
  const pixel = plan.outChannels << 2;
  const tapRows = taps(plan.filterHeight, plan.strideHeight, y);
  const tapColumns = taps(plan.filterWidth, plan.strideWidth, x);
  const runColumns = runColumnsOf(plan, tapColumns);
  const length = runColumns * plan.outChannels;
  const together = panelChannels(plan);
  const panels = ceilDiv(inChannels, together);
  const panel = together << 2;
  const tapCount = tapRows * tapColumns;
  const pass = max<u32>(PASS_BYTES / max<u32>(length * panel, 1), 1);
  const y0 = firstOf(y, plan.padTop, plan.strideHeight);
  const x0 = firstOf(x, plan.padLeft, plan.strideWidth);
  // The first row and column of the bordered dy that the phase's first pixel meets.
  const firstRow = <u32>(<i32>(y0 + plan.padTop - y) / <i32>plan.strideHeight) + top;
  const firstColumn = <u32>(<i32>(x0 + plan.padLeft - x) / <i32>plan.strideWidth) + left;
  const sourceRow = firstRow - (tapRows - 1) * plan.dilationHeight;
  const sourceColumn = firstColumn - (tapColumns - 1) * plan.dilationWidth;
  const width = x0 < plan.inWidth ? ceilDiv(plan.inWidth - x0, plan.strideWidth) : 0;
  steps.length = length;
  steps.step = 4;
  steps.segmentStep = plan.dilationHeight * <u32>row;
  for (let j: u32 = 0; j < panels; j++) {
    const columns = min(together, inChannels - j * together);
    let b = packed + <usize>(j * tapCount * plan.outChannels) * panel;
    // Without taps, one empty product writes zeros.
    let run: u32 = 0;
    do {
      const column = (sourceColumn + run * plan.dilationWidth) * pixel;
      let tap: u32 = 0;
      do {
        steps.segments = min(pass, tapRows - tap);
        const adds = accumulate || run + tap != 0;
        for (let yy = y0, n: u32 = 0; yy < plan.inHeight; yy += plan.strideHeight, n++) {
          const a = source + (sourceRow + n + tap * plan.dilationHeight) * row + column;
          const c = out + (((<usize>yy * plan.inWidth + x0) * inChannels + j * together) << 2);
          const cStep = (plan.strideWidth * inChannels) << 2;
          if (together != 1) {
            gemmTiles(steps, a, pixel, ROWS * pixel, b, PANEL, c, cStep, width, columns, adds, edgeOf(plan));
            continue;
          }
          for (let i: u32 = 0; i < width; i += ROWS) {
            gemmColumnTile(steps, a + i * pixel, pixel, b, c + i * cStep, cStep, min(ROWS, width - i), adds);
          }
        }
        b += <usize>(steps.segments * length) * panel;
        tap += steps.segments;
      } while (tap < tapRows);
      run += runColumns;
    } while (run < tapColumns);
  }
  return packed + <usize>(panels * tapCount * plan.outChannels) * panel;
}

/**
 * Packs the filter phase by phase: for each panel of input channels, the phase's taps in reverse order, run by run, each with its
 * output channels.
 */
export function packFilter(plan: ConvolutionPlan, filter: usize): void {
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const together = panelChannels(plan);
  const panel = together << 2;
  let to = changetype<usize>(plan) + plan.packed;
  for (let y: u32 = 0; y < plan.strideHeight; y++) {
    for (let x: u32 = 0; x < plan.strideWidth; x++) {
      const tapRows = taps(plan.filterHeight, plan.strideHeight, y);
      const tapColumns = taps(plan.filterWidth, plan.strideWidth, x);
      const runColumns = runColumnsOf(plan, tapColumns);
      for (let j: u32 = 0; j < inChannels; j += together) {
        const columns = min(together, inChannels - j);
        for (let run: u32 = 0; run < tapColumns; run += runColumns) {
          for (let u: u32 = 0; u < tapRows; u++) {
            for (let v = run; v < run + runColumns; v++) {
              const filterRow = y + plan.strideHeight * (tapRows - 1 - u);
              const filterColumn = x + plan.strideWidth * (tapColumns - 1 - v);
              const tap = filterRow * plan.filterWidth + filterColumn;
              const from = filter + ((<usize>(tap * inChannels + j) * outChannels) << 2);
              if (together == 1) memory.copy(to, from, outChannels << 2);
              else packPanels(from, 4, outChannels << 2, outChannels, columns, to);
              to += outChannels * panel;
            }
          }
        }
      }
    }
  }
}
