import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { BinaryExports } from "../binary/interface.js";
import { areOne, type ConvolutionView } from "./convolution.js";
import { BatchMatMul, FusedMatMul } from "./matMul.js";

/** A convolution that is the product of two matrices: x [rows, shared] and the filter [shared, columns]. */
interface ConvolutionProduct {
  rows: number;
  shared: number;
  columns: number;
}

/**
 * The matrices whose product a convolution is, if its filter has one tap and it no strides, or if its filter is as large as x. There is
 * no padding, and channels are last.
 */
export function convolutionProduct(view: ConvolutionView): ConvolutionProduct | undefined {
  const { padInfo, strideHeight, strideWidth, filterHeight, filterWidth, inHeight, inWidth, inChannels } = view;
  const { inDepth, outDepth, filterDepth, strideDepth } =
    "inDepth" in view ? view : { inDepth: 1, outDepth: 1, filterDepth: 1, strideDepth: 1 };
  const { top, bottom, left, right } = padInfo;
  const front = "front" in padInfo ? padInfo.front + padInfo.back : 0;
  if (view.dataFormat !== "channelsLast" || front !== 0 || top !== 0 || bottom !== 0 || left !== 0 || right !== 0)
    return undefined;
  const columns = view.outChannels;
  if (areOne([filterDepth, filterHeight, filterWidth, strideDepth, strideHeight, strideWidth])) {
    return { rows: view.batchSize * inDepth * inHeight * inWidth, shared: inChannels, columns };
  }
  const isWhole = filterDepth === inDepth && filterHeight === inHeight && filterWidth === inWidth;
  if (!isWhole || !areOne([outDepth, view.outHeight, view.outWidth, view.dilationHeight, view.dilationWidth])) return undefined;
  if ("dilationDepth" in view && view.dilationDepth !== 1) return undefined;
  return { rows: view.batchSize, shared: inDepth * inHeight * inWidth * inChannels, columns };
}

const matrix = (tensor: TensorInfo, rows: number, columns: number): TensorInfo => ({
  dataId: tensor.dataId,
  dtype: tensor.dtype,
  shape: [rows, columns],
});

function planOf(binary: BinaryExports, a: TensorInfo, b: TensorInfo, transposed: "a" | "b", outShape: number[]) {
  const attrs = { transposeA: transposed === "a", transposeB: transposed === "b" };
  const plan = BatchMatMul.plan(binary, { a, b }, attrs, BatchMatMul.check({ a, b }, attrs));
  return { ...plan, outputs: { c: outShape } };
}

/** activation(convolution + bias), of shape outShape. */
export function forwardByProduct(
  binary: BinaryExports,
  { rows, shared, columns }: ConvolutionProduct,
  { x, filter, ...perChannel }: { x: TensorInfo; filter: TensorInfo; bias?: TensorInfo; preluActivationWeights?: TensorInfo },
  outShape: number[],
  { activation = "linear", leakyreluAlpha = 0 }: { activation?: string; leakyreluAlpha?: number } = {},
) {
  const inputs = { a: matrix(x, rows, shared), b: matrix(filter, shared, columns), ...perChannel };
  const attrs = { transposeA: false, transposeB: false, activation, leakyreluAlpha };
  return { ...FusedMatMul.plan(binary, inputs, attrs, FusedMatMul.check(inputs, attrs)), outputs: { c: outShape } };
}

/** dW = xᵀ·dy */
export function filterGradientByProduct(
  binary: BinaryExports,
  { rows, shared, columns }: ConvolutionProduct,
  { x, dy }: { x: TensorInfo; dy: TensorInfo },
  filterShape: number[],
) {
  return planOf(binary, matrix(x, rows, shared), matrix(dy, rows, columns), "a", filterShape);
}

/** dx = dy·filterᵀ */
export function inputGradientByProduct(
  binary: BinaryExports,
  { rows, shared, columns }: ConvolutionProduct,
  { dy, filter }: { dy: TensorInfo; filter: TensorInfo },
  inputShape: number[],
) {
  return planOf(binary, matrix(dy, rows, columns), matrix(filter, shared, columns), "b", inputShape);
}
