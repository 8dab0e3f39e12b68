import type { Pointer } from "../binary/module.js";
import { type Addresses, type Job, type Split, sizeOf } from "./plan.js";
import { MOST_CALLS, Threads } from "./workerPool.js";

// A job's pass over a shared memory, split into pieces that threads take. Each piece has a copy of the job's table; what it adds to
// it is added to the job's own in the end. Into how many pieces is a matter of the job alone, not of who is there to take
// them: so the same call gives the same numbers on any number of threads.

/** Numbers in a piece, at the least: with fewer it costs more to wake a thread than it saves. */
const LEAST_PIECE = 16384;
const ALIGNMENT = 64;

/** A shared memory, and what works over it. */
export interface Sharing {
  memory: WebAssembly.Memory;
  /** The binary's functions over it. */
  kernels: object;
  threads: Threads;
}

/**
 * Starts threads over a shared memory.
 *
 * @param module the binary that kernels are of
 * @param block of BLOCK_BYTES in the memory, for the threads alone
 * @param count how many, with the caller's
 */
export function share(
  kernels: object,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  block: Pointer,
  count: number,
): Sharing {
  return { memory, kernels, threads: new Threads(kernels, module, memory, block, count - 1) };
}

/** How many pieces a job is split into. */
export function piecesOf({ count, period, tableBytes, passes }: Job): number {
  if (!passes.some(({ split }) => split)) return 1;
  // A copy of the table shall cost little beside the piece that it is for.
  const most = Math.min(count / LEAST_PIECE, count / period, (4 * count) / (tableBytes >>> 0), MOST_CALLS);
  return Math.max(Math.floor(most), 1);
}

const strideOf = (job: Job) => Math.ceil((job.tableBytes >>> 0) / ALIGNMENT) * ALIGNMENT;

/** Bytes for the job's table and, over a shared memory, the copies that pieces want after it. */
export function tableBytesOf(job: Job, sharing: Sharing | undefined): number {
  const pieces = sharing ? piecesOf(job) : 1;
  return pieces > 1 ? pieces * strideOf(job) : job.tableBytes >>> 0;
}

/**
 * Does a job whose tensors are all there whole.
 *
 * @param at with tableBytesOf at `table`
 * @param sharing where the memory is shared
 */
export function runJob(job: Job, at: Addresses<string>, sharing: Sharing | undefined): void {
  const pieces = sharing ? piecesOf(job) : 1;
  job.prepare(at);
  for (const { split, step, finish } of job.passes) {
    if (job.count > 0) {
      if (split && sharing && pieces > 1) runSplit(job, split, at, pieces, sharing);
      else step?.(at, 0, job.count);
    }
    finish?.(at);
  }
}

/** Makes one pass's step, in pieces. */
function runSplit(
  job: Job,
  { kernel, tensors, add }: Split,
  at: Addresses<string>,
  pieces: number,
  { memory, kernels, threads }: Sharing,
): void {
  const { count, period } = job;
  const table = at.table as Pointer;
  const stride = strideOf(job);
  const bytes = new Uint8Array(memory.buffer);
  const shapes: { [name: string]: number[] | undefined } = { ...job.along };
  for (const name in job.activations) shapes[name] = job.activations[name]?.shape;
  const places = tensors.map((name) => {
    const shape = shapes[name];
    // Of a tensor that does not go along, every piece has the whole.
    return { from: at[name] as Pointer, step: shape ? (4 * sizeOf(shape)) / count : 0 };
  });
  const piece = Math.ceil(count / period / pieces) * period;
  const calls: number[][] = [];
  for (let start = 0; start < count; start += piece) {
    const copy = table + calls.length * stride;
    if (copy !== table) bytes.copyWithin(copy, table, table + stride);
    calls.push([copy, ...places.map(({ from, step }) => from + start * step), start, Math.min(piece, count - start)]);
  }
  threads.run(kernel, calls);
  if (!add) return;
  const { [add]: addTo } = kernels as { [name: string]: (table: Pointer, other: Pointer) => void };
  for (const [copy] of calls.slice(1)) addTo?.(table, copy as Pointer);
}
