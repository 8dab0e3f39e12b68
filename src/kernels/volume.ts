import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, checkShape } from "../arguments.js";

// Convolutions and pools of volumes, [batch, depth, height, width, channels], as TensorFlow.js describes them. Its other backends
// take any stride and padding, too. Where a stride exceeds the window, its padding "same" may be negative: then the windows start
// after the first position.

export type Triple = number | [number, number, number];

export interface VolumeAttrs {
  strides: Triple;
  pad: "valid" | "same" | number;
}

export interface VolumeConvolutionAttrs extends VolumeAttrs {
  /** Default 1. */
  dilations?: Triple;
}

export interface PoolAttrs extends VolumeAttrs {
  filterSize: Triple;
  dimRoundingMode?: "floor" | "round" | "ceil";
}

export type VolumeView = backend_util.Conv3DInfo;

/** Keeps all positions along a volume with its border signed 32-bit integers. */
const MAX_POSITIONS = 2 ** 30;

type Shape5D = [number, number, number, number, number];

function checkRank5(op: string, argument: string, shape: readonly number[]): Shape5D {
  if (shape.length !== 5) throw argumentError(op, argument, "have rank 5", `shape [${shape.join(", ")}]`);
  return shape as Shape5D;
}

function checkBorder(op: string, { inDepth, inHeight, inWidth, padInfo }: VolumeView): void {
  const { front, back, top, bottom, left, right } = padInfo;
  const largest = Math.max(inDepth + front + back, inHeight + top + bottom, inWidth + left + right);
  if (largest > MAX_POSITIONS) {
    throw argumentError(op, "pad", "leave at most 2^30 positions along an axis", String(largest));
  }
}

/**
 * A convolution's sizes, after a check that its tensors fit them: x or dx [inputShape], dy, and filter or dW [filterShape].
 *
 * @param tensors the tensors that are there, by the names of the kernel's inputs
 */
export function checkVolumeConvolution(
  op: string,
  tensors: { x?: TensorInfo; dy?: TensorInfo; filter?: TensorInfo },
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dilations = 1 }: VolumeConvolutionAttrs,
): VolumeView {
  const input = checkRank5(op, tensors.x ? "x" : "inputShape", inputShape);
  const filter = checkRank5(op, tensors.filter ? "filter" : "filterShape", filterShape);
  const view = backend_util.computeConv3DInfo(input, filter, strides, dilations, pad);
  for (const [argument, tensor] of Object.entries(tensors)) checkFloat32(op, argument, tensor);
  if (filter[3] !== view.inChannels) {
    const argument = tensors.filter ? "filter" : "filterShape";
    throw argumentError(op, argument, `have ${view.inChannels} input channels`, String(filter[3]));
  }
  if (tensors.dy) checkShape(op, "dy", tensors.dy, view.outShape);
  checkBorder(op, view);
  return view;
}

/**
 * A pool's sizes.
 *
 * @param argument what holds the pool's input, or a gradient kernel's copy of it
 */
export function checkVolumePool(op: string, argument: string, input: TensorInfo, attrs: PoolAttrs): VolumeView {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const shape = checkRank5(op, argument, input.shape);
  const view = backend_util.computePool3DInfo(shape, filterSize, strides, 1, pad, dimRoundingMode);
  checkFloat32(op, argument, input);
  checkBorder(op, view);
  return view;
}
