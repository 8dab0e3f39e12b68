import { COLUMNS, PANEL, ROWS, Steps } from "../simd/gemm";
import { Image } from "./image";

// Gradients of two-dimensional convolutions (docs/math.md, section 6.1), as matrix products over images with a border of zeros;
// and of pools, which have the same sizes. A volume is a stack of images: its gradients are sums of those of its images.
//
// The images of the batch are taken one by one. An image is copied with its border to the plan's scratch, unless it needs no
// border. The operand that is packed for the products is in the scratch, too. So the scratch is one bordered image and one
// packed operand, whatever the batch.

/**
 * A convolution, or a pool, as src/kernels/convolutionPlan.ts writes it: words, in this order. After it there is room for what the
 * loops describe on their way.
 */
@unmanaged
export class ConvolutionPlan {
  batch: u32;
  // Images have depth 1.
  inDepth: u32;
  outDepth: u32;
  filterDepth: u32;
  strideDepth: u32;
  dilationDepth: u32;
  inHeight: u32;
  inWidth: u32;
  inChannels: u32;
  outHeight: u32;
  outWidth: u32;
  outChannels: u32;
  filterHeight: u32;
  filterWidth: u32;
  strideHeight: u32;
  strideWidth: u32;
  dilationHeight: u32;
  dilationWidth: u32;
  // Positions before the input's first, as i32: where they are negative, the windows start after it.
  padFront: u32;
  padTop: u32;
  padLeft: u32;
  /** 1 or 0. */
  channelsLast: u32;
  /** Rows of dy that are packed at a time. Of a depthwise convolution: rows of the output that are made at a time. */
  packedRows: u32;
  /** Bytes from a pixel to the next of a depthwise convolution's image with a border. */
  pixelGap: u32;
  // Bytes from the plan to the images and operands that a gradient works in.
  /** One image, with its border. */
  padded: u32;
  /** dx with channels last, if channelsLast is 0. For the gradient of a filter: where its numbers meet x. */
  dense: u32;
  /** The packed operand of the matrix product. */
  packed: u32;
  /** 0 or one of assembly/matMul/plan.ts. */
  activation: u32;
  /** float32: the slope of the activation, if there are no slopes. */
  slope: u32;
  /** Parts of the rows of dy that the gradient of a filter is summed over by themselves, before these sums are added. */
  sections: u32;
}

const STEPS: usize = (offsetof<ConvolutionPlan>() + 15) & ~15;
const IMAGE: usize = STEPS + ((offsetof<Steps>() + 15) & ~15);
const MIN_EDGE_BYTES: usize = 80;
const EDGE: usize = IMAGE + ((offsetof<Image>() + 15) & ~15);

/** Bytes of a plan, with the room after it: accumulators follow. */
export function convolution_table_bytes(): usize {
  return EDGE + max<usize>(ROWS * PANEL, MIN_EDGE_BYTES);
}

@inline export function accumulatorsOf(plan: ConvolutionPlan): usize {
  return changetype<usize>(plan) + convolution_table_bytes();
}

/** Numbers in a row of a packed operand. */
export function gemm_column_count(): u32 {
  return COLUMNS;
}

@inline export function stepsOf(plan: ConvolutionPlan): Steps {
  return changetype<Steps>(changetype<usize>(plan) + STEPS);
}
/** Room for a tile that is not whole, ROWS · COLUMNS numbers, or for MIN_EDGE_BYTES that other loops describe on their way, as a MatMulPlan. */
@inline export function edgeOf(plan: ConvolutionPlan): usize {
  return changetype<usize>(plan) + EDGE;
}

@inline export function ceilDiv(a: u32, b: u32): u32 {
  return (a + b - 1) / b;
}

/** The smallest bordered image of the input, from −padTop, −padLeft on, that has the pixels of every tap. */
@inline export function paddedHeight(plan: ConvolutionPlan): u32 {
  return extent(plan.outHeight, plan.strideHeight, plan.filterHeight, plan.dilationHeight);
}
@inline export function paddedWidth(plan: ConvolutionPlan): u32 {
  return extent(plan.outWidth, plan.strideWidth, plan.filterWidth, plan.dilationWidth);
}
/** Columns of a bordered image of a depthwise convolution: it has all pixels of the input, too. */
@inline export function borderedWidth(plan: ConvolutionPlan): u32 {
  return max(paddedWidth(plan), plan.padLeft + plan.inWidth);
}

/** Rows, or columns, of the input that `out` of the output meet. */
export function extent(out: u32, stride: u32, filter: u32, dilation: u32): u32 {
  return out == 0 ? 0 : (out - 1) * stride + (filter - 1) * dilation + 1;
}

/** The border before a bordered image of `size` rows, or columns. */
@inline export function marginBefore(pad: u32, size: u32): u32 {
  return <u32>max<i32>(min<i32>(pad, size), 0);
}
/** The rows, or columns, of the input that a bordered image leaves out at its beginning. */
@inline export function cutBefore(pad: u32): u32 {
  return <u32>max<i32>(-(<i32>pad), 0);
}

/** The length of a run: of `columns` taps in a row, how many meet contiguous pixels. All, or one if columns are dilated. */
@inline export function runColumnsOf(plan: ConvolutionPlan, columns: u32): u32 {
  return plan.dilationWidth == 1 ? columns : 1;
}

/** The border before dy, so that it has the pixels of every tap of every input pixel. Stride or dilation is 1. */
@inline export function borderBefore(filter: u32, stride: u32, dilation: u32, pad: u32): u32 {
  return ((filter - 1) * dilation + cutBefore(pad)) / stride;
}
/** The last row, or column, of dy or its border that an input pixel meets. */
@inline export function lastRow(size: u32, pad: u32, stride: u32): u32 {
  return size == 0 ? 0 : (size + pad - 1) / stride;
}

/** Bytes of an image of the input. */
@inline export function imageBytes(plan: ConvolutionPlan): usize {
  return (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
}
/** Bytes of an image of the output. */
@inline export function outImageBytes(plan: ConvolutionPlan): usize {
  return (<usize>plan.outHeight * plan.outWidth * plan.outChannels) << 2;
}

/** The plan's image, set to [height, width] out of a tensor's [fullHeight, fullWidth, channels]. */
export function describeImage(
  plan: ConvolutionPlan,
  height: u32,
  width: u32,
  channels: u32,
  fullHeight: u32,
  fullWidth: u32,
): Image {
  const image = changetype<Image>(changetype<usize>(plan) + IMAGE);
  image.height = height;
  image.width = width;
  image.channels = channels;
  image.rowStep = (plan.channelsLast ? fullWidth * channels : fullWidth) << 2;
  image.columnStep = (plan.channelsLast ? channels : 1) << 2;
  image.channelStep = (plan.channelsLast ? 1 : fullHeight * fullWidth) << 2;
  return image;
}
