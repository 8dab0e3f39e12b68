import {
  backend_util,
  conv2d,
  depthwiseConv2d,
  mul,
  ones,
  pad,
  reshape,
  reverse,
  slice,
  sum,
  type Tensor4D,
  transpose,
} from "@tensorflow/tfjs-core";
import type { ConvolutionAttrs } from "../kernels/convolution.js";

// Gradients of dilated convolutions (docs/math.md, sections 6.1 and 6.2), with channels last, out of convolutions. They can be
// differentiated. Where a convolution is dilated, TensorFlow.js wants its strides to be 1.

export interface DilatedConvolution {
  x: Tensor4D;
  filter: Tensor4D;
  attrs: ConvolutionAttrs;
  depthwise: boolean;
}

function viewOf({ x, filter, attrs, depthwise }: DilatedConvolution): backend_util.Conv2DInfo {
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  return backend_util.computeConv2DInfo(x.shape, filter.shape, strides, dilations ?? 1, pad, dimRoundingMode, depthwise);
}

/** Every channel `times` times, one after the other. tf.tile has no gradient for this rank. */
function repeatChannels(x: Tensor4D, times: number): Tensor4D {
  const [batch, height, width, channels] = x.shape;
  return reshape(mul(reshape(x, [-1, 1]), ones([1, times])), [batch, height, width, channels * times]);
}

/** A part of a larger image, whose rows and columns outside of x are zeros. `top` and `left` are of x in it, and may be negative. */
function frame(x: Tensor4D, top: number, left: number, height: number, width: number): Tensor4D {
  const [batch, inHeight, inWidth, channels] = x.shape;
  const padded = pad(x, [
    [0, 0],
    [Math.max(top, 0), Math.max(height - top - inHeight, 0)],
    [Math.max(left, 0), Math.max(width - left - inWidth, 0)],
    [0, 0],
  ]);
  return slice(padded, [0, Math.max(-top, 0), Math.max(-left, 0), 0], [batch, height, width, channels]);
}

/** dx: a convolution of dy by the flipped filter. */
export function composedDilatedInputGradient(convolution: DilatedConvolution, dy: Tensor4D): Tensor4D {
  const { filter, depthwise } = convolution;
  const view = viewOf(convolution);
  const { batchSize, inHeight, inWidth, inChannels, outChannels, filterHeight, filterWidth, padInfo } = view;
  const dilations: [number, number] = [view.dilationHeight, view.dilationWidth];
  const [tall, wide] = [(filterHeight - 1) * dilations[0], (filterWidth - 1) * dilations[1]];
  const framed = frame(dy, tall - padInfo.top, wide - padInfo.left, inHeight + tall, inWidth + wide);
  const flipped = reverse(filter, [0, 1]);
  if (!depthwise) return conv2d(framed, transpose(flipped, [0, 1, 3, 2]) as Tensor4D, 1, "valid", "NHWC", dilations);
  const each = depthwiseConv2d(
    framed,
    reshape(flipped, [filterHeight, filterWidth, outChannels, 1]),
    1,
    "valid",
    "NHWC",
    dilations,
  );
  const multiplier = outChannels / inChannels;
  return reshape(sum(reshape(each, [batchSize, inHeight, inWidth, inChannels, multiplier]), 4), [
    batchSize,
    inHeight,
    inWidth,
    inChannels,
  ]);
}

/** dW: a convolution of x by dy, whose strides are the dilations. */
export function composedDilatedFilterGradient(convolution: DilatedConvolution, dy: Tensor4D): Tensor4D {
  const { x, filter, depthwise } = convolution;
  const view = viewOf(convolution);
  const { batchSize, inChannels, outHeight, outWidth, outChannels, filterHeight, filterWidth, padInfo } = view;
  const dilations: [number, number] = [view.dilationHeight, view.dilationWidth];
  const height = outHeight + (filterHeight - 1) * dilations[0];
  const width = outWidth + (filterWidth - 1) * dilations[1];
  const framed = frame(x, padInfo.top, padInfo.left, height, width);
  if (!depthwise) {
    const images = transpose(framed, [3, 1, 2, 0]) as Tensor4D;
    const taps = conv2d(images, transpose(dy, [1, 2, 0, 3]) as Tensor4D, dilations, "valid");
    return transpose(taps, [1, 2, 0, 3]) as Tensor4D;
  }
  // Every image's channels are channels of one image.
  const sideBySide = (images: Tensor4D) => transpose(images, [1, 2, 0, 3]);
  const images = reshape(sideBySide(repeatChannels(framed, outChannels / inChannels)), [
    1,
    height,
    width,
    batchSize * outChannels,
  ]);
  const taps = depthwiseConv2d(
    images as Tensor4D,
    reshape(sideBySide(dy), [outHeight, outWidth, batchSize * outChannels, 1]),
    dilations,
    "valid",
  );
  return reshape(sum(reshape(taps, [filterHeight, filterWidth, batchSize, outChannels]), 2), filter.shape);
}
