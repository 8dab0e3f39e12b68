import { add, LANES, loadVec, madd, splat, storeVec, VEC, Vec } from "../simd/vec";
import { cropImage, padImage } from "./image";
import { borderedHeight, borderedWidth, ConvolutionPlan, describeImage } from "./plan";

// Depthwise convolutions (docs/math.md, section 6.2), with channels last, as always in TensorFlow.js. Output channel q is the
// convolution of input channel q / multiplier. The copy of x with a border has each channel `multiplier` times, so that output
// channel q is of channel q. Where dx is copied from its border, these channels are added.

/**
 * dW [filterHeight, filterWidth, inChannels, multiplier] of a depthwise convolution.
 *
 * @param at a ConvolutionPlan
 * @param x, dy as the plan describes them
 */
export function depthwise_backprop_filter_apply(at: usize, x: usize, dy: usize, dw: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const channels = plan.outChannels;
  memory.fill(dw, 0, (<usize>plan.filterHeight * plan.filterWidth * channels) << 2);
  if (plan.batch == 0 || plan.outHeight == 0 || plan.outWidth == 0) return;
  const height = borderedHeight(plan);
  const width = borderedWidth(plan);
  const pixel = (<usize>channels) << 2;
  const row = width * pixel;
  const inImage = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const source = at + plan.padded;
  for (let b: u32 = 0; b < plan.batch; b++, x += inImage, dy += plan.outHeight * plan.outWidth * pixel) {
    const image = describeImage(plan, plan.inHeight, plan.inWidth, plan.inChannels, plan.inHeight, plan.inWidth);
    const bottom = height - plan.padTop - plan.inHeight;
    const right = width - plan.padLeft - plan.inWidth;
    padImage(image, x, source, plan.padTop, bottom, plan.padLeft, right, channels / plan.inChannels);
    let out = dw;
    for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow++) {
      for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn++, out += pixel) {
        const a = source + tapRow * plan.dilationHeight * row + tapColumn * plan.dilationWidth * pixel;
        let q: u32 = 0;
        for (; q + LANES <= channels; q += LANES) {
          let sum: Vec = splat(0);
          let p = dy + (q << 2);
          for (let y: u32 = 0; y < plan.outHeight; y++) {
            let s = a + y * plan.strideHeight * row + (q << 2);
            for (let i = plan.outWidth; i != 0; i--, p += pixel, s += plan.strideWidth * pixel)
              sum = madd(loadVec(s), loadVec(p), sum);
          }
          storeVec(out + (q << 2), add(loadVec(out + (q << 2)), sum));
        }
        for (; q < channels; q++) {
          let sum: f32 = 0;
          let p = dy + (q << 2);
          for (let y: u32 = 0; y < plan.outHeight; y++) {
            let s = a + y * plan.strideHeight * row + (q << 2);
            for (let i = plan.outWidth; i != 0; i--, p += pixel, s += plan.strideWidth * pixel)
              sum += load<f32>(s) * load<f32>(p);
          }
          store<f32>(out + (q << 2), load<f32>(out + (q << 2)) + sum);
        }
      }
    }
  }
}

/**
 * dx of a depthwise convolution: every pixel of dy, times the filter, is added to the pixels of a bordered dx that it depends on.
 *
 * @param at a ConvolutionPlan
 * @param dy, dx as the plan describes them
 * @param filter [filterHeight, filterWidth, inChannels, multiplier]
 */
export function depthwise_backprop_input_apply(at: usize, dy: usize, filter: usize, dx: usize): void {
  const plan = changetype<ConvolutionPlan>(at);
  const channels = plan.outChannels;
  const height = borderedHeight(plan);
  const width = borderedWidth(plan);
  const pixel = (<usize>channels) << 2;
  const row = width * pixel;
  const inImage = (<usize>plan.inHeight * plan.inWidth * plan.inChannels) << 2;
  const padded = at + plan.padded;
  for (let b: u32 = 0; b < plan.batch; b++, dx += inImage, dy += plan.outHeight * plan.outWidth * pixel) {
    memory.fill(padded, 0, height * row);
    let p = dy;
    for (let y: u32 = 0; y < plan.outHeight; y++) {
      for (let x: u32 = 0; x < plan.outWidth; x++, p += pixel) {
        const to = padded + y * plan.strideHeight * row + x * plan.strideWidth * pixel;
        let w = filter;
        for (let tapRow: u32 = 0; tapRow < plan.filterHeight; tapRow++) {
          for (let tapColumn: u32 = 0; tapColumn < plan.filterWidth; tapColumn++, w += pixel) {
            const t = to + tapRow * plan.dilationHeight * row + tapColumn * plan.dilationWidth * pixel;
            let q: usize = 0;
            for (; q + VEC <= pixel; q += VEC) storeVec(t + q, madd(loadVec(p + q), loadVec(w + q), loadVec(t + q)));
            for (; q < pixel; q += 4) store<f32>(t + q, load<f32>(t + q) + load<f32>(p + q) * load<f32>(w + q));
          }
        }
      }
    }
    const image = describeImage(plan, plan.inHeight, plan.inWidth, plan.inChannels, plan.inHeight, plan.inWidth);
    cropImage(image, padded + plan.padTop * row + plan.padLeft * pixel, row, dx, channels / plan.inChannels);
  }
}
