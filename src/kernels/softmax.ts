import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32 } from "../arguments.js";
import { CACHE_LINE, type KernelPlan, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { logits: TensorInfo };
type Attrs = { dim: number };

/** Numbers in a chunk that is worth waking a thread for. */
const MIN_CHUNK = 32768;
/** Rows of more numbers take TensorFlow.js's kernel less time on one thread. */
const SHORT = 8;
/** Numbers in short rows up to which TensorFlow.js's kernel, which does nothing but its loop, is done before ours has begun. */
const MAX_THEIRS = 512;

const isShort = (shape: number[]) => (shape.at(-1) ?? 1) <= SHORT;

/** Numbers that chunks of rows along the last axis start at multiples of: whole rows, and whole lines of the cache. */
export function alignmentOfRows(shape: number[]): number {
  const channels = Math.max(shape.at(-1) ?? 1, 1);
  let alignment = channels;
  while ((4 * alignment) % CACHE_LINE !== 0) alignment *= 2;
  return alignment;
}

/** Output: e^logits, divided by the sum of each row along the last axis. */
export const Softmax: NamesakeKernel<Inputs, Attrs, unknown> = {
  name: "Softmax",
  op: "softmax",
  check({ logits }, { dim }) {
    checkFloat32(this.op, "logits", logits);
    const { length } = logits.shape;
    if (dim !== length - 1) throw argumentError(this.op, "dim", `be the last axis, ${length - 1}`, String(dim));
  },
  plan(binary, { logits }): KernelPlan<"logits" | "out"> {
    const { shape } = logits;
    return {
      ...NOT_STREAMED,
      count: sizeOf(shape),
      chunkAlignment: alignmentOfRows(shape),
      minChunk: MIN_CHUNK,
      streamedInputs: { logits },
      streamedOutputs: { out: shape },
      tableBytes: binary.softmax_table_bytes(),
      prepare: ({ table }) => binary.softmax_prepare(table, shape.at(-1) ?? 1),
      passes: [parallelPass(binary, "softmax_apply", ["logits", "out"])],
    };
  },
  theirsTakes: () => true,
  theirsIsFaster({ logits: { shape } }, _, inThreads) {
    return isShort(shape) ? sizeOf(shape) <= MAX_THEIRS : !inThreads || sizeOf(shape) <= 2 * MIN_CHUNK;
  },
};
