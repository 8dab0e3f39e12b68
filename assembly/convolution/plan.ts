import { COLUMNS, PANEL, ROWS, Steps } from "../simd/gemm";
import { aligned } from "../simd/vec";
import { Image } from "./image";

// The gradients of a two-dimensional convolution (and of pools, which have the same sizes), as matrix products over images with a border of zeros.
//
// One image of the batch at a time is copied, with its border, into the plan's own room (unless it needs no border); what is
// packed for the products is there too. So the room is one bordered image and one packed operand, whatever the batch.

/** Pixels of dy that are packed at a time. */
const CHUNK: u32 = 128;

@unmanaged
export class Plan {
  batch: u32;
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
  padTop: u32;
  padLeft: u32;
  channelsLast: bool;
  /** Rows of dy in a chunk. */
  chunk: u32;
  // Addresses in the plan's room, as bytes from the plan.
  steps: u32;
  image: u32;
  edge: u32;
  padded: u32;
  second: u32;
  packed: u32;
}

export const FILTER: u32 = 0;
export const INPUT: u32 = 1;
export const DEPTHWISE_FILTER: u32 = 2;
export const DEPTHWISE_INPUT: u32 = 3;
export const POOL: u32 = 4;

@inline export function ceilDiv(a: u32, b: u32): u32 {
  return (a + b - 1) / b;
}

/** The least bordered image of the input that every tap finds its pixels in, from −padTop, −padLeft on. */
@inline export function paddedHeight(plan: Plan): u32 {
  return extent(plan.outHeight, plan.strideHeight, plan.filterHeight, plan.dilationHeight);
}
@inline export function paddedWidth(plan: Plan): u32 {
  return extent(plan.outWidth, plan.strideWidth, plan.filterWidth, plan.dilationWidth);
}
/** Room for all of the input, too: the bordered image of a depthwise convolution. */
@inline export function borderedHeight(plan: Plan): u32 {
  return max(paddedHeight(plan), plan.padTop + plan.inHeight);
}
@inline export function borderedWidth(plan: Plan): u32 {
  return max(paddedWidth(plan), plan.padLeft + plan.inWidth);
}

function extent(out: u32, stride: u32, filter: u32, dilation: u32): u32 {
  return out == 0 ? 0 : (out - 1) * stride + (filter - 1) * dilation + 1;
}

/** The border of dy that the taps of any input pixel find themselves in: before, and in all with the dys. */
@inline export function before(filter: u32, stride: u32): u32 {
  return ceilDiv(filter, stride) - 1;
}
@inline export function lastRow(size: u32, pad: u32, stride: u32): u32 {
  return size == 0 ? 0 : (size + pad - 1) / stride;
}

/** Of bordered and packed images: leaves room for the rest below 2^32. */
const MAX_BYTES: u32 = 0xf0000000;

/**
 * Describes a convolution. With at = 0 nothing is written.
 *
 * @param kind FILTER, INPUT, DEPTHWISE_FILTER, DEPTHWISE_INPUT (outChannels is a multiple of inChannels) or POOL (they are equal)
 * @returns bytes of the plan and its room
 */
export function convolution_prepare(
  at: usize,
  kind: u32,
  batch: u32,
  inHeight: u32,
  inWidth: u32,
  inChannels: u32,
  outHeight: u32,
  outWidth: u32,
  outChannels: u32,
  filterHeight: u32,
  filterWidth: u32,
  strideHeight: u32,
  strideWidth: u32,
  dilationHeight: u32,
  dilationWidth: u32,
  padTop: u32,
  padLeft: u32,
  channelsLast: bool,
): usize {
  const chunk = max<u32>(CHUNK / max<u32>(outWidth, 1), 1);
  const steps = aligned(offsetof<Plan>());
  const image = steps + aligned(offsetof<Steps>());
  const edge = image + aligned(offsetof<Image>());
  const padded = edge + ROWS * PANEL;
  const highest = extent(outHeight, strideHeight, filterHeight, dilationHeight);
  const widest = extent(outWidth, strideWidth, filterWidth, dilationWidth);
  // In float64, in which no product of sizes is too large.
  let paddedBytes: f64 = 0;
  let secondBytes: f64 = 0;
  let packedBytes: f64 = 0;
  if (kind == FILTER) {
    paddedBytes = <f64>highest * widest * inChannels * 4;
    packedBytes = <f64>ceilDiv(outChannels, COLUMNS) * min(chunk, outHeight) * outWidth * PANEL;
  } else if (kind == INPUT) {
    const height = lastRow(inHeight, padTop, strideHeight) + 1 + before(filterHeight, strideHeight);
    const width = lastRow(inWidth, padLeft, strideWidth) + 1 + before(filterWidth, strideWidth);
    paddedBytes = <f64>height * width * outChannels * 4;
    if (!channelsLast) secondBytes = <f64>inHeight * inWidth * inChannels * 4;
    packedBytes = <f64>filterHeight * filterWidth * outChannels * ceilDiv(inChannels, COLUMNS) * PANEL;
  } else if (kind != POOL) {
    paddedBytes = <f64>max(highest, padTop + inHeight) * max(widest, padLeft + inWidth) * outChannels * 4;
  }
  // More than any heap gives: the plan will not be written.
  if (paddedBytes + secondBytes + packedBytes > <f64>MAX_BYTES) return u32.MAX_VALUE;
  const second = padded + aligned(<usize>paddedBytes);
  const packed = second + aligned(<usize>secondBytes);
  if (at) {
    const plan = changetype<Plan>(at);
    plan.batch = batch;
    plan.inHeight = inHeight;
    plan.inWidth = inWidth;
    plan.inChannels = inChannels;
    plan.outHeight = outHeight;
    plan.outWidth = outWidth;
    plan.outChannels = outChannels;
    plan.filterHeight = filterHeight;
    plan.filterWidth = filterWidth;
    plan.strideHeight = strideHeight;
    plan.strideWidth = strideWidth;
    plan.dilationHeight = dilationHeight;
    plan.dilationWidth = dilationWidth;
    plan.padTop = padTop;
    plan.padLeft = padLeft;
    plan.channelsLast = channelsLast;
    plan.chunk = chunk;
    plan.steps = <u32>steps;
    plan.image = <u32>image;
    plan.edge = <u32>edge;
    plan.padded = <u32>padded;
    plan.second = <u32>second;
    plan.packed = <u32>packed;
  }
  return packed + <usize>packedBytes;
}

/** The plan's image, set to [height, width] out of a tensor's [fullHeight, fullWidth, channels]. */
export function describeImage(plan: Plan, height: u32, width: u32, channels: u32, fullHeight: u32, fullWidth: u32): Image {
  const image = changetype<Image>(changetype<usize>(plan) + plan.image);
  image.height = height;
  image.width = width;
  image.channels = channels;
  image.rowStep = (plan.channelsLast ? fullWidth * channels : fullWidth) << 2;
  image.columnStep = (plan.channelsLast ? channels : 1) << 2;
  image.channelStep = (plan.channelsLast ? 1 : fullHeight * fullWidth) << 2;
  return image;
}
