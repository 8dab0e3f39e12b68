import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, checkNonNegativeInteger, checkShape } from "../arguments.js";
import { type KernelPlan, NOT_STREAMED, sizeOf, wholePass } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { x: TensorInfo; segmentIds: TensorInfo };

/** Output: [numSegments, ...x.shape.slice(1)], the sums of the rows of x by their id. Rows of other ids are left out. */
export const UnsortedSegmentSum: NamesakeKernel<Inputs, { numSegments: number }, void> = {
  name: "UnsortedSegmentSum",
  op: "unsortedSegmentSum",
  indices: ["segmentIds"],
  check({ x, segmentIds }, { numSegments }) {
    checkFloat32(this.op, "x", x);
    if (segmentIds.dtype !== "int32") throw argumentError(this.op, "segmentIds", "have dtype int32", segmentIds.dtype);
    if (x.shape.length < 1) throw argumentError(this.op, "x", "have a rank of at least 1", "rank 0");
    checkShape(this.op, "segmentIds", segmentIds, x.shape.slice(0, 1));
    checkNonNegativeInteger(this.op, "numSegments", numSegments);
  },
  plan(binary, { x, segmentIds }, { numSegments }): KernelPlan<"x" | "segmentIds" | "sums"> {
    const [rows = 0, ...row] = x.shape;
    return {
      ...NOT_STREAMED,
      inputs: { x, segmentIds },
      outputs: { sums: [numSegments, ...row] },
      passes: [
        wholePass(({ x, segmentIds, sums }) => {
          binary.unsorted_segment_sum_apply(x, segmentIds, sums, rows, sizeOf(row), numSegments);
        }),
      ],
    };
  },
};
