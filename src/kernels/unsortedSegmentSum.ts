import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, checkNonNegativeInteger, checkShape } from "../arguments.js";
import { CACHE_LINE, type KernelPlan, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

/** Numbers of rows and of sums that are worth waking a thread for. */
const MIN_CHUNK = 2 ** 18;

/** Columns that are worth going through all rows for. */
const MIN_COLUMNS = 64;

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
    const width = sizeOf(row);
    return {
      ...NOT_STREAMED,
      inputs: { x, segmentIds },
      outputs: { sums: [numSegments, ...row] },
      // Columns: of many rows one segment may have the most.
      count: width,
      chunkAlignment: CACHE_LINE / 4,
      minChunk: Math.max(Math.ceil(MIN_CHUNK / Math.max(rows + numSegments, 1)), MIN_COLUMNS),
      tableBytes: binary.unsorted_segment_sum_table_bytes(),
      prepare: ({ table }) => binary.unsorted_segment_sum_prepare(table, rows, width, numSegments),
      passes: [
        parallelPass(binary, "unsorted_segment_sum_reset", ["sums"]),
        parallelPass(binary, "unsorted_segment_sum_accumulate", ["x", "segmentIds", "sums"]),
      ],
    };
  },
};
