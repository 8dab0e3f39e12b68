import { backend_util, engine, type KernelFunc, type NamedAttrMap, type Tensor, type TensorInfo } from "@tensorflow/tfjs-core";
import type { ConvolutionAttrs } from "../kernels/convolution.js";

// Convolutions of TensorFlow.js's 'wasm' backend (4.22) whose strides leave out the last rows or columns of x are zeros with the
// padding "same", unless the filter is 1×1. They are right without these rows and columns.

type Shape4D = [number, number, number, number];

/** The size of x that a convolution reads: [height, width]. */
function readSize({ shape }: TensorInfo, filter: TensorInfo, attrs: ConvolutionAttrs, depthwise: boolean): [number, number] {
  const { strides, dilations, pad, dimRoundingMode } = attrs;
  const [x4D, filter4D] = [shape as Shape4D, filter.shape as Shape4D];
  const view = backend_util.computeConv2DInfo(x4D, filter4D, strides, dilations ?? 1, pad, dimRoundingMode, depthwise);
  const read = (size: number, out: number, stride: number, filter: number) =>
    out === 0 ? size : Math.min(size, (out - 1) * stride + filter);
  return [
    read(view.inHeight, view.outHeight, view.strideHeight, view.effectiveFilterHeight),
    read(view.inWidth, view.outWidth, view.strideWidth, view.effectiveFilterWidth),
  ];
}

/** A convolution of the part of x that it reads. */
export function runCropped(theirs: KernelFunc, args: Parameters<KernelFunc>[0], depthwise: boolean): ReturnType<KernelFunc> {
  const attrs = args.attrs as unknown as ConvolutionAttrs;
  const { x, filter } = args.inputs as { x: TensorInfo; filter: TensorInfo };
  const [filterHeight, filterWidth] = filter.shape;
  // The backend refuses NCHW.
  if (attrs.pad !== "same" || attrs.dataFormat === "NCHW" || (filterHeight === 1 && filterWidth === 1)) return theirs(args);
  const [batch, height, width, channels] = x.shape as Shape4D;
  const [readHeight, readWidth] = readSize(x, filter, attrs, depthwise);
  if (readHeight === height && readWidth === width) return theirs(args);
  const size = { begin: [0, 0, 0, 0], size: [batch, readHeight, readWidth, channels] };
  const read = engine().runKernel<Tensor>("Slice", { x: x as Tensor }, size as unknown as NamedAttrMap);
  try {
    return theirs({ ...args, inputs: { ...args.inputs, x: read } });
  } finally {
    read.dispose();
  }
}
