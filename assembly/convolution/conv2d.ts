import { finish } from "../matMul/finish";
import { MatMulPlan } from "../matMul/plan";
import { outputImage, packVolumeFilter } from "./conv3d";
import { ConvolutionPlan, edgeOf, imageBytes } from "./plan";

/**
 * Some rows of y = activation(convolution(x, filter) + bias), [batch, outHeight, outWidth, outChannels].
 *
 * @param at a ConvolutionPlan of images, without a negative padTop
 * @param x, filter as the plan describes them, channels last
 * @param bias, slopes a number for each output channel, or 0: none, or the plan's slope
 * @param y the first of the rows
 * @param start numbers of y before them
 * @param count numbers in them
 */
export function conv2d_apply(
  at: usize,
  x: usize,
  filter: usize,
  bias: usize,
  slopes: usize,
  y: usize,
  start: u32,
  count: u32,
): void {
  const plan = changetype<ConvolutionPlan>(at);
  const outHeight = plan.outHeight;
  const inHeight = plan.inHeight;
  const padTop = plan.padTop;
  const image = imageBytes(plan);
  const inRow = (<usize>plan.inWidth * plan.inChannels) << 2;
  const outRow = plan.outWidth * plan.outChannels;
  const row = start / outRow;
  let first = row % outHeight;
  x += (row / outHeight) * image;
  packVolumeFilter(plan, filter);
  for (let left = count / outRow; left != 0; ) {
    const rows = min(outHeight - first, left);
    // Rows of an image are an image, too: of x from the first row on that they meet.
    const origin = <i32>(first * plan.strideHeight - padTop);
    const cut = min(<u32>max(origin, 0), inHeight);
    plan.outHeight = rows;
    plan.inHeight = inHeight - cut;
    plan.padTop = <u32>max(-origin, 0);
    outputImage(plan, x + cut * inRow, image, 0, 1, y);
    if (bias != 0 || plan.activation != 0) finishRows(plan, rows, bias, slopes, y);
    y += (<usize>rows * outRow) << 2;
    x += image;
    left -= rows;
    first = 0;
  }
  plan.outHeight = outHeight;
  plan.inHeight = inHeight;
  plan.padTop = padTop;
}

/** Adds the bias, and applies the activation. Numbers of one channel are a row. */
function finishRows(plan: ConvolutionPlan, rows: u32, bias: usize, slopes: usize, y: usize): void {
  const product = changetype<MatMulPlan>(edgeOf(plan));
  const pixels = rows * plan.outWidth;
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
