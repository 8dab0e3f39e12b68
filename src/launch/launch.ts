import type { Pointer } from "../binary/interface.js";
import { type Addresses, type KernelPlan, type Pass, sizeOf } from "./plan.js";
import type { Runner } from "./runner.js";
import { MAX_CALLS } from "./workerPool.js";

// Runs a plan over a memory, whichever it is: TensorFlow.js's own, a copying one, or an engine's. A parallel pass is cut into chunks,
// which worker threads take where the memory is shared. Each chunk has a copy of the table; what it adds to the accumulators there is
// added to the plan's own in the end. The number of chunks depends on the plan alone, so that the same call gives the same numbers
// on any number of threads, and where there are none.

/** Activations in a chunk that is worth the while of a thread, and in all chunks that are worth waking threads for. */
const MIN_CHUNK = 16384;
const MIN_WAKING = 65536;
const ALIGNMENT = 64;

/** What a launch needs of the memory that it runs over. */
export interface Host<Output> {
  /** Runs chunks. Undefined where the memory may hold a part of the tensors at a time: there a pass is not cut. */
  runner: Runner | undefined;
  /** Takes memory for a plan and loads its inputs. */
  place(plan: KernelPlan, tableBytes: number): Placement<Output>;
}

/** A plan's place in a memory. */
export interface Placement<Output> {
  memory: WebAssembly.Memory;
  at: Addresses;
  /** How many positions of the streamed tensors the memory holds at once. */
  window: number;
  /**
   * Brings a window of these streamed tensors into the memory, where they are not there already: inputs, and outputs that an earlier
   * pass wrote.
   */
  load?(tensors: readonly string[], start: number, count: number): void;
  /** Takes a window of these streamed outputs out of the memory. */
  store?(tensors: readonly string[], start: number, count: number): void;
  outputs(): Output[];
  /** Gives back what `place` took. @param failed whether the outputs go, too */
  release(failed: boolean): void;
}

/** @returns the plan's outputs, in its order */
export function launch<Output>(plan: KernelPlan, { runner, place }: Host<Output>): Output[] {
  const chunks = runner ? chunkCount(plan, runner.isParallel) : 1;
  const stride = aligned(plan.tableBytes >>> 0) + aligned(plan.scratchBytes ?? 0);
  const before = chunks > 1 || plan.sharedBytes ? chunks * stride : (plan.tableBytes >>> 0) + (plan.scratchBytes ?? 0);
  const placement = place(plan, before + (plan.sharedBytes ?? 0));
  let failed = true;
  try {
    const { at, memory, window } = placement;
    at.shared = (at.table + before) as Pointer;
    if (plan.constants) new Uint32Array(memory.buffer, at.table, plan.constants.length).set(plan.constants);
    plan.prepare?.(at);
    for (const pass of plan.passes) {
      if (chunks > 1 && pass.parallel && runner && (runner.isParallel || pass.parallel.merge)) {
        runInChunks(plan, pass, pass.parallel, at, chunks, stride, runner);
      } else if (pass.chunk) {
        for (let start = 0; start < plan.count; start += window) {
          const count = Math.min(window, plan.count - start);
          placement.load?.(pass.tensors, start, count);
          pass.chunk(at, start, count);
          placement.store?.(pass.tensors, start, count);
        }
      }
      pass.finalize?.(at);
    }
    const outputs = placement.outputs();
    failed = false;
    return outputs;
  } finally {
    placement.release(failed);
  }
}

/**
 * How many chunks the parallel passes of a plan are cut into: a power of two, which as many threads share evenly.
 *
 * @param inParallel whether threads take them. Where none do, only sums are cut, so that they are the same as there. Default true.
 */
export function chunkCount(
  { count, chunkAlignment, tableBytes, minChunk = Math.max(MIN_CHUNK, (tableBytes >>> 0) / 4), passes }: KernelPlan,
  inParallel = true,
): number {
  if (!passes.some(({ parallel }) => parallel && (inParallel || parallel.merge))) return 1;
  const most = Math.min(count / minChunk, count / chunkAlignment, MAX_CALLS);
  return most < 2 ? 1 : 2 ** Math.floor(Math.log2(most));
}

const aligned = (bytes: number) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Runs one pass over tensors that are all in the memory, in chunks. */
function runInChunks(
  plan: KernelPlan,
  { tensors }: Pass,
  { name, merge }: NonNullable<Pass["parallel"]>,
  at: Addresses,
  chunks: number,
  stride: number,
  runner: Runner,
): void {
  const { count, chunkAlignment, minChunk, streamedInputs, streamedOutputs, tableBytes } = plan;
  const { minWaking = minChunk === undefined ? MIN_WAKING : 0 } = plan;
  const { table } = at;
  const bytes = new Uint8Array(runner.memory.buffer);
  const streams = tensors.map((tensor) => {
    const shape = streamedOutputs[tensor] ?? streamedInputs[tensor]?.shape;
    // Every chunk has the whole of a tensor that is not streamed.
    return { from: at[tensor] as Pointer, step: shape ? (4 * sizeOf(shape)) / count : 0 };
  });
  const chunk = Math.ceil(count / chunkAlignment / chunks) * chunkAlignment;
  const calls: number[][] = [];
  for (let start = 0; start < count; start += chunk) {
    const copy = table + calls.length * stride;
    if (copy !== table) bytes.copyWithin(copy, table, table + (tableBytes >>> 0));
    calls.push([copy, ...streams.map(({ from, step }) => from + start * step), start, Math.min(chunk, count - start)]);
  }
  runner.run(name, calls, count >= minWaking);
  if (!merge) return;
  for (const [copy] of calls.slice(1)) runner.functions[merge]?.(table, copy as Pointer);
}
