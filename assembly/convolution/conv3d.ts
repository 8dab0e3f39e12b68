import { COLUMNS, gemmColumnTile, gemmTiles, PANEL, packPanels, ROWS } from "../simd/gemm";
import { LANES } from "../simd/vec";
import {
  ConvolutionPlan,
  ceilDiv,
  cutBefore,
  edgeOf,
  imageBytes,
  marginBefore,
  paddedHeight,
  paddedWidth,
  runColumnsOf,
  stepsOf,
} from "./plan";

/** Bytes of packed filter that one pass over the pixels uses, at most, so that they stay in the first-level cache. */
const PASS_BYTES: u32 = 24576;
const MIN_NUMBERS_ALONE: u32 = 8;

/**
 * Some rows of a convolution of volumes, stacks of images, or of images.
 *
 * An image of the output is the product of the pixels that the taps meet, and of the filter, packed. The images of x that it depends
 * on are copied to the scratch with their borders, side by side: row v of all of them, then row v + 1. So the rows of pixels that the
 * filter's rows and images meet are equally far apart, and one product takes all of them, unless the filter's rows are dilated or
 * some of its images meet none: then it is a product for each row of the filter. The pixels of a *run* of taps are contiguous. A run
 * is a row of taps, or if the columns are dilated, one tap.
 *
 * @param at a ConvolutionPlan
 * @param x as the plan describes it, channels last
 * @param packed the filter, as conv3d_filter_apply packs it
 * @param y the first of the rows
 * @param start numbers of y before them
 * @param count numbers in them
 */
export function conv3d_apply(at: usize, x: usize, packed: usize, y: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const outHeight = plan.outHeight;
  const outRow = plan.outWidth * plan.outChannels;
  const image = imageBytes(plan);
  for (let row = start / outRow, end = (start + count) / outRow; row < end; ) {
    const index = row / outHeight;
    const first = row % outHeight;
    const rows = min(outHeight - first, end - row);
    const volume = x + <usize>(index / plan.outDepth) * plan.inDepth * image;
    outputRows(plan, volume, index % plan.outDepth, first, rows, packed, y);
    y += (<usize>rows * outRow) << 2;
    row += rows;
  }
}

/** Computes some rows of image o of the output, out of a volume of x. */
function outputRows(plan: ConvolutionPlan, x: usize, o: u32, firstRow: u32, rows: u32, packed: usize, y: usize): void {
  // The images of the filter that meet one of x: those from `first` to before `end`.
  const origin = <i32>(o * plan.strideDepth - plan.padFront);
  const first = origin < 0 ? min(ceilDiv(<u32>-origin, plan.dilationDepth), plan.filterDepth) : 0;
  const room = <i32>plan.inDepth - origin;
  const end = room > 0 ? max(min(ceilDiv(<u32>room, plan.dilationDepth), plan.filterDepth), first) : first;
  if (end == first || plan.filterHeight * plan.filterWidth == 0) {
    memory.fill(y, 0, (<usize>rows * plan.outWidth * plan.outChannels) << 2);
    return;
  }
  const image = imageBytes(plan);
  const inRow = (<usize>plan.inWidth * plan.inChannels) << 2;
  const outHeight = plan.outHeight;
  const inHeight = plan.inHeight;
  const padTop = plan.padTop;
  // Rows of an image are an image, too: of x from the first row on that they meet.
  const top = <i32>(firstRow * plan.strideHeight - padTop);
  const cut = min(<u32>max(top, 0), inHeight);
  plan.outHeight = rows;
  plan.inHeight = inHeight - cut;
  plan.padTop = <u32>max(-top, 0);
  const from = x + <usize>(origin + <i32>(first * plan.dilationDepth)) * image + cut * inRow;
  outputImage(plan, from, image, first, end - first, packed, y);
  plan.outHeight = outHeight;
  plan.inHeight = inHeight;
  plan.padTop = padTop;
}

/**
 * How many output channels are packed together. Of few, each is packed alone, so that a vector has several numbers of a sum, if there are
 * as many of these.
 */
@inline function panelChannels(plan: ConvolutionPlan): u32 {
  const alone = plan.outChannels <= LANES && (plan.outChannels == 1 || plan.inChannels >= MIN_NUMBERS_ALONE);
  return alone ? 1 : COLUMNS;
}

/** Computes an image of the output out of `count` images of x, by the packed filter from its image `first` on. */
function outputImage(plan: ConvolutionPlan, x: usize, image: usize, first: u32, count: u32, filter: usize, y: usize): void {
  const at = changetype<usize>(plan);
  const steps = stepsOf(plan);
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const height = paddedHeight(plan);
  const width = paddedWidth(plan);
  const copies = plan.filterDepth != 1 || plan.padTop != 0 || plan.padLeft != 0 || plan.inHeight < height || plan.inWidth < width;
  const row = (<usize>(copies ? width : plan.inWidth) * inChannels) << 2;
  const source = copies ? at + plan.padded : x;
  if (copies) {
    for (let u: u32 = 0; u < count; u++)
      copyImage(plan, x + u * plan.dilationDepth * image, source + u * row, count * row, height, row);
  }

  const pixelStep = (plan.strideWidth * inChannels) << 2;
  const run = runColumnsOf(plan, plan.filterWidth);
  const length = run * inChannels;
  const together = panelChannels(plan);
  const panel = together << 2;
  const panels = ceilDiv(outChannels, together);
  const rowPanel = <usize>(plan.filterDepth * length) * panel;
  // Rows of the filter whose pixels are one product's, and how many of them have their part of the packed filter in the cache.
  const fit = max<u32>(PASS_BYTES / max<u32>(<u32>rowPanel, 1), 1);
  const pass = plan.dilationHeight == 1 && count == plan.filterDepth ? min(fit, plan.filterHeight) : 1;
  steps.length = length;
  steps.step = 4;
  steps.segmentStep = <u32>row;
  const number = (<usize>outChannels) << 2;
  const outRow = plan.outWidth * number;
  for (let j: u32 = 0; j < panels; j++) {
    const columns = min(together, outChannels - j * together);
    let b = filter + <usize>j * plan.filterHeight * plan.filterWidth * inChannels * plan.filterDepth * panel;
    for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn += run) {
      for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow += pass) {
        const rows = min(pass, plan.filterHeight - tapRow);
        steps.segments = rows * count;
        const adds = tapColumn + tapRow != 0;
        const packed = b + <usize>(first * length) * panel;
        let a = source + tapRow * plan.dilationHeight * count * row + ((<usize>tapColumn * plan.dilationWidth * inChannels) << 2);
        let c = y + ((<usize>j * together) << 2);
        for (let i: u32 = 0; i < plan.outHeight; i++, a += plan.strideHeight * count * row, c += outRow) {
          if (together != 1) {
            gemmTiles(
              steps,
              a,
              pixelStep,
              ROWS * pixelStep,
              packed,
              PANEL,
              c,
              number,
              plan.outWidth,
              columns,
              adds,
              edgeOf(plan),
            );
            continue;
          }
          for (let p: u32 = 0; p < plan.outWidth; p += ROWS) {
            const count = min(ROWS, plan.outWidth - p);
            gemmColumnTile(steps, a + p * pixelStep, pixelStep, packed, c + p * number, number, count, adds);
          }
        }
        b += rows * rowPanel;
      }
    }
  }
}

/** Copies the rows of an image that are read, with their borders, to rows that are `rowStep` bytes apart. */
function copyImage(plan: ConvolutionPlan, x: usize, to: usize, rowStep: usize, height: u32, row: usize): void {
  const pixel = (<usize>plan.inChannels) << 2;
  const inRow = plan.inWidth * pixel;
  const width = <u32>(row / max(pixel, 1));
  const top = marginBefore(plan.padTop, height);
  const left = marginBefore(plan.padLeft, width);
  const cutTop = cutBefore(plan.padTop);
  const cutLeft = cutBefore(plan.padLeft);
  const bottom = top + min(plan.inHeight - cutTop, height - top);
  const bytes = min(plan.inWidth - cutLeft, width - left) * pixel;
  const before = left * pixel;
  x += cutTop * inRow + cutLeft * pixel;
  for (let y: u32 = 0; y < height; y++, to += rowStep) {
    if (y < top || y >= bottom) {
      memory.fill(to, 0, row);
      continue;
    }
    memory.fill(to, 0, before);
    memory.copy(to + before, x, bytes);
    memory.fill(to + before + bytes, 0, row - before - bytes);
    x += inRow;
  }
}

/**
 * Packs the filter: for each panel of output channels, run by run, rows of the filter, and of each row, all images, each with the run's
 * taps and their input channels.
 *
 * @param at a ConvolutionPlan
 * @param filter [filterDepth, filterHeight, filterWidth, inChannels, outChannels]
 */
export function conv3d_filter_apply(at: usize, filter: usize, packed: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const inChannels = plan.inChannels;
  const outChannels = plan.outChannels;
  const together = panelChannels(plan);
  const panel = together << 2;
  const run = runColumnsOf(plan, plan.filterWidth);
  const length = run * inChannels;
  const number = (<usize>outChannels) << 2;
  let to = packed;
  for (let j: u32 = 0; j < outChannels; j += together) {
    const columns = min(together, outChannels - j);
    for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn += run) {
      for (let v: u32 = 0; v < plan.filterHeight; v++) {
        for (let u: u32 = 0; u < plan.filterDepth; u++, to += length * panel) {
          const tap = (u * plan.filterHeight + v) * plan.filterWidth + tapColumn;
          const from = filter + <usize>tap * inChannels * number + (j << 2);
          if (together != 1) packPanels(from, number, 4, length, columns, to);
          else for (let k: u32 = 0; k < length; k++) store<f32>(to + (k << 2), load<f32>(from + k * number));
        }
      }
    }
  }
}
