import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32, checkPerChannel, checkShape } from "../arguments.js";
import type { BinaryExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass, sizeOf, wholePass } from "../launch/plan.js";
import { areOne, type ConvolutionAttrs, checkRank4, type Shape4D } from "./convolution.js";
import { convolutionPlan, forVolume, MIN_CHUNK_WORK, rowsOf } from "./convolutionPlan.js";
import { convolutionProduct, forwardByProduct } from "./convolutionProduct.js";
import type { NamesakeKernel } from "./declaration.js";
import { checkActivation, finishingOf } from "./matMul.js";
import { hasWinogradTaps, isFasterByWinograd, MIN_WORK, winogradPlan, winogradSizes } from "./winograd.js";

// Convolutions that TensorFlow.js's kernels take longer for: after Winograd, as a product of matrices, or by the taps. They keep all
// others.

type Inputs = { x: TensorInfo; filter: TensorInfo };
type FusedInputs = Inputs & { bias?: TensorInfo; preluActivationWeights?: TensorInfo };
type FusedAttrs = ConvolutionAttrs & { activation?: string; leakyreluAlpha?: number };
type View = backend_util.Conv2DInfo;
type Way = "winograd" | "product" | "taps";

// Multiplications from which our loops win what the plan and the packed filter cost. XNNPACK keeps the filter packed.
const MIN_ANY_WORK = 2 ** 20;
/** For one input channel, which XNNPACK takes twice as long for, */
const MIN_ONE_WORK = 2 ** 17;
/** and for few output channels, of which it computes eight. */
const MIN_FEW_WORK = 2 ** 15;
const MAX_FEW_CHANNELS = 4;
/** Input channels with which several numbers of a sum are in a vector, if there are few output channels, but more than one. */
const MIN_FEW_IN_CHANNELS = 8;
/**
 * Tiles of our loops are four pixels of a row: of short rows, or with a last tile for one pixel, a part of the work is lost.
 * One input channel gains more than that.
 */
const MIN_FEW_WIDTH = 8;
const MIN_WIDTH = 16;
const MIN_ANY_WIDTH = 64;
const TILE = 4;
const PANEL = 8;
/** Multiplications from which two threads are faster than XNNPACK on one: two chunks. */
const MIN_WORK_IN_THREADS = 2 * MIN_CHUNK_WORK;
/** Columns of y from which threads win what the tiles lose. */
const MIN_WIDTH_IN_THREADS = 3;
/** Rows and sums for which products are faster than XNNPACK's. */
const MIN_ROWS = 128;
const MIN_SHARED = 64;

function viewOf(op: string, { x, filter }: Inputs, { strides, pad, dimRoundingMode }: ConvolutionAttrs): View {
  const shapes: [Shape4D, Shape4D] = [checkRank4(op, "x", x.shape), checkRank4(op, "filter", filter.shape)];
  return backend_util.computeConv2DInfo(...shapes, strides, 1, pad, dimRoundingMode);
}

/** Multiplications below which a convolution with this filter is TensorFlow.js's. */
function minWork([height = 0, width = 0, inChannels = 0, outChannels = 0]: readonly number[]): number {
  const taps = height * width;
  const few = outChannels <= MAX_FEW_CHANNELS && inChannels >= MIN_FEW_IN_CHANNELS && taps > 1;
  if (outChannels === 1 || few) return MIN_FEW_WORK;
  if (taps > 1 && inChannels === 1) return MIN_ONE_WORK;
  const wins = outChannels % PANEL === 0 && (taps > 1 || inChannels >= MIN_SHARED);
  return wins ? MIN_ANY_WORK : Number.POSITIVE_INFINITY;
}

/** Whether no window is in the border alone: it is copied with x. */
function bordersAreNarrow({ padInfo: { top, bottom, left, right }, filterHeight, filterWidth }: View): boolean {
  return Math.max(top, bottom) < filterHeight && Math.max(left, right) < filterWidth;
}

/** How a convolution without dilations is computed, or undefined: by TensorFlow.js's kernel. */
function wayOf(view: View, filterShape: readonly number[], attrs: ConvolutionAttrs): Way | undefined {
  if (hasWinogradTaps(filterShape, attrs) && isFasterByWinograd(winogradSizes(view))) return "winograd";
  const { outWidth } = view;
  const pixels = view.batchSize * view.outHeight * outWidth;
  const least = minWork(filterShape);
  if (pixels * sizeOf(filterShape) < least) return undefined;
  if (view.filterHeight * view.filterWidth === 1) {
    return convolutionProduct(view) && pixels >= MIN_ROWS ? "product" : undefined;
  }
  if (!bordersAreNarrow(view)) return undefined;
  if (least === MIN_FEW_WORK) return outWidth >= MIN_FEW_WIDTH ? "taps" : undefined;
  const isWide = outWidth % TILE === 0 || outWidth >= MIN_ANY_WIDTH || least === MIN_ONE_WORK;
  return isWide && outWidth >= MIN_WIDTH ? "taps" : undefined;
}

/** Whether two threads are faster than TensorFlow.js's kernel on one, though one is not. */
function isFasterInThreads(view: View, filterShape: readonly number[]): boolean {
  const isLarge = view.batchSize * view.outHeight * view.outWidth * sizeOf(filterShape) >= MIN_WORK_IN_THREADS;
  return isLarge && (!!convolutionProduct(view) || (view.outWidth >= MIN_WIDTH_IN_THREADS && bordersAreNarrow(view)));
}

/** @param inThreads whether the library's threads compute, and TensorFlow.js's kernel on one */
function theirsIsFaster(op: string, inputs: Inputs, attrs: ConvolutionAttrs, inThreads: boolean): boolean {
  const { x, filter } = inputs;
  const { shape } = filter;
  if (x.shape[3] !== shape[2] || !areOne(attrs.dilations) || (attrs.dataFormat ?? "NHWC") !== "NHWC") return true;
  // Before the sizes are computed, which takes longer than the rest.
  const winogradWork = hasWinogradTaps(shape, attrs) ? MIN_WORK : Number.POSITIVE_INFINITY;
  const least = Math.min(winogradWork, minWork(shape), inThreads ? MIN_WORK_IN_THREADS : Number.POSITIVE_INFINITY);
  if (sizeOf(x.shape) * (shape[0] as number) * (shape[1] as number) * (shape[3] as number) < least) return true;
  if (x.dtype !== "float32" || filter.dtype !== "float32") return true;
  const view = viewOf(op, inputs, attrs);
  return !wayOf(view, shape, attrs) && !(inThreads && isFasterInThreads(view, shape));
}

function checkInputs(op: string, inputs: Inputs, attrs: ConvolutionAttrs): View {
  checkFloat32(op, "x", inputs.x);
  checkFloat32(op, "filter", inputs.filter);
  const view = viewOf(op, inputs, attrs);
  const { filterHeight, filterWidth, inChannels, outChannels } = view;
  checkShape(op, "filter", inputs.filter, [filterHeight, filterWidth, inChannels, outChannels]);
  return view;
}

interface Finishing {
  /** The binary's number for it. */
  activation: number;
  /** As the bits of a float32. */
  slope: number;
}

/** Output: activation(convolution(x, filter) + bias). */
function tapsPlan(
  binary: BinaryExports,
  { x, filter, bias, preluActivationWeights: slopes }: FusedInputs,
  finishing: Finishing,
  view: View,
): KernelPlan<"x" | "filter" | "shared" | "bias" | "slopes" | "y"> {
  return {
    ...convolutionPlan(binary, view, forVolume, finishing),
    ...rowsOf(view),
    inputs: { x, filter, bias, slopes },
    streamedOutputs: { y: view.outShape },
    passes: [
      wholePass(({ table, filter, shared }) => binary.conv3d_filter_apply(table, filter, shared)),
      parallelPass(binary, "conv2d_apply", ["x", "shared", "bias", "slopes", "y"]),
    ],
  };
}

function planOf(binary: BinaryExports, inputs: FusedInputs, attrs: FusedAttrs, view: View): KernelPlan {
  const { x, filter, bias, preluActivationWeights: slopes } = inputs;
  const finishing = finishingOf(attrs);
  const way = wayOf(view, filter.shape, attrs);
  if (way === "winograd") return winogradPlan(binary, winogradSizes(view), { x, filter, bias, slopes, ...finishing });
  const product = way !== "taps" && convolutionProduct(view);
  if (product) return forwardByProduct(binary, product, inputs, view.outShape, attrs);
  return tapsPlan(binary, inputs, finishing, view);
}

/** Output: the convolution. */
export const Conv2D: NamesakeKernel<Inputs, ConvolutionAttrs, View> = {
  name: "Conv2D",
  op: "conv2d",
  check(inputs, attrs) {
    return checkInputs(this.op, inputs, attrs);
  },
  plan: planOf,
  theirsTakes: () => true,
  theirsIsFaster(inputs, attrs, inThreads) {
    return theirsIsFaster(this.op, inputs, attrs, inThreads);
  },
};

/**
 * Output: activation(convolution + bias). The bias, and the slopes of prelu, have a number for each output channel. Other activations
 * than those of the binary are kernels of their own: src/registry/activations.ts.
 */
export const FusedConv2D: NamesakeKernel<FusedInputs, FusedAttrs, View> = {
  name: "FusedConv2D",
  op: "fused.conv2d",
  check(inputs, attrs) {
    const { bias, preluActivationWeights: slopes } = inputs;
    const { activation = "linear" } = attrs;
    const view = checkInputs(this.op, inputs, attrs);
    checkActivation(this.op, activation, slopes);
    checkPerChannel(this.op, "bias", bias, view.outChannels);
    checkPerChannel(this.op, "preluActivationWeights", slopes, view.outChannels);
    return view;
  },
  plan: planOf,
  theirsTakes: () => true,
  theirsIsFaster(inputs, attrs, inThreads) {
    return theirsIsFaster(this.op, inputs, attrs, inThreads);
  },
};
