import { addNumbers } from "../matMul/apply";
import { COLUMNS } from "../simd/gemm";
import { addFilterGradient } from "./conv2dBackpropFilter";
import { inputGradient, packFilter } from "./conv2dBackpropInput";
import { accumulatorsOf, ConvolutionPlan, ceilDiv, imageBytes, outImageBytes } from "./plan";

// Gradients of convolutions of volumes. A volume [depth, height, width, channels] is a stack of images, and so are the filter and
// dy: image u of the filter meets image o · strideDepth + u − padFront of the volume for image o of dy. Each of them is a
// convolution of images.

/** The first image of dy that image u of the filter has an image of the volume for, from its image `from` on. */
@inline function firstOut(plan: ConvolutionPlan, u: u32, from: u32): u32 {
  const missing = <i32>(from + plan.padFront - u);
  return missing > 0 ? min(ceilDiv(missing, plan.strideDepth), plan.outDepth) : 0;
}

/** How many images of dy, from `first` on, it has one for, before image `end` of the volume. */
@inline function outCount(plan: ConvolutionPlan, u: u32, first: u32, end: u32): u32 {
  const last = <i32>(end + plan.padFront - u) - 1;
  return last < 0 ? 0 : max(min(<u32>last / plan.strideDepth + 1, plan.outDepth), first) - first;
}

/**
 * Some rows of taps of dW [filterDepth, filterHeight, filterWidth, inChannels, outChannels] of a convolution of volumes, without
 * dilation.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them, channels last
 * @param dw the first of the rows of taps
 * @param start, count of these, of all images of the filter
 */
export function conv3d_backprop_filter_apply(at: usize, x: usize, dy: usize, dw: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const filterHeight = plan.filterHeight;
  const padTop = plan.padTop;
  const image = imageBytes(plan);
  const outImage = outImageBytes(plan);
  const tapRow = (<usize>plan.filterWidth * plan.inChannels * plan.outChannels) << 2;
  memory.fill(dw, 0, count * tapRow);
  while (count != 0) {
    const u = start / filterHeight;
    const v = start % filterHeight;
    const rows = min(filterHeight - v, count);
    const first = firstOut(plan, u, 0);
    const images = outCount(plan, u, first, plan.inDepth);
    // Rows of a filter are a filter, too.
    plan.filterHeight = rows;
    plan.padTop = padTop - v;
    const meetsRows = <i32>(v - padTop) < <i32>plan.inHeight;
    for (let b: u32 = 0; meetsRows && b < plan.batch; b++) {
      const from = x + <usize>(b * plan.inDepth + first * plan.strideDepth + u - plan.padFront) * image;
      addFilterGradient(plan, from, plan.strideDepth * image, dy + <usize>(b * plan.outDepth + first) * outImage, images, dw);
    }
    dw += rows * tapRow;
    start += rows;
    count -= rows;
  }
  plan.filterHeight = filterHeight;
  plan.padTop = padTop;
}

/** Numbers of an image of the filter. */
@inline function filterNumbers(plan: ConvolutionPlan): u32 {
  return plan.filterHeight * plan.filterWidth * plan.inChannels * plan.outChannels;
}

/** Sets the accumulators to zero: dW. */
export function conv3d_backprop_filter_reset(at: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  memory.fill(accumulatorsOf(plan), 0, (<usize>plan.filterDepth * filterNumbers(plan)) << 2);
}

/**
 * Adds the gradients of some images of dy to the accumulators.
 *
 * @param at, x, dy as for conv3d_backprop_filter_apply
 * @param start, count of the images of all volumes
 */
export function conv3d_backprop_filter_accumulate(at: usize, x: usize, dy: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const image = imageBytes(plan);
  const outImage = outImageBytes(plan);
  for (let i = start, end = start + count; i < end; ) {
    // Images from here on, of one volume.
    const b = i / plan.outDepth;
    const from = i % plan.outDepth;
    const to = min(plan.outDepth, from + (end - i));
    let dw = accumulatorsOf(plan);
    for (let u: u32 = 0; u < plan.filterDepth; u++, dw += (<usize>filterNumbers(plan)) << 2) {
      const meets = firstOut(plan, u, 0);
      const first = max(meets, from);
      const last = min(meets + outCount(plan, u, meets, plan.inDepth), to);
      if (first >= last) continue;
      const ofX = x + <usize>(b * plan.inDepth + first * plan.strideDepth + u - plan.padFront) * image;
      const ofDy = dy + <usize>(b * plan.outDepth + first) * outImage;
      addFilterGradient(plan, ofX, plan.strideDepth * image, ofDy, last - first, dw);
    }
    i += to - from;
  }
}

/** Adds another plan's accumulators. */
export function conv3d_backprop_filter_merge(at: usize, other: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const from = accumulatorsOf(changetype<ConvolutionPlan>(other));
  addNumbers(accumulatorsOf(plan), from, plan.filterDepth * filterNumbers(plan));
}

/** Copies the accumulators to dW. */
export function conv3d_backprop_filter_finalize(at: usize, dw: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  memory.copy(dw, accumulatorsOf(plan), (<usize>plan.filterDepth * filterNumbers(plan)) << 2);
}

/** Bytes of an image of the filter, packed: as many as the plan's scratch would have for it. */
@inline function packedBytes(plan: ConvolutionPlan): usize {
  const columns = ceilDiv(plan.inChannels, COLUMNS) * COLUMNS;
  return (<usize>plan.filterHeight * plan.filterWidth * plan.outChannels * columns) << 2;
}

/** Has the plan's packed operand at an address. */
@inline function setPacked(plan: ConvolutionPlan, packed: usize): void {
  plan.packed = <u32>(packed - changetype<usize>(plan));
}

/**
 * Packs the filter [filterDepth, filterHeight, filterWidth, inChannels, outChannels] for conv3d_backprop_input_apply.
 *
 * @param at a ConvolutionPlan
 */
export function conv3d_backprop_input_filter_apply(at: usize, filter: usize, packed: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const filterImage = (<usize>filterNumbers(plan)) << 2;
  for (let u: u32 = 0; u < plan.filterDepth; u++, filter += filterImage, packed += packedBytes(plan)) {
    setPacked(plan, packed);
    packFilter(plan, filter);
  }
}

/**
 * Some images of dx of a convolution of volumes, without dilation.
 *
 * @param at a ConvolutionPlan
 * @param dy as the plan describes it, channels last
 * @param packed the filter, as conv3d_backprop_input_filter_apply packs it
 * @param dx the first of the images
 * @param start, count of the images of all volumes
 */
export function conv3d_backprop_input_apply(at: usize, dy: usize, packed: usize, dx: usize, start: u32, count: u32): void {
  const plan = changetype<ConvolutionPlan>(at);
  const image = imageBytes(plan);
  const outImage = outImageBytes(plan);
  memory.fill(dx, 0, count * image);
  if (outImage == 0) return;
  for (let u: u32 = 0; u < plan.filterDepth; u++, packed += packedBytes(plan)) {
    setPacked(plan, packed);
    for (let i = start; i < start + count; ) {
      // Images from here on, of one volume.
      const b = i / plan.inDepth;
      const from = i % plan.inDepth;
      const end = min(plan.inDepth, from + (start + count - i));
      const first = firstOut(plan, u, from);
      const images = outCount(plan, u, first, end);
      const to = dx + (i - start - from + first * plan.strideDepth + u - plan.padFront) * image;
      inputGradient(plan, dy + <usize>(b * plan.outDepth + first) * outImage, images, to, plan.strideDepth * image, true);
      i += end - from;
    }
  }
}
