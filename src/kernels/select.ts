import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32, checkShape } from "../arguments.js";
import { CACHE_LINE, type KernelPlan, LIGHT, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { condition: TensorInfo; t: TensorInfo; e: TensorInfo };

/** Numbers up to which TensorFlow.js's kernel, which does nothing but its loop, is done before ours has begun. */
const MAX_THEIRS = 512;
/** Numbers that chunks start at multiples of. */
const ALIGNMENT = CACHE_LINE / 4;

/**
 * Output: t where the condition holds, else e. tf.where has all three broadcast before. A condition of rank 1 that chooses rows is
 * TensorFlow.js's.
 */
export const Select: NamesakeKernel<Inputs, unknown, number> = {
  name: "Select",
  op: "select",
  check({ condition, t, e }) {
    if (condition.dtype !== "bool") throw argumentError(this.op, "condition", "have dtype bool", condition.dtype);
    checkFloat32(this.op, "t", t);
    checkFloat32(this.op, "e", e);
    checkShape(this.op, "condition", condition, t.shape);
    checkShape(this.op, "e", e, t.shape);
    return sizeOf(t.shape);
  },
  plan(binary, { condition, t, e }, _, count): KernelPlan<"condition" | "t" | "e" | "out"> {
    return {
      ...NOT_STREAMED,
      inputs: { condition },
      streamedInputs: { t, e },
      streamedOutputs: { out: t.shape },
      count,
      chunkAlignment: ALIGNMENT,
      minWaking: LIGHT,
      passes: [parallelPass(binary, "select_apply", ["condition", "t", "e", "out"])],
    };
  },
  indices: ["condition"],
  integersAreTheirs: true,
  theirsTakes: () => true,
  theirsIsFaster: ({ t }) => sizeOf(t.shape) <= MAX_THEIRS,
};
