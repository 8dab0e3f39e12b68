import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32 } from "../arguments.js";
import { ERF, EXP, EXPM1, LEAKY_RELU, LOG, RSQRT, SELU, SOFTPLUS, SQRT, TANH } from "../constants.js";
import { CACHE_LINE, type KernelPlan, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { x: TensorInfo };
/** LeakyRelu has a slope; others may have no attributes. */
type Attrs = { alpha?: number } | undefined;

/** Numbers that chunks start at multiples of. */
const ALIGNMENT = CACHE_LINE / 4;

/** @param maxTheirs numbers up to which TensorFlow.js's kernel, which does nothing but its loop, is done before ours has begun */
function unary(name: string, operation: number, maxTheirs: number): NamesakeKernel<Inputs, Attrs, number> {
  return {
    name,
    op: `${name[0]?.toLowerCase()}${name.slice(1)}`,
    check({ x }) {
      checkFloat32(this.op, "x", x);
      return sizeOf(x.shape);
    },
    plan(binary, { x }, attrs, count): KernelPlan<"x" | "y"> {
      return {
        ...NOT_STREAMED,
        streamedInputs: { x },
        streamedOutputs: { y: x.shape },
        count,
        chunkAlignment: ALIGNMENT,
        tableBytes: binary.unary_table_bytes(),
        prepare: ({ table }) => binary.unary_prepare(table, operation, attrs?.alpha ?? 0),
        passes: [parallelPass(binary, "unary_apply", ["x", "y"])],
      };
    },
    integersAreTheirs: true,
    theirsTakes: () => true,
    theirsIsFaster: ({ x }) => sizeOf(x.shape) <= maxTheirs,
  };
}

/** Output: a function of each number of x, float32. */
export const Erf = unary("Erf", ERF, 64);
export const Exp = unary("Exp", EXP, 96);
export const Expm1 = unary("Expm1", EXPM1, 96);
export const LeakyRelu = unary("LeakyRelu", LEAKY_RELU, 1024);
export const Log = unary("Log", LOG, 192);
export const Rsqrt = unary("Rsqrt", RSQRT, 400);
export const Selu = unary("Selu", SELU, 160);
export const Softplus = unary("Softplus", SOFTPLUS, 64);
export const Sqrt = unary("Sqrt", SQRT, 640);
export const Tanh = unary("Tanh", TANH, 64);
