import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type KernelPlan, parallelPass, sizeOf } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkConvolution } from "./convolution.js";
import { convolutionPlan, forFilterGradient, MIN_CHUNK_WORK } from "./convolutionPlan.js";
import { convolutionProduct, filterGradientByProduct } from "./convolutionProduct.js";
import type { BinaryKernel } from "./declaration.js";
import { hasWinogradTaps, isFasterByWinograd, powerOfTwoUpTo, winogradFilterGradientPlan, winogradSizes } from "./winograd.js";

type Inputs = { x: TensorInfo; dy: TensorInfo };
type Attrs = ConvolutionAttrs & { filterShape: number[] };

/** Parts of the rows of dy whose sums are added in the end: at most so many, and with so many bytes of sums. */
const MAX_SECTIONS = 8;
const MAX_SECTION_BYTES = 2 ** 21;
/** Rows of dW in a chunk, at least, where it has not all of a section. */
const MIN_PART_ROWS = 32;

/** Output: dW, of shape filterShape, [height, width, inChannels, outChannels]. */
export const Conv2DBackpropFilter: BinaryKernel<Inputs, Attrs, ConvolutionView> = {
  name: "Conv2DBackpropFilter",
  op: "conv2dBackpropFilter",
  check(inputs, attrs) {
    return checkConvolution(this.op, inputs, inputs.x.shape, attrs.filterShape, attrs, false);
  },
  plan(binary, { x, dy }, attrs, view) {
    const product = convolutionProduct(view);
    if (product) return filterGradientByProduct(binary, product, { x, dy }, attrs.filterShape);
    if (hasWinogradTaps(attrs.filterShape, attrs)) {
      const sizes = winogradSizes(view);
      if (isFasterByWinograd(sizes)) return winogradFilterGradientPlan(binary, sizes, { x, dy });
    }
    const { batchSize, outHeight, outWidth, outChannels } = view;
    const numbers = sizeOf(attrs.filterShape);
    const pixels = batchSize * outHeight * outWidth;
    const worth = (pixels * numbers) / MIN_CHUNK_WORK;
    const rows = view.dataFormat === "channelsLast" ? batchSize * outHeight : batchSize;
    const sections = powerOfTwoUpTo(Math.min(MAX_SECTIONS, rows, worth, MAX_SECTION_BYTES / (4 * numbers)));
    // Parts of a section's rows: for each of them dy is packed, and x copied with its border, anew.
    const parts = Math.max(Math.min(MAX_SECTIONS / sections, sizeOf(attrs.filterShape, 0, 3) / MIN_PART_ROWS), 1);
    const plan: KernelPlan<"x" | "dy" | "shared" | "dw"> = {
      ...convolutionPlan(binary, view, forFilterGradient, { sections }),
      sharedBytes: sections > 1 ? 4 * sections * numbers : 0,
      inputs: { x, dy },
      outputs: { dw: attrs.filterShape },
      // Sums.
      count: sections * numbers,
      chunkAlignment: Math.max(outChannels, 1),
      minChunk: Math.max(numbers / parts, (sections * MIN_CHUNK_WORK) / Math.max(pixels, 1)),
      passes:
        sections > 1
          ? [
              parallelPass(binary, "conv2d_backprop_filter_accumulate", ["x", "dy", "shared"]),
              parallelPass(binary, "conv2d_backprop_filter_finalize", ["shared", "dw"]),
            ]
          : [parallelPass(binary, "conv2d_backprop_filter_accumulate", ["x", "dy", "dw"])],
    };
    return plan;
  },
};
