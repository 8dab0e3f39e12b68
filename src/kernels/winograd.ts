import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type BinaryExports, WinogradPlanWords } from "../binary/interface.js";
import { type KernelPlan, NOT_STREAMED, parallelPass } from "../launch/plan.js";
import { shared } from "../shared.js";
import { areOne, type ConvolutionAttrs, type ConvolutionView } from "./convolution.js";

// Convolutions by 3×3 taps, with stride 1, by fewer multiplications: docs/math.md, section 6.5.

const state = shared("winograd", () => ({ wanted: true }));

/**
 * Sets whether convolutions of 3×3 filters with stride 1 on 'wasm', and their gradients, are computed after Winograd, with a half to a
 * quarter of the multiplications. Default true.
 *
 * They take .4 to .65 of the time then. Errors, against float64, are at most 3 times as large as otherwise, and smaller below 32
 * channels; infinities and NaN are where they are otherwise. Calls with few channels or few pixels are not affected. With
 * setKernelReplacement(false) the forward pass is TensorFlow.js's, whatever is set here.
 */
export function setWinograd(enabled: boolean): void {
  state.wanted = enabled;
}

/** The binary's loops need as many. */
const MIN_CHANNELS = 8;
/** Keeps the transformed filter within 16 MB. */
const MAX_TAP_NUMBERS = 2 ** 18;
/** Fewer tiles are not worth the transform of the filter. Filters up to MAX_SMALL_TAP stay in the second-level cache. */
const MIN_TILES = 32;
const MIN_TILES_OF_SMALL = 8;
const MAX_SMALL_TAP = 4096;
/** Pairs of channels below which transforms cost what they save. */
const MIN_TAP_NUMBERS = 128;
/** Of a tile's four pixels, how many there are on average, at least: with two, there are hardly fewer multiplications. */
const MIN_TILE_PIXELS = 2.2;
/** Where tiles of 4×4 are accurate; where their filter stays in the cache, and its transform is worth it. */
const MIN_LARGE_CHANNELS = 32;
const MAX_LARGE_TAP = 2 ** 14;
const MIN_LARGE_TILES = 16;
/** Of the multiplications of tiles of 2×2, what tiles of 4×4 may have at most. */
const MAX_LARGE_SHARE = 0.85;
/** Multiplications of the taps that take as long as the plan. */
export const MIN_WORK = 2 ** 18;

/** A convolution that may be computed so: it, or the gradient for its input, which is one of dy by the filter's taps in reverse order. */
export interface WinogradSizes {
  batch: number;
  inHeight: number;
  inWidth: number;
  inChannels: number;
  outHeight: number;
  outWidth: number;
  outChannels: number;
  padTop: number;
  padLeft: number;
  flipped: boolean;
}

const tileCount = ({ batch, outHeight, outWidth }: WinogradSizes, size: number) =>
  batch * Math.ceil(outHeight / size) * Math.ceil(outWidth / size);

/**
 * Rows, and columns, of a tile. Tiles of 4×4 have 36 multiplications where those of 2×2 have 64. But their transforms have larger errors: up
 * to 2.3 times those by the taps from 32 channels on, and more where sums are shorter.
 */
function tileSizeOf(sizes: WinogradSizes): 2 | 4 {
  const { inChannels, outChannels } = sizes;
  if (inChannels < MIN_LARGE_CHANNELS || inChannels * outChannels > MAX_LARGE_TAP) return 2;
  const large = tileCount(sizes, 4);
  return large >= MIN_LARGE_TILES && 36 * large <= MAX_LARGE_SHARE * 16 * tileCount(sizes, 2) ? 4 : 2;
}

export function winogradSizes(view: ConvolutionView): WinogradSizes {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padInfo } = view;
  const pads = { padTop: padInfo.top, padLeft: padInfo.left };
  return { batch: batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, ...pads, flipped: false };
}

/** The sizes of the gradient for the input. */
export function inputGradientSizes({ padInfo, ...view }: ConvolutionView): WinogradSizes {
  return {
    batch: view.batchSize,
    inHeight: view.outHeight,
    inWidth: view.outWidth,
    inChannels: view.outChannels,
    outHeight: view.inHeight,
    outWidth: view.inWidth,
    outChannels: view.inChannels,
    padTop: 2 - padInfo.top,
    padLeft: 2 - padInfo.left,
    flipped: true,
  };
}

/** Whether strides or dilations are 1, or left out. */
/** Whether a filter of this shape, with these attributes, may be computed so. */
export function hasWinogradTaps(
  filterShape: readonly number[],
  { strides, dilations, dataFormat = "NHWC" }: Pick<ConvolutionAttrs, "strides" | "dilations" | "dataFormat">,
): boolean {
  const [height, width, inChannels = 0, outChannels = 0] = filterShape;
  return (
    state.wanted &&
    height === 3 &&
    width === 3 &&
    inChannels >= MIN_CHANNELS &&
    outChannels >= MIN_CHANNELS &&
    inChannels * outChannels >= MIN_TAP_NUMBERS &&
    inChannels * outChannels <= MAX_TAP_NUMBERS &&
    dataFormat === "NHWC" &&
    areOne(strides) &&
    areOne(dilations)
  );
}

/** Whether a convolution that may be computed so is faster then. */
export function isFasterByWinograd(sizes: WinogradSizes): boolean {
  const { batch, outHeight, outWidth, inChannels, outChannels } = sizes;
  const pixels = batch * outHeight * outWidth;
  const tiles = tileCount(sizes, 2);
  const tap = inChannels * outChannels;
  return (
    tiles >= (tap <= MAX_SMALL_TAP ? MIN_TILES_OF_SMALL : MIN_TILES) &&
    pixels >= MIN_TILE_PIXELS * tiles &&
    9 * pixels * tap >= MIN_WORK
  );
}

/** Multiplications of the taps that are worth waking a thread for. */
const MIN_CHUNK_WORK = 2 ** 21;

function constantsOf(
  sizes: WinogradSizes,
  tileSize: number,
  { activation = 0, slope = 0, sections = 1 }: { activation?: number; slope?: number; sections?: number },
): Uint32Array {
  const { batch, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels, padTop, padLeft } = sizes;
  const words: Record<(typeof WinogradPlanWords)[number], number> = {
    batch,
    inHeight,
    inWidth,
    inChannels,
    outHeight,
    outWidth,
    outChannels,
    padTop,
    padLeft,
    flipped: Number(sizes.flipped),
    activation,
    slope,
    tileSize,
    sections,
  };
  // A loop, as in convolutionPlan.
  const constants = new Uint32Array(WinogradPlanWords.length);
  for (let i = 0; i < constants.length; i++) constants[i] = words[WinogradPlanWords[i] as keyof typeof words];
  return constants;
}

interface Convolution {
  x: TensorInfo;
  filter: TensorInfo;
  bias?: TensorInfo | undefined;
  slopes?: TensorInfo | undefined;
  /** The binary's number for it. */
  activation?: number;
  /** The slope where there are no slopes, as the bits of a float32. */
  slope?: number;
}

/** Output: activation(convolution(x, filter) + bias). */
export function winogradPlan(
  binary: BinaryExports,
  sizes: WinogradSizes,
  { x, filter, bias, slopes, ...finishing }: Convolution,
): KernelPlan<"x" | "filter" | "shared" | "bias" | "slopes" | "y"> {
  const { batch, inChannels, outHeight, outWidth, outChannels } = sizes;
  const tileSize = tileSizeOf(sizes);
  return {
    ...NOT_STREAMED,
    inputs: { x, filter, bias, slopes },
    // Whole: chunks are of whole rows of tiles, of which the last in an image may be less.
    outputs: { y: [batch, outHeight, outWidth, outChannels] },
    count: batch * Math.ceil(outHeight / tileSize),
    minChunk: Math.ceil(MIN_CHUNK_WORK / (9 * tileSize * outWidth * inChannels * outChannels)),
    tableBytes: binary.winograd_table_bytes(),
    scratchBytes: binary.winograd_scratch_bytes(inChannels, tileSize),
    sharedBytes: binary.winograd_shared_bytes(inChannels, outChannels, tileSize),
    constants: constantsOf(sizes, tileSize, finishing),
    passes: [
      parallelPass(binary, "winograd_filter_apply", ["filter", "shared"]),
      parallelPass(binary, "winograd_apply", ["x", "filter", "shared", "bias", "slopes", "y"]),
    ],
  };
}

const PLACES = 16;
/** Sections of the tiles whose sums are added in the end: at most so many, and with so many tiles and bytes of sums. */
const MAX_SECTIONS = 8;
const MIN_SECTION_TILES = 256;
const MAX_SECTION_BYTES = 2 ** 22;
/** Channels of dy in a chunk, at least, where it has not all: the patches are transformed for them anew. */
const MIN_CHUNK_CHANNELS = 64;

/** The largest power of two that is not more; at least 1. */
export const powerOfTwoUpTo = (most: number) => 2 ** Math.floor(Math.log2(Math.max(most, 1)));

/** Output: the gradient of the filter. */
export function winogradFilterGradientPlan(
  binary: BinaryExports,
  sizes: WinogradSizes,
  { x, dy }: { x: TensorInfo; dy: TensorInfo },
): KernelPlan<"x" | "dy" | "shared" | "dw"> {
  const { inChannels, outChannels } = sizes;
  const panelChannels = binary.gemm_column_count();
  const channels = Math.ceil(outChannels / panelChannels) * panelChannels;
  const tiles = tileCount(sizes, 2);
  const sumsBytes = binary.winograd_shared_bytes(inChannels, outChannels, 2);
  const worth = (36 * tiles * inChannels * outChannels) / MIN_CHUNK_WORK;
  const most = Math.min(MAX_SECTIONS, worth, tiles / MIN_SECTION_TILES, MAX_SECTION_BYTES / sumsBytes);
  const sections = powerOfTwoUpTo(most);
  const perChannel = PLACES * inChannels;
  return {
    ...NOT_STREAMED,
    inputs: { x, dy },
    outputs: { dw: [3, 3, inChannels, outChannels] },
    // Sums.
    count: sections * channels * perChannel,
    chunkAlignment: panelChannels * perChannel,
    minChunk: Math.max(Math.min(MIN_CHUNK_CHANNELS, channels) * perChannel, (MIN_CHUNK_WORK * PLACES * sections) / (36 * tiles)),
    tableBytes: binary.winograd_table_bytes(),
    scratchBytes: binary.winograd_backprop_filter_scratch_bytes(inChannels, outChannels, 2),
    sharedBytes: sections * sumsBytes,
    constants: constantsOf(sizes, 2, { sections }),
    passes: [
      parallelPass(binary, "winograd_backprop_filter_accumulate", ["x", "dy", "shared"]),
      parallelPass(binary, "winograd_backprop_filter_apply", ["x", "dy", "shared", "dw"]),
    ],
  };
}
