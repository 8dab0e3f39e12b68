import { addFilterGradient } from "./conv2dBackpropFilter";
import { inputGradient, packFilter } from "./conv2dBackpropInput";
import { ConvolutionPlan, ceilDiv, imageBytes, outImageBytes } from "./plan";

// Gradients of convolutions of volumes. A volume [depth, height, width, channels] is a stack of images, and so are the filter and
// dy: image u of the filter meets image o · strideDepth + u − padFront of the volume for image o of dy. Each of them is a
// convolution of images.

/** The first image of dy that image u of the filter has an image of the volume for. */
@inline function firstOut(plan: ConvolutionPlan, u: u32): u32 {
  const missing = <i32>(plan.padFront - u);
  return missing > 0 ? min(ceilDiv(missing, plan.strideDepth), plan.outDepth) : 0;
}

/** How many images of dy it has one for. */
@inline function outCount(plan: ConvolutionPlan, u: u32, first: u32): u32 {
  const last = <i32>(plan.inDepth + plan.padFront - u) - 1;
  return last < 0 ? 0 : max(min(<u32>last / plan.strideDepth + 1, plan.outDepth), first) - first;
}

/**
 * dW [filterDepth, filterHeight, filterWidth, inChannels, outChannels] of a convolution of volumes, without dilation.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them, channels last
 */
export function conv3d_backprop_filter_apply(at: usize, x: usize, dy: usize, dw: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const image = imageBytes(plan);
  const outImage = outImageBytes(plan);
  const filterImage = (<usize>plan.filterHeight * plan.filterWidth * plan.inChannels * plan.outChannels) << 2;
  memory.fill(dw, 0, plan.filterDepth * filterImage);
  for (let b: u32 = 0; b < plan.batch; b++, x += plan.inDepth * image, dy += plan.outDepth * outImage) {
    for (let u: u32 = 0; u < plan.filterDepth; u++) {
      const first = firstOut(plan, u);
      const from = x + (first * plan.strideDepth + u - plan.padFront) * image;
      const count = outCount(plan, u, first);
      addFilterGradient(plan, from, plan.strideDepth * image, dy + first * outImage, count, dw + u * filterImage);
    }
  }
}

/**
 * dx of a convolution of volumes, without dilation.
 *
 * @param at a ConvolutionPlan
 * @param dy, dx as the plan describes them, channels last
 * @param filter [filterDepth, filterHeight, filterWidth, inChannels, outChannels]
 */
export function conv3d_backprop_input_apply(at: usize, dy: usize, filter: usize, dx: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const image = imageBytes(plan);
  const outImage = outImageBytes(plan);
  const filterImage = (<usize>plan.filterHeight * plan.filterWidth * plan.inChannels * plan.outChannels) << 2;
  memory.fill(dx, 0, plan.batch * plan.inDepth * image);
  if (outImage == 0) return;
  for (let u: u32 = 0; u < plan.filterDepth; u++, filter += filterImage) {
    packFilter(plan, filter);
    const first = firstOut(plan, u);
    const count = outCount(plan, u, first);
    for (let b: u32 = 0; b < plan.batch; b++) {
      const from = dy + (b * plan.outDepth + first) * outImage;
      const to = dx + (b * plan.inDepth + first * plan.strideDepth + u - plan.padFront) * image;
      inputGradient(plan, from, count, to, plan.strideDepth * image, true);
    }
  }
}
