import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, checkShape } from "../arguments.js";

/** The attributes of a convolution that its gradients are given, named as TensorFlow.js names them. */
export interface ConvolutionAttrs {
  strides: number | [number, number];
  pad: "valid" | "same" | number | backend_util.ExplicitPadding;
  dataFormat?: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil";
  /** Default 1. tf.layers.depthwiseConv2d gives null. */
  dilations?: number | [number, number] | null;
}

/** Whether strides, dilations or sizes are all 1, as those that are not given are. */
export const areOne = (values: number | readonly number[] | null | undefined): boolean =>
  typeof values === "number" ? values === 1 : (values ?? []).every((value) => value === 1);

/** The sizes of a convolution or a pool, of images or of volumes. */
export type ConvolutionView = backend_util.Conv2DInfo | backend_util.Conv3DInfo;

/** Keeps all positions along an image with its border unsigned 32-bit integers. */
const MAX_PIXELS = 2 ** 30;

export type Shape4D = [number, number, number, number];

export function checkRank4(op: string, argument: string, shape: readonly number[]): Shape4D {
  if (shape.length !== 4) throw argumentError(op, argument, "have rank 4", `shape [${shape.join(", ")}]`);
  return shape as Shape4D;
}

/**
 * A convolution's sizes, after a check that its tensors fit them: x or dx [inputShape], dy, and filter or dW [filterShape].
 *
 * @param tensors the tensors that are there, by the names of the kernel's inputs
 */
export function checkConvolution(
  op: string,
  tensors: { x?: TensorInfo; dy?: TensorInfo; filter?: TensorInfo },
  inputShape: readonly number[],
  filterShape: readonly number[],
  attrs: ConvolutionAttrs,
  depthwise: boolean,
): ConvolutionView {
  const input = checkRank4(op, tensors.x ? "x" : "inputShape", inputShape);
  const filter = checkRank4(op, tensors.filter ? "filter" : "filterShape", filterShape);
  const { strides, pad, dataFormat = "NHWC", dimRoundingMode, dilations } = attrs;
  const format = backend_util.convertConv2DDataFormat(dataFormat);
  const view = backend_util.computeConv2DInfo(input, filter, strides, dilations ?? 1, pad, dimRoundingMode, depthwise, format);
  for (const argument in tensors) checkFloat32(op, argument, tensors[argument as keyof typeof tensors] as TensorInfo);
  if (filter[2] !== view.inChannels) {
    throw argumentError(
      op,
      tensors.filter ? "filter" : "filterShape",
      `have ${view.inChannels} input channels`,
      String(filter[2]),
    );
  }
  if (tensors.dy) checkShape(op, "dy", tensors.dy, view.outShape);
  const { top, bottom, left, right } = view.padInfo;
  const bordered = [view.inHeight + top + bottom, view.inWidth + left + right];
  if (bordered.some((size) => size > MAX_PIXELS)) {
    throw argumentError(op, "pad", "leave fewer than 2^30 pixels in a row or column", `[${bordered}]`);
  }
  return view;
}
