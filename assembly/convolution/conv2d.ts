import { finish } from "../matMul/finish";
import { MatMulPlan } from "../matMul/plan";
import { conv3d_apply } from "./conv3d";
import { ConvolutionPlan, edgeOf } from "./plan";

/**
 * Some rows of y = activation(convolution(x, filter) + bias), [batch, outHeight, outWidth, outChannels].
 *
 * @param at a ConvolutionPlan of images
 * @param x, packed, y, start, count as for conv3d_apply
 * @param bias, slopes a number for each output channel, or 0: none, or the plan's slope
 */
export function conv2d_apply(
  at: usize,
  x: usize,
  packed: usize,
  bias: usize,
  slopes: usize,
  y: usize,
  start: u32,
  count: u32,
): void {
  const plan = changetype<ConvolutionPlan>(at);
  // An image at a time, so that it is still in the cache.
  const image = plan.outHeight * plan.outWidth * plan.outChannels;
  for (let end = start + count; start < end; ) {
    const numbers = min(image - (start % image), end - start);
    conv3d_apply(at, x, packed, y, start, numbers);
    if (bias != 0 || plan.activation != 0) finishPixels(plan, numbers / plan.outChannels, bias, slopes, y);
    y += (<usize>numbers) << 2;
    start += numbers;
  }
}

/** Adds the bias, and applies the activation. Numbers of one channel are a row. */
export function finishPixels(plan: ConvolutionPlan, pixels: u32, bias: usize, slopes: usize, y: usize): void {
  const product = changetype<MatMulPlan>(edgeOf(plan));
  const isOne = plan.outChannels == 1;
  product.columns = isOne ? pixels : plan.outChannels;
  product.cRow = product.columns << 2;
  product.biasRow = 0;
  product.biasColumn = isOne ? 0 : 4;
  product.slopesRow = 0;
  product.slopesColumn = isOne || slopes == 0 ? 0 : 4;
  product.activation = plan.activation;
  if (slopes == 0) slopes = changetype<usize>(plan) + offsetof<ConvolutionPlan>("slope");
  finish(product, y, isOne ? 1 : pixels, bias, slopes);
}
