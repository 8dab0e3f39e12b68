import { type BinaryExports, ConvolutionPlanWords } from "../binary/interface.js";
import { GEMM_ROWS } from "../constants.js";
import { NOT_STREAMED, sizeOf } from "../launch/plan.js";
import type { ConvolutionView } from "./convolution.js";

/** Bytes of the images and operands that a gradient works in, one image of the batch at a time. */
interface WorkingBytes {
  /** Rows that are worked on at a time. Default: as many as are packed. */
  rows?: number;
  /** An image with its border. */
  padded?: number;
  /**
   * dx with channels last, where the tensor has channels first. Or a row of dx, before sums of channels. Or where the numbers of a filter
   * meet x.
   */
  dense?: number;
  /** The packed operand of the matrix product. */
  packed?: number;
  /** The packed filter, if all chunks share it. */
  shared?: number;
}

/** Pixels of dy that are packed at a time. */
const PACKED_PIXELS = 128;

const extent = (out: number, stride: number, filter: number, dilation: number) =>
  out === 0 ? 0 : (out - 1) * stride + (filter - 1) * dilation + 1;

/** Rows of the smallest image, from −padTop on, in which every tap of the filter finds its pixels. */
const paddedHeight = (view: ConvolutionView) => extent(view.outHeight, view.strideHeight, view.filterHeight, view.dilationHeight);
const paddedWidth = (view: ConvolutionView) => extent(view.outWidth, view.strideWidth, view.filterWidth, view.dilationWidth);

/** Rows of dy that are packed at a time. */
const packedRows = ({ outWidth }: ConvolutionView) => Math.max(Math.floor(PACKED_PIXELS / Math.max(outWidth, 1)), 1);

/** Rows of dy with the border in which the taps of every input pixel find theirs. */
const borderedOut = (size: number, pad: number, stride: number, filter: number, dilation: number) =>
  (size === 0 ? 0 : Math.floor((size + pad - 1) / stride)) +
  1 +
  Math.floor(((filter - 1) * dilation + Math.max(-pad, 0)) / stride);

export const forPoolGradient = (): WorkingBytes => ({});

/** A row of pixels. */
export const forPool = (view: ConvolutionView): WorkingBytes => ({ padded: 4 * paddedWidth(view) * view.inChannels });

export function forFilterGradient(view: ConvolutionView, columns: number): WorkingBytes {
  const rows = Math.min(packedRows(view), view.outHeight);
  return {
    padded: 4 * paddedHeight(view) * paddedWidth(view) * view.inChannels,
    dense: 4 * (view.filterHeight * view.filterWidth * view.inChannels + GEMM_ROWS),
    packed: 4 * Math.ceil(view.outChannels / columns) * columns * rows * view.outWidth,
  };
}

function borderedOutPixels(view: ConvolutionView): number {
  const { inHeight, inWidth, filterHeight, filterWidth, padInfo } = view;
  return (
    borderedOut(inHeight, padInfo.top, view.strideHeight, filterHeight, view.dilationHeight) *
    borderedOut(inWidth, padInfo.left, view.strideWidth, filterWidth, view.dilationWidth)
  );
}

/** An image of dy with its border, and the filter. */
export function forInputGradient(view: ConvolutionView, columns: number): WorkingBytes {
  const { inHeight, inWidth, inChannels, outChannels, filterHeight, filterWidth } = view;
  const filterDepth = "filterDepth" in view ? view.filterDepth : 1;
  return {
    padded: 4 * borderedOutPixels(view) * outChannels,
    dense: view.dataFormat === "channelsLast" ? 0 : 4 * inHeight * inWidth * inChannels,
    shared: 4 * filterDepth * filterHeight * filterWidth * outChannels * Math.ceil(inChannels / columns) * columns,
  };
}

/** Pixels after the last of a row that a depthwise convolution reads, but not to any effect. */
const PIXELS_AFTER = 3;

/**
 * Bytes between the pixels of a depthwise convolution's images with a border. Without them, the pixels that a tile meets would fall into
 * the same cache sets.
 */
const pixelGap = ({ outChannels }: ConvolutionView) => (outChannels % 512 === 0 ? 64 : 0);
const pixelBytes = (view: ConvolutionView) => 4 * view.outChannels + pixelGap(view);

/** Bytes of the rows of an image, with their border, that a depthwise convolution copies at a time: they stay in the second-level cache. */
const BAND_BYTES = 2 ** 17;

/** Windows that a copy has room for, at least: the rows that it has in common with the next are copied twice. */
const MIN_WINDOWS = 3;

/** Rows of x with their border. */
export function forDepthwise(view: ConvolutionView): WorkingBytes {
  const { outHeight, strideHeight, strideWidth, filterHeight, dilationHeight, padInfo } = view;
  const rowBytes = Math.max(paddedWidth(view), padInfo.left + view.inWidth) * pixelBytes(view);
  const window = (filterHeight - 1) * dilationHeight + 1;
  const fitting = Math.floor((BAND_BYTES / rowBytes - window) / strideHeight) + 1;
  const rows = Math.min(Math.max(fitting, Math.ceil((MIN_WINDOWS * window) / strideHeight)), outHeight);
  const height = extent(rows, strideHeight, filterHeight, dilationHeight);
  return { rows, padded: height * rowBytes + PIXELS_AFTER * strideWidth * pixelBytes(view) };
}

/** Rows of dy with their border, and a row of dx with a number for each output channel, where a channel has several. */
export function forDepthwiseInputGradient(view: ConvolutionView): WorkingBytes {
  const { inChannels, inHeight, inWidth, outChannels, strideHeight, filterHeight, dilationHeight, padInfo } = view;
  const width = borderedOut(inWidth, padInfo.left, view.strideWidth, view.filterWidth, view.dilationWidth);
  const rowBytes = width * pixelBytes(view);
  const reach = (filterHeight - 1) * dilationHeight;
  const fitting = Math.floor((BAND_BYTES / rowBytes - 1) * strideHeight) - reach + 1;
  const rows = Math.min(Math.max(fitting, MIN_WINDOWS * (reach + 1)), inHeight);
  const height = Math.floor((rows - 1 + reach) / strideHeight) + 1;
  return {
    rows,
    padded: height * rowBytes + PIXELS_AFTER * pixelBytes(view),
    dense: outChannels === inChannels ? 0 : 4 * inWidth * outChannels,
  };
}

/** The images of x that one of y depends on, and the filter. */
export function forVolume(view: ConvolutionView, columns: number): WorkingBytes {
  const { inChannels, outChannels, filterHeight, filterWidth } = view;
  const filterDepth = "filterDepth" in view ? view.filterDepth : 1;
  const packedChannels = outChannels === 1 ? 1 : Math.ceil(outChannels / columns) * columns;
  return {
    padded: 4 * filterDepth * paddedHeight(view) * paddedWidth(view) * inChannels,
    shared: 4 * filterDepth * filterHeight * filterWidth * inChannels * packedChannels,
  };
}

/** Multiplications that are worth waking a thread for. */
export const MIN_CHUNK_WORK = 2 ** 20;

/** Positions that are worth waking a thread for, of so many multiplications each. */
export const chunkOf = (work: number) => Math.ceil(MIN_CHUNK_WORK / Math.max(work, 1));

/**
 * The part of a plan that says how the output is cut: by rows, whose numbers are the positions.
 *
 * @param minChunk default: of a convolution that sums over all input channels
 */
export const rowsOf = (view: ConvolutionView, minChunk = chunkOf(sizeOf(view.filterShape, 0, view.filterShape.length - 1))) => ({
  count: sizeOf(view.outShape),
  chunkAlignment: Math.max(view.outWidth * view.outChannels, 1),
  minChunk,
});

/** An image is a volume of this depth. */
const IMAGE = { inDepth: 1, outDepth: 1, filterDepth: 1, strideDepth: 1, dilationDepth: 1 };

const aligned = (bytes: number) => Math.ceil(bytes / 16) * 16;

/**
 * The part of a plan that the gradients of convolutions and pools share: a table that describes the convolution, and the room that
 * they work in.
 *
 * @param activation the binary's number for what is applied to a convolution
 * @param slope of the activation, as the bits of a float32
 * @param accumulators float32 numbers after the plan
 * @param sections parts of the rows of dy that the gradient of a filter is summed over by themselves
 */
export function convolutionPlan(
  binary: BinaryExports,
  view: ConvolutionView,
  workingBytes: (view: ConvolutionView, columns: number) => WorkingBytes,
  { activation = 0, slope = 0, accumulators = 0, sections = 1 } = {},
) {
  const { padded = 0, dense = 0, packed = 0, shared = 0, rows } = workingBytes(view, binary.gemm_column_count());
  const tableBytes = binary.convolution_table_bytes() + aligned(4 * accumulators);
  const denseAt = tableBytes + aligned(padded);
  const packedAt = denseAt + aligned(dense);
  const { inDepth, outDepth, filterDepth, strideDepth, dilationDepth } = "inDepth" in view ? view : IMAGE;
  const words: Record<(typeof ConvolutionPlanWords)[number], number> = {
    batch: view.batchSize,
    inDepth,
    outDepth,
    filterDepth,
    strideDepth,
    dilationDepth,
    inHeight: view.inHeight,
    inWidth: view.inWidth,
    inChannels: view.inChannels,
    outHeight: view.outHeight,
    outWidth: view.outWidth,
    outChannels: view.outChannels,
    filterHeight: view.filterHeight,
    filterWidth: view.filterWidth,
    strideHeight: view.strideHeight,
    strideWidth: view.strideWidth,
    dilationHeight: view.dilationHeight,
    dilationWidth: view.dilationWidth,
    padFront: "front" in view.padInfo ? view.padInfo.front : 0,
    padTop: view.padInfo.top,
    padLeft: view.padInfo.left,
    channelsLast: Number(view.dataFormat === "channelsLast"),
    packedRows: rows ?? packedRows(view),
    pixelGap: pixelGap(view),
    padded: tableBytes,
    dense: denseAt,
    packed: packedAt,
    activation,
    slope,
    sections,
  };
  // A loop: Uint32Array.from would take longer than a small pool.
  const constants = new Uint32Array(ConvolutionPlanWords.length);
  for (let i = 0; i < constants.length; i++) constants[i] = words[ConvolutionPlanWords[i] as keyof typeof words];
  return { ...NOT_STREAMED, tableBytes, scratchBytes: packedAt + packed - tableBytes, sharedBytes: shared, constants };
}
