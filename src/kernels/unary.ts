import type { TensorInfo } from "@tensorflow/tfjs-core";
import { checkFloat32 } from "../arguments.js";
import { ELU, ERF, EXP, EXPM1, LEAKY_RELU, LOG, RSQRT, SELU, SIGMOID, SOFTPLUS, SQRT, TANH } from "../constants.js";
import { CACHE_LINE, type KernelPlan, LIGHT, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { x: TensorInfo };
/** LeakyRelu has a slope; others may have no attributes. */
type Attrs = { alpha?: number } | undefined;

/** Numbers that chunks start at multiples of. */
const ALIGNMENT = CACHE_LINE / 4;
/** Numbers up to which threads that sleep are not woken. */
const SPLIT = 65536;

interface Options {
  name: string;
  operation: number;
  /** Numbers up to which a call is small. */
  small: number;
  /** As a plan's. Default: its default. */
  minWaking?: number;
  /** Whether TensorFlow.js's kernel takes less time on one thread. Default: it takes more. */
  isTheirs?: boolean;
}

function unary({ name, operation, small, minWaking, isTheirs }: Options): NamesakeKernel<Inputs, Attrs, number> {
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
        minWaking,
        tableBytes: binary.unary_table_bytes(),
        prepare: ({ table }) => binary.unary_prepare(table, operation, attrs?.alpha ?? 0),
        passes: [parallelPass(binary, "unary_apply", ["x", "y"])],
      };
    },
    integersAreTheirs: true,
    theirsTakes: () => true,
    theirsIsFaster: ({ x }, _, inThreads) => (isTheirs && !inThreads) || sizeOf(x.shape) <= small,
  };
}

/** Output: a function of each number of x, float32. */
export const Elu = unary({ name: "Elu", operation: ELU, small: SPLIT, isTheirs: true });
export const Erf = unary({ name: "Erf", operation: ERF, small: 64 });
export const Exp = unary({ name: "Exp", operation: EXP, small: 96 });
export const Expm1 = unary({ name: "Expm1", operation: EXPM1, small: 96 });
export const LeakyRelu = unary({ name: "LeakyRelu", operation: LEAKY_RELU, small: 1024, minWaking: LIGHT });
export const Log = unary({ name: "Log", operation: LOG, small: 192 });
export const Rsqrt = unary({ name: "Rsqrt", operation: RSQRT, small: 400, minWaking: LIGHT });
export const Selu = unary({ name: "Selu", operation: SELU, small: 160 });
export const Sigmoid = unary({ name: "Sigmoid", operation: SIGMOID, small: SPLIT, isTheirs: true });
export const Softplus = unary({ name: "Softplus", operation: SOFTPLUS, small: 64 });
export const Sqrt = unary({ name: "Sqrt", operation: SQRT, small: 640, minWaking: LIGHT });
export const Tanh = unary({ name: "Tanh", operation: TANH, small: 64 });
