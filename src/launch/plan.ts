import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Pointer } from "../binary/interface.js";

type Tensors<Name extends string> = { [name in Name]?: TensorInfo | undefined };
type Shapes<Name extends string> = { [name in Name]?: number[] };

/** The addresses of a plan's table and tensors, by name, and of its shared bytes; 0 stands for an input that was not given. */
export type Addresses<Name extends string = string> = { table: Pointer } & { [name in Name]: Pointer };

/**
 * What one call of a kernel asks of a memory, and the functions of the binary that do the work there.
 *
 * Inputs and outputs lie in the memory whole. Streamed tensors may be there chunk by chunk: a memory that is smaller than they are
 * holds one chunk at a time, and worker threads take a chunk each. All tensors are float32; an input may be int32 or bool, and outputs
 * bool. The kernel's check has made sure of that, and of the shapes. A kernel's outputs are the streamed outputs, then the others, in this order.
 */
export interface KernelPlan<Name extends string = string> {
  inputs: Tensors<Name>;
  streamedInputs: Tensors<Name>;
  /** Shapes. A streamed tensor has the same whole number of float32 numbers for each of `count` positions. */
  streamedOutputs: Shapes<Name>;
  outputs: Shapes<Name>;
  /** Of all outputs, which are not streamed if it is bool, a byte each. Default float32. */
  dtype?: "float32" | "bool";
  /**
   * Streamed outputs that may take the place of a streamed input, which is lost then: by name, the input. Each number of an input is
   * read before that of the output is written. A memory that holds the tensors themselves lets them, if all these inputs are held by one
   * tensor each, and does not return them then. Default: none.
   */
  replacing?: { [output: string]: Name } | undefined;
  /** Positions along the streamed tensors: an activation each, or a row of them. */
  count: number;
  /** Chunks start at multiples of this. */
  chunkAlignment: number;
  /**
   * Positions in a chunk that is worth the while of a thread, and a copy of the table. Default: 16384, or of a large table as many as it has
   * numbers.
   */
  minChunk?: number;
  /** Positions of all chunks that are worth waking threads for, if these sleep. Default 65536, or 0 where there is a minChunk. */
  minWaking?: number;
  /**
   * Bytes of the table: the constants and the accumulators that the functions of the binary work with. Each chunk of a parallel
   * pass has a copy. Unsigned, 32 bits: the binary's answer may come with a sign.
   */
  tableBytes: number;
  /** Bytes behind the table for a pass to work in. They are never copied. Default 0. */
  scratchBytes?: number;
  /** Bytes that all chunks have together, at `shared`: what a pass leaves there for the next one. Default 0. */
  sharedBytes?: number;
  /** Words to write at the beginning of the table before `prepare`. */
  constants?: Uint32Array;
  /** Fills the table. */
  prepare?(at: Addresses<Name>): void;
  /** One after the other, each over all positions. */
  passes: Pass<Name>[];
}

/** Makes a plan. The binary answers how large the table is and how chunks are aligned. */
export type MakePlan<Binary, Name extends string = string> = (binary: Binary) => KernelPlan<Name>;

export interface Pass<Name extends string = string> {
  /**
   * The tensors that `chunk` is given, in the order of its arguments where `parallel` is there. A streamed output that an earlier pass
   * wrote may be among those that it reads. `shared` stands for the bytes that all chunks have together.
   */
  tensors: readonly Name[];
  /** Does the work for `count` positions from `start` on. */
  chunk?(at: Addresses<Name>, start: number, count: number): void;
  /** The function of the binary that `chunk` is, where worker threads may call it for several chunks at once. */
  parallel?: ParallelFunction;
  /** Does what is left after all chunks: turns accumulators into outputs, or into constants of the passes that follow. */
  finalize?(at: Addresses<Name>): void;
}

/** A function of the binary: (table, ...tensors, start, count). */
interface ParallelFunction {
  name: string;
  /** The function that adds the accumulators of another table to a table's: (table, other). Default: there are none. */
  merge?: string | undefined;
}

type Same<A, B> = [A, B] extends [B, A] ? true : false;
/** The names of a binary's functions that take just these parameters, in number and in kind. */
type FunctionOf<Binary, Parameters extends unknown[]> = {
  [name in keyof Binary]: Binary[name] extends (...args: infer Args) => void
    ? Same<Args, Parameters> extends true
      ? name
      : never
    : never;
}[keyof Binary] &
  string;
type ChunkParameters<Names extends readonly string[]> = [Pointer, ...{ [i in keyof Names]: Pointer }, number, number];

interface ParallelOptions<Binary, Name extends string> {
  merge?: FunctionOf<Binary, [Pointer, Pointer]>;
  finalize?(at: Addresses<Name>): void;
}

/** A pass whose chunks worker threads may take. */
export function parallelPass<Binary, Name extends string, const Names extends readonly string[]>(
  binary: Binary,
  name: FunctionOf<Binary, ChunkParameters<Names>>,
  tensors: Names,
  { merge, finalize }: ParallelOptions<Binary, Name> = {},
): Pass<Names[number] | Name> {
  const call = binary[name] as (table: Pointer, ...args: number[]) => void;
  return {
    tensors,
    chunk: (at, start, count) => call(at.table, ...tensors.map((tensor) => at[tensor as Names[number]]), start, count),
    parallel: { name, merge },
    finalize,
  };
}

/** A pass that goes through its chunks in order, on the caller's thread. */
export function serialPass<Name extends string>(
  tensors: ReadonlyArray<NoInfer<Name>>,
  chunk: NonNullable<Pass<Name>["chunk"]>,
  finalize?: Pass<Name>["finalize"],
): Pass<Name> {
  return { tensors, chunk, finalize };
}

/** A pass over whole tensors, in one call. */
export function wholePass<Name extends string>(run: (at: Addresses<Name>) => void): Pass<Name> {
  return { tensors: [], finalize: run };
}

/**
 * A plan's part where all tensors are whole. Like every part that is spread into a plan it has all properties of one: V8 takes half a
 * microsecond to add a property to a spread object, and next to nothing to replace one.
 */
export const NOT_STREAMED = {
  count: 0,
  chunkAlignment: 1,
  minChunk: undefined,
  minWaking: undefined,
  tableBytes: 0,
  scratchBytes: 0,
  sharedBytes: 0,
  constants: undefined,
  inputs: {},
  outputs: {},
  dtype: undefined,
  streamedInputs: {},
  streamedOutputs: {},
  replacing: undefined,
  prepare: undefined,
  passes: [],
} satisfies KernelPlan;

/** minWaking of a kernel that does little more with a number than read and write it, in a fifth of a nanosecond. */
export const LIGHT = 262144;

/** Bytes of a line of the cache. Chunks that start at multiples of it have each line to themselves: no two threads write to one. */
export const CACHE_LINE = 64;

/** How many numbers a shape holds, or some axes of it. */
export function sizeOf(shape: readonly number[], from = 0, to = shape.length): number {
  let size = 1;
  for (let axis = from; axis < to; axis++) size *= shape[axis] as number;
  return size;
}
