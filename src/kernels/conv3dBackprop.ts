import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type Addresses, type KernelPlan, parallelPass, sizeOf, wholePass } from "../launch/plan.js";
import { chunkOf, convolutionPlan, forFilterGradient, forInputGradient } from "./convolutionPlan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkVolumeConvolution, type VolumeAttrs, type VolumeView } from "./volume.js";

/** Numbers of a filter up to which its gradient is cut by images, and pixels for which a chunk has accumulators of its own. */
const MAX_ACCUMULATORS = 2 ** 13;
const MIN_PIXELS = 512;
/** Fewer chunks than these, rows of taps make, too. */
const MIN_CHUNKS = 4;

type FilterInputs = { x: TensorInfo; dy: TensorInfo };
type FilterAttrs = VolumeAttrs & { filterShape: number[] };

/** Output: dW, of shape filterShape, [depth, height, width, inChannels, outChannels]. */
export const Conv3DBackpropFilterV2: BinaryKernel<FilterInputs, FilterAttrs, VolumeView> = {
  name: "Conv3DBackpropFilterV2",
  op: "conv3dBackpropFilter",
  check(inputs, attrs) {
    return checkVolumeConvolution(this.op, inputs, inputs.x.shape, attrs.filterShape, attrs);
  },
  plan(binary, { x, dy }, { filterShape }, view) {
    const numbers = sizeOf(filterShape);
    const images = view.batchSize * view.outDepth;
    const outPixels = view.outHeight * view.outWidth;
    const minImages = Math.max(Math.ceil(MIN_PIXELS / outPixels), chunkOf(outPixels * numbers));
    const plan: KernelPlan<"x" | "dy" | "dw"> =
      numbers <= MAX_ACCUMULATORS && images >= MIN_CHUNKS * minImages
        ? {
            ...convolutionPlan(binary, view, forFilterGradient, { accumulators: numbers }),
            inputs: { x, dy },
            outputs: { dw: filterShape },
            count: images,
            minChunk: minImages,
            prepare: ({ table }) => binary.conv3d_backprop_filter_reset(table),
            passes: [
              parallelPass(binary, "conv3d_backprop_filter_accumulate", ["x", "dy"], {
                merge: "conv3d_backprop_filter_merge",
                finalize: ({ table, dw }: Addresses<"dw">) => binary.conv3d_backprop_filter_finalize(table, dw),
              }),
            ],
          }
        : {
            ...convolutionPlan(binary, view, forFilterGradient),
            inputs: { x, dy },
            streamedOutputs: { dw: filterShape },
            // Rows of taps.
            count: view.filterDepth * view.filterHeight,
            minChunk: chunkOf(images * outPixels * view.filterWidth * view.inChannels * view.outChannels),
            passes: [parallelPass(binary, "conv3d_backprop_filter_apply", ["x", "dy", "dw"])],
          };
    return plan;
  },
};

type InputInputs = { dy: TensorInfo; filter: TensorInfo };
type InputAttrs = VolumeAttrs & { inputShape: number[] };

/** Output: dx, of shape inputShape. Also the forward pass of transposed convolutions. */
export const Conv3DBackpropInputV2: BinaryKernel<InputInputs, InputAttrs, VolumeView> = {
  name: "Conv3DBackpropInputV2",
  op: "conv3dBackpropInput",
  check(inputs, attrs) {
    return checkVolumeConvolution(this.op, inputs, attrs.inputShape, inputs.filter.shape, attrs);
  },
  plan: (binary, { dy, filter }, { inputShape }, view): KernelPlan<"dy" | "filter" | "shared" | "dx"> => ({
    ...convolutionPlan(binary, view, forInputGradient),
    inputs: { dy, filter },
    streamedOutputs: { dx: inputShape },
    // Images.
    count: view.batchSize * view.inDepth,
    minChunk: chunkOf((sizeOf(dy.shape) * sizeOf(filter.shape, 0, 4)) / Math.max(view.batchSize * view.inDepth, 1)),
    passes: [
      wholePass(({ table, filter, shared }) => binary.conv3d_backprop_input_filter_apply(table, filter, shared)),
      parallelPass(binary, "conv3d_backprop_input_apply", ["dy", "shared", "dx"]),
    ],
  }),
};
