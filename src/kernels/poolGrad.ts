import type { backend_util, TensorInfo } from "@tensorflow/tfjs-core";
import { checkTensor } from "../arguments.js";
import type { BinaryExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass, sizeOf } from "../launch/plan.js";
import { convolutionPlan, forPoolGradient } from "./convolutionPlan.js";
import type { BinaryKernel } from "./declaration.js";
import { checkPool, type PoolAttrs } from "./pool.js";
import type { VolumeView } from "./volume.js";

type Inputs = { dy: TensorInfo; input: TensorInfo };

function checkGradient(op: string, { dy, input }: Inputs, attrs: PoolAttrs): backend_util.Conv2DInfo {
  const view = checkPool(op, "input", input, attrs);
  checkTensor(op, "dy", dy, view.outShape);
  return view;
}

/** Numbers of dx that are worth waking a thread for. */
const MIN_CHUNK = 2 ** 16;
/** Images of a chunk, at least, for each that the windows of two chunks have in common: those are visited for both. */
const MIN_IMAGES = 4;

/**
 * The part of a plan that the gradients of pools share: chunks of dx are images of volumes.
 *
 * @param shape of dx
 */
export function poolGradientPlan(binary: BinaryExports, view: VolumeView, shape: number[]) {
  const image = view.inHeight * view.inWidth * view.inChannels;
  return {
    ...convolutionPlan(binary, view, forPoolGradient),
    streamedOutputs: { dx: shape },
    count: sizeOf(shape),
    chunkAlignment: Math.max(image, 1),
    minChunk: Math.max(MIN_CHUNK, MIN_IMAGES * (view.filterDepth - view.strideDepth) * image),
  };
}

/** A pool of images as one of volumes, whose images are rows: what a plan takes of it. */
function rowsAsImages(view: backend_util.Conv2DInfo): VolumeView {
  const { batchSize, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = view;
  const { filterHeight, filterWidth, strideHeight, strideWidth, padInfo, dataFormat } = view;
  // Not spread: that would take longer than a small pool.
  const volume: Partial<VolumeView> = {
    batchSize,
    inDepth: inHeight,
    inHeight: 1,
    inWidth,
    inChannels,
    outDepth: outHeight,
    outHeight: 1,
    outWidth,
    outChannels,
    filterDepth: filterHeight,
    filterHeight: 1,
    filterWidth,
    strideDepth: strideHeight,
    strideHeight: 1,
    strideWidth,
    dilationDepth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padInfo: {
      front: padInfo.top,
      back: padInfo.bottom,
      top: 0,
      bottom: 0,
      left: padInfo.left,
      right: padInfo.right,
      type: padInfo.type,
    },
    dataFormat,
  };
  return volume as VolumeView;
}

/** Output: dx, like the input. The output of the pool, which TensorFlow.js hands over too, is not needed. */
export const MaxPoolGrad: BinaryKernel<Inputs, PoolAttrs, backend_util.Conv2DInfo> = {
  name: "MaxPoolGrad",
  op: "maxPoolGrad",
  check(inputs, attrs) {
    return checkGradient(this.op, inputs, attrs);
  },
  plan: (binary, { dy, input }, _, view): KernelPlan<"dy" | "input" | "dx"> => ({
    ...poolGradientPlan(binary, rowsAsImages(view), input.shape),
    inputs: { dy, input },
    passes: [parallelPass(binary, "max_pool_grad_apply", ["input", "dy", "dx"])],
  }),
};

/** Output: dx, like the input. */
export const AvgPoolGrad: BinaryKernel<Inputs, PoolAttrs, backend_util.Conv2DInfo> = {
  name: "AvgPoolGrad",
  op: "avgPoolGrad",
  check(inputs, attrs) {
    return checkGradient(this.op, inputs, attrs);
  },
  plan: (binary, { dy, input }, _, view): KernelPlan<"dy" | "dx"> => ({
    ...poolGradientPlan(binary, rowsAsImages(view), input.shape),
    inputs: { dy },
    passes: [parallelPass(binary, "average_pool_grad_apply", ["dy", "dx"])],
  }),
};
