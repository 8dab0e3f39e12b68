import { COLUMNS, gemmTiles, PANEL, ROWS_BYTES } from "../simd/gemm";
import { loadVec, storeVec, VEC } from "../simd/vec";
import { padImage } from "./image";
import {
  ConvolutionPlan,
  ceilDiv,
  cutBefore,
  describeImage,
  edgeOf,
  imageBytes,
  marginBefore,
  outImageBytes,
  paddedHeight,
  paddedWidth,
  runColumnsOf,
  stepsOf,
} from "./plan";

/**
 * dW [filterHeight, filterWidth, inChannels, outChannels] of a convolution.
 *
 * For a row of the filter, dW is [filterWidth · inChannels, outChannels]. It is a product, summed over all output pixels: of
 * the pixels of x that the row's taps meet, and of dy, of which some rows are packed at once. The pixels are contiguous. If the
 * filter's columns are dilated, they are so for each tap by itself, and each tap is a product of its own.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them
 */
export function conv2d_backprop_filter_apply(at: usize, x: usize, dy: usize, dw: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  memory.fill(dw, 0, (<usize>plan.filterHeight * plan.filterWidth * plan.inChannels * plan.outChannels) << 2);
  addFilterGradient(plan, x, imageBytes(plan), dy, plan.batch, dw);
}

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
  const run = runColumnsOf(plan, plan.filterWidth);
  const runs = plan.filterWidth / run;
  const m = run * inChannels;
  const panels = ceilDiv(outChannels, COLUMNS);
  const height = paddedHeight(plan);
  const width = paddedWidth(plan);
  if (height == 0 || width == 0) return;

  const copies = !plan.channelsLast || plan.padTop != 0 || plan.padLeft != 0 || plan.inHeight < height || plan.inWidth < width;
  const row = (<usize>(copies ? width : plan.inWidth) * inChannels) << 2;
  const outImage = outImageBytes(plan);
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
      pack(plan, dy, first * plan.outWidth, k);
      steps.segments = rows;
      for (let tap: u32 = 0; tap < plan.filterHeight * runs; tap++) {
        const tapRow = (tap / runs) * plan.dilationHeight;
        const tapColumn = (tap % runs) * plan.dilationWidth;
        const a = source + (first * plan.strideHeight + tapRow) * row + ((<usize>tapColumn * inChannels) << 2);
        for (let j: u32 = 0; j < panels; j++) {
          const panel = at + plan.packed + <usize>j * k * PANEL;
          const columns = min(COLUMNS, outChannels - j * COLUMNS);
          const c = dw + ((<usize>tap * m * outChannels + j * COLUMNS) << 2);
          gemmTiles(steps, a, 4, ROWS_BYTES, panel, PANEL, c, outChannels << 2, m, columns, true, edgeOf(plan));
        }
      }
    }
  }
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
