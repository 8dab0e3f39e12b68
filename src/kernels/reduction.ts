import type { TensorInfo } from "@tensorflow/tfjs-core";
import { argumentError, checkFloat32 } from "../arguments.js";
import { MAXIMUM, MEAN, MINIMUM, PRODUCT, SUM } from "../constants.js";
import { type Addresses, CACHE_LINE, type KernelPlan, LIGHT, NOT_STREAMED, parallelPass, sizeOf } from "../launch/plan.js";
import type { NamesakeKernel } from "./declaration.js";

type Inputs = { x: TensorInfo };
/** All axes, where they are null or undefined. */
type Axes = number | number[] | null | undefined;
/** The axes' name is `reductionIndices` for Max, and `axis` for the others. */
interface Attrs {
  axis?: Axes;
  reductionIndices?: Axes;
  keepDims?: boolean;
}

interface View {
  /** x's sizes with neighbouring axes that are both reduced, or both kept, as one: reduced, kept, reduced and so on. */
  sizes: number[];
  shape: number[];
}

type Name = keyof typeof OPERATIONS;

const OPERATIONS = { Sum: SUM, Mean: MEAN, Prod: PRODUCT, Max: MAXIMUM, Min: MINIMUM };

/** That the binary's plan has room for. */
const MAX_SIZES = 7;

/** Results that have their accumulators at once, unless one position of the first kept axis has more. */
const MAX_ACCUMULATORS = 1024;
/** Columns that chunks of them start at multiples of. */
const COLUMNS = CACHE_LINE / 4;
/** Chunks that columns have to be enough for. */
const CHUNKS = 8;

/** Numbers up to which TensorFlow.js's kernel, which does nothing but its loop, is done before ours has begun. */
const MAX_THEIRS = 1024;
/** Numbers of each result up to which TensorFlow.js's loop over them takes less time. */
const MAX_SHORT: Record<Name, number> = { Sum: 24, Mean: 24, Prod: 24, Max: 0, Min: 0 };

/**
 * TensorFlow.js's kernel is fast where the last axes are reduced, so that it need not transpose, and numbers are few. It adds up at
 * most MAX_THEIRS numbers then, one after the other in float32: a sum is within 2^-14 of the sum of their absolute values.
 */
function theirsIsFaster(name: Name, { shape }: TensorInfo, axes: Axes): boolean {
  const size = sizeOf(shape);
  if (axes == null) return size > 0 && size <= MAX_THEIRS;
  const rank = shape.length;
  let reduced = 1;
  if (typeof axes === "number") {
    if (axes !== -1 && axes !== rank - 1) return false;
    reduced = shape[rank - 1] as number;
  } else {
    for (const one of axes) {
      const at = one < 0 ? one + rank : one;
      if (at < rank - axes.length) return false;
      reduced *= shape[at] as number;
    }
  }
  return size > 0 && (size <= MAX_THEIRS || (reduced > 1 && reduced <= MAX_SHORT[name]));
}

function viewOf(op: string, { shape }: TensorInfo, axes: Axes, keepDims: boolean | undefined): View {
  const rank = shape.length;
  // Bit i is set where axis i is reduced.
  let reduced = 0;
  if (axes == null) reduced = 2 ** rank - 1;
  else {
    for (const one of typeof axes === "number" ? [axes] : axes) {
      const bit = 2 ** (one < 0 ? one + rank : one);
      if (!Number.isInteger(one) || one < -rank || one >= rank || reduced & bit) {
        throw argumentError(op, "axis", `have integers from ${-rank} to ${rank - 1}, each axis once`, `[${axes}]`);
      }
      reduced |= bit;
    }
  }
  const sizes = [1];
  const kept: number[] = [];
  for (let i = 0; i < rank; i++) {
    const size = shape[i] as number;
    const isKept = !(reduced & (1 << i));
    if (isKept) kept.push(size);
    else if (keepDims) kept.push(1);
    if (size === 1) continue;
    // Of an even number of sizes, the last is of a kept axis.
    if (isKept === (sizes.length % 2 === 0)) sizes[sizes.length - 1] = (sizes.at(-1) as number) * size;
    else sizes.push(size);
  }
  if (sizes.length === 1) sizes.push(1);
  if (sizes.length > MAX_SIZES) {
    throw argumentError(op, "x", `have at most ${MAX_SIZES} axes, kept and reduced by turns`, `shape [${shape}]`);
  }
  return { sizes, shape: kept };
}

function reduction(name: Name): NamesakeKernel<Inputs, Attrs, View> {
  const axesOf = ({ axis, reductionIndices }: Attrs) => (name === "Max" ? reductionIndices : axis);
  return {
    name,
    op: name.toLowerCase(),
    check({ x }, attrs) {
      checkFloat32(this.op, "x", x);
      return viewOf(this.op, x, axesOf(attrs), attrs.keepDims);
    },
    plan(binary, { x }, _, { sizes, shape }): KernelPlan<"x" | "out"> {
      const [reduced, kept] = sizes as [number, number];
      const results = sizeOf(shape);
      const count = sizeOf(x.shape);
      const columns = sizes.length === 2 ? COLUMNS : 1;
      // Positions of the first axis that is kept make chunks where they are many. Else those of the one before do, and what they
      // come to is merged. Of no numbers there is no chunk: the results are the accumulators as they begin.
      const isByKept = count > 0 && (results > MAX_ACCUMULATORS || kept >= CHUNKS * columns || kept >= reduced * columns);
      const each = results / kept;
      const accumulators = isByKept ? each * Math.min(kept, Math.max(Math.floor(MAX_ACCUMULATORS / each), 1)) : results;
      return {
        ...NOT_STREAMED,
        inputs: { x },
        outputs: { out: shape },
        count,
        chunkAlignment: Math.max(isByKept ? (count / kept) * columns : count / reduced || 1, 1),
        minWaking: LIGHT,
        tableBytes: binary.reduction_table_bytes(accumulators),
        prepare({ table }) {
          const [a, b, c = 1, d = 1, e = 1, f = 1, g = 1] = sizes as [number, number, ...number[]];
          binary.reduction_prepare(table, OPERATIONS[name], accumulators, sizes.length, a, b, c, d, e, f, g);
        },
        passes: isByKept
          ? [parallelPass(binary, "reduction_apply", ["x", "out"])]
          : [
              parallelPass(binary, "reduction_accumulate", ["x"], {
                merge: "reduction_merge",
                finalize: ({ table, out }: Addresses<"out">) => binary.reduction_finalize(table, out),
              }),
            ],
      };
    },
    integersAreTheirs: true,
    theirsTakes: () => true,
    theirsIsFaster: ({ x }, attrs, inThreads) =>
      (!inThreads || sizeOf(x.shape) <= MAX_THEIRS) && theirsIsFaster(name, x, axesOf(attrs)),
  };
}

/** Output: the reduction of x over axes, float32. */
export const Sum = reduction("Sum");
export const Mean = reduction("Mean");
export const Prod = reduction("Prod");
export const Max = reduction("Max");
export const Min = reduction("Min");
