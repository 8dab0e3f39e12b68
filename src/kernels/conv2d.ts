import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkPerChannel, checkShape } from "../arguments.js";
import type { BinaryExports } from "../binary/interface.js";
import { sizeOf } from "../launch/plan.js";
import { type ConvolutionAttrs, checkRank4, type Shape4D } from "./convolution.js";
import type { NamesakeKernel } from "./declaration.js";
import { ACTIVATIONS, bitsOf, checkActivation } from "./matMul.js";
import { hasWinogradTaps, isFasterByWinograd, MIN_WORK, type WinogradSizes, winogradPlan, winogradSizes } from "./winograd.js";

// Convolutions that TensorFlow.js's kernels take longer for. They keep all others.

type Inputs = { x: TensorInfo; filter: TensorInfo };
type FusedInputs = Inputs & { bias?: TensorInfo; preluActivationWeights?: TensorInfo };
type FusedAttrs = ConvolutionAttrs & { activation?: string; leakyreluAlpha?: number };

function sizesOf(op: string, { x, filter }: Inputs, { strides, pad, dimRoundingMode }: ConvolutionAttrs): WinogradSizes {
  const shapes: [Shape4D, Shape4D] = [checkRank4(op, "x", x.shape), checkRank4(op, "filter", filter.shape)];
  return winogradSizes(backend_util.computeConv2DInfo(...shapes, strides, 1, pad, dimRoundingMode));
}

function theirsIsFaster(op: string, inputs: Inputs, attrs: ConvolutionAttrs): boolean {
  const { x, filter } = inputs;
  if (!hasWinogradTaps(filter.shape, attrs) || x.shape[3] !== filter.shape[2]) return true;
  // Before the sizes are computed, which takes longer than the rest.
  if (sizeOf(x.shape) * 9 * (filter.shape[3] as number) < MIN_WORK) return true;
  return x.dtype !== "float32" || filter.dtype !== "float32" || !isFasterByWinograd(sizesOf(op, inputs, attrs));
}

function checkInputs(op: string, inputs: Inputs, attrs: ConvolutionAttrs): WinogradSizes {
  checkFloat32(op, "x", inputs.x);
  checkFloat32(op, "filter", inputs.filter);
  const sizes = sizesOf(op, inputs, attrs);
  checkShape(op, "filter", inputs.filter, [3, 3, sizes.inChannels, sizes.outChannels]);
  return sizes;
}

function planOf(
  binary: BinaryExports,
  { x, filter, bias, preluActivationWeights }: FusedInputs,
  { activation = "linear", leakyreluAlpha = 0 }: FusedAttrs,
  sizes: WinogradSizes,
) {
  return winogradPlan(binary, sizes, {
    x,
    filter,
    bias,
    slopes: preluActivationWeights,
    activation: ACTIVATIONS[activation] as number,
    slope: activation === "leakyrelu" ? bitsOf(leakyreluAlpha) : 0,
  });
}

/** Output: the convolution. */
export const Conv2D: NamesakeKernel<Inputs, ConvolutionAttrs, WinogradSizes> = {
  name: "Conv2D",
  op: "conv2d",
  check(inputs, attrs) {
    return checkInputs(this.op, inputs, attrs);
  },
  plan: planOf,
  theirsTakes: () => true,
  theirsIsFaster(inputs, attrs) {
    return theirsIsFaster(this.op, inputs, attrs);
  },
};

/**
 * Output: activation(convolution + bias). The bias, and the slopes of prelu, have a number for each output channel. Other activations
 * than those of the binary are kernels of their own: src/registry/activations.ts.
 */
export const FusedConv2D: NamesakeKernel<FusedInputs, FusedAttrs, WinogradSizes> = {
  name: "FusedConv2D",
  op: "fused.conv2d",
  check(inputs, attrs) {
    const { bias, preluActivationWeights: slopes } = inputs;
    const { activation = "linear" } = attrs;
    const sizes = checkInputs(this.op, inputs, attrs);
    checkActivation(this.op, activation, slopes);
    checkPerChannel(this.op, "bias", bias, sizes.outChannels);
    checkPerChannel(this.op, "preluActivationWeights", slopes, sizes.outChannels);
    return sizes;
  },
  plan: planOf,
  theirsTakes: () => true,
  theirsIsFaster(inputs, attrs) {
    return theirsIsFaster(this.op, inputs, attrs);
  },
};
