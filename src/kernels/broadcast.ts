import type { DataType, TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError } from "../arguments.js";
import { AND, EQUAL, FLOOR_DIV, GREATER, GREATER_EQUAL, MAXIMUM, MINIMUM, NOT_EQUAL, OR, XOR } from "../constants.js";
import { CACHE_LINE, type KernelPlan, LIGHT, NOT_STREAMED, parallelPass } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { a: TensorInfo; b: TensorInfo };

/** An axis, and the numbers from one to the next along it, 0 where they are repeated. */
interface Axis {
  size: number;
  a: number;
  b: number;
}
interface View {
  shape: number[];
  count: number;
  /** From the innermost on. Neighbours along which both are repeated alike are one. */
  axes: Axis[];
}

/** That the binary has room for. */
const MAX_AXES = 8;
/** Numbers that chunks of a row start at multiples of. A bool takes a byte. */
const ALIGNMENT = CACHE_LINE;

function viewOf(op: string, a: TensorInfo, b: TensorInfo): View {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape: number[] = Array(rank);
  const axes: Axis[] = [];
  let inner: Axis | undefined;
  let [stepOfA, stepOfB, count] = [1, 1, 1];
  for (let axis = rank - 1; axis >= 0; axis--) {
    const ofA = a.shape[axis - rank + a.shape.length] ?? 1;
    const ofB = b.shape[axis - rank + b.shape.length] ?? 1;
    if (ofA !== ofB && ofA !== 1 && ofB !== 1) {
      throw argumentError(op, "b", `have a shape that can be broadcast with that of a, [${a.shape}]`, `[${b.shape}]`);
    }
    const size = ofA === 1 ? ofB : ofA;
    shape[axis] = size;
    count *= size;
    if (size === 1) continue;
    const next = { size, a: ofA === 1 ? 0 : stepOfA, b: ofB === 1 ? 0 : stepOfB };
    stepOfA *= ofA;
    stepOfB *= ofB;
    if (inner && next.a === inner.a * inner.size && next.b === inner.b * inner.size) {
      inner.size *= size;
    } else {
      inner = next;
      axes.push(next);
    }
  }
  if (axes.length === 0) axes.push({ size: 1, a: 0, b: 0 });
  if (axes.length > MAX_AXES) throw argumentError(op, "a", `be repeated along at most ${MAX_AXES} axes`, `[${a.shape}]`);
  return { shape, count, axes };
}

interface Options {
  name: string;
  operation: number;
  /** Of the numbers of a and b. Default float32. */
  dtype?: "float32" | "bool";
  /** Of the results. Default: that of a and b. */
  outDtype?: "bool";
  /** Whether it is the operation of b and a. Default: of a and b. */
  swapped?: boolean;
}

function broadcast(options: Options): NamesakeKernel<Inputs, unknown, View> {
  const { name, operation, dtype = "float32", outDtype = dtype, swapped } = options;
  const check = (op: string, argument: string, tensor: { dtype: DataType }) => {
    if (tensor.dtype !== dtype) throw argumentError(op, argument, `have dtype ${dtype}`, tensor.dtype);
  };
  return {
    name,
    op: `${name[0]?.toLowerCase()}${name.slice(1)}`,
    check({ a, b }) {
      check(this.op, "a", a);
      check(this.op, "b", b);
      return swapped ? viewOf(this.op, b, a) : viewOf(this.op, a, b);
    },
    plan(binary, { a, b }, _, { shape, count, axes }): KernelPlan<"a" | "b" | "out"> {
      const words = [operation, 0, 0, axes.length];
      for (const axis of axes) words.push(axis.size, axis.a, axis.b);
      return {
        ...NOT_STREAMED,
        inputs: swapped ? { a: b, b: a } : { a, b },
        outputs: { out: shape },
        dtype: outDtype,
        count,
        chunkAlignment: axes.length === 1 ? ALIGNMENT : (axes[0] as Axis).size,
        minWaking: LIGHT,
        tableBytes: binary.broadcast_table_bytes(axes.length),
        scratchBytes: binary.broadcast_scratch_bytes(),
        constants: Uint32Array.from(words),
        passes: [parallelPass(binary, "broadcast_apply", ["a", "b", "out"])],
      };
    },
    ...(dtype === "bool" ? { indices: ["a", "b"] } : { integersAreTheirs: true }),
    theirsTakes: () => true,
  };
}

const comparison = (name: string, operation: number, swapped = false) =>
  broadcast({ name, operation, swapped, outDtype: "bool" });

/** Output: a function of each pair of numbers of a and b, which are broadcast. */
export const Equal = comparison("Equal", EQUAL);
export const FloorDiv = broadcast({ name: "FloorDiv", operation: FLOOR_DIV });
export const Greater = comparison("Greater", GREATER);
export const GreaterEqual = comparison("GreaterEqual", GREATER_EQUAL);
export const Less = comparison("Less", GREATER, true);
export const LessEqual = comparison("LessEqual", GREATER_EQUAL, true);
export const LogicalAnd = broadcast({ name: "LogicalAnd", operation: AND, dtype: "bool" });
export const LogicalOr = broadcast({ name: "LogicalOr", operation: OR, dtype: "bool" });
export const LogicalXor = broadcast({ name: "LogicalXor", operation: XOR, dtype: "bool" });
export const Maximum = broadcast({ name: "Maximum", operation: MAXIMUM });
export const Minimum = broadcast({ name: "Minimum", operation: MINIMUM });
export const NotEqual = comparison("NotEqual", NOT_EQUAL);
