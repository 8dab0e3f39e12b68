import { backend_util, type TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32 } from "../arguments.js";
import type { BinaryExports } from "../binary/interface.js";
import { type KernelPlan, parallelPass, sizeOf } from "../launch/plan.js";
import { type ConvolutionAttrs, type ConvolutionView, checkRank4 } from "./convolution.js";
import { convolutionPlan, forPool, rowsOf } from "./convolutionPlan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { x: TensorInfo };

/** The attributes of a pool of images. */
export interface PoolAttrs extends Pick<ConvolutionAttrs, "strides" | "pad" | "dimRoundingMode"> {
  filterSize: number | [number, number];
}

/** Numbers of the windows that are worth waking a thread for. */
const MIN_CHUNK_WORK = 2 ** 17;
/** Numbers of x up to which XNNPACK is faster than threads. */
const MAX_THEIRS = 2 ** 15;

/**
 * The sizes of a pool of images.
 *
 * @param argument what holds the pool's input, or a gradient kernel's copy of it
 */
export function checkPool(op: string, argument: string, input: TensorInfo, attrs: PoolAttrs): backend_util.Conv2DInfo {
  const { filterSize, strides, pad, dimRoundingMode } = attrs;
  const view = backend_util.computePool2DInfo(
    checkRank4(op, argument, input.shape),
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  checkFloat32(op, argument, input);
  return view;
}

/** How pools are planned, of images and of volumes: chunks are rows of the output. @param apply the binary's function for this kind */
export const planWith =
  (apply: "max_pool_apply" | "average_pool_apply") =>
  (binary: BinaryExports, { x }: Inputs, _: unknown, view: ConvolutionView): KernelPlan<"x" | "y"> => {
    const { filterHeight, filterWidth, outShape } = view;
    const filterDepth = "filterDepth" in view ? view.filterDepth : 1;
    return {
      ...convolutionPlan(binary, view, forPool),
      inputs: { x },
      streamedOutputs: { y: outShape },
      ...rowsOf(view, Math.ceil(MIN_CHUNK_WORK / (filterDepth * filterHeight * filterWidth))),
      passes: [parallelPass(binary, apply, ["x", "y"])],
    };
  };

const isSquare = (sizes: number | readonly number[]) => typeof sizes === "number" || sizes[0] === sizes[1];

/** XNNPACK refuses windows of one pixel, and writes outside of its output where TensorFlow.js mistakes the output's size. */
function theirsTakes({ x }: Inputs, { filterSize, strides, pad }: PoolAttrs): boolean {
  if (x.shape.length !== 4 || sizeOf([filterSize].flat()) === 1) return false;
  return typeof pad !== "number" || (isSquare(filterSize) && isSquare(strides));
}

const theirsIsFaster = ({ x }: Inputs, _: PoolAttrs, inThreads: boolean) => !inThreads || sizeOf(x.shape) <= MAX_THEIRS;

/** Output: y. */
export const MaxPool: NamesakeKernel<Inputs, PoolAttrs, backend_util.Conv2DInfo> = {
  name: "MaxPool",
  op: "maxPool",
  dtypeOf: "x",
  check({ x }, attrs) {
    return checkPool(this.op, "x", x, attrs);
  },
  plan: planWith("max_pool_apply"),
  theirsTakes,
  theirsIsFaster,
};

/** Output: y. */
export const AvgPool: NamesakeKernel<Inputs, PoolAttrs, backend_util.Conv2DInfo> = {
  name: "AvgPool",
  op: "avgPool",
  check({ x }, attrs) {
    return checkPool(this.op, "x", x, attrs);
  },
  plan: planWith("average_pool_apply"),
  theirsTakes,
  theirsIsFaster,
};
