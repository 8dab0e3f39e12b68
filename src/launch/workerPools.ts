import { argumentError } from "../arguments.js";
import type { BinaryExports, Pointer } from "../binary/interface.js";
import { bindBinary, moduleFor } from "../binary/module.js";
import { isShared } from "../binary/sharedMemory.js";
import type { WasmMemory } from "../binary/webAssembly.js";
import { usableCores } from "../runtime/cores.js";
import { shared } from "../shared.js";
import { isThreadCount, MAILBOX_BYTES, THREAD_COUNT, WorkerPool } from "./workerPool.js";

// Worker pools over memories that are not the library's own: those of TensorFlow.js's threaded build.

/** No more threads are taken in Node.js by default: beyond, a step waits for its serial part. */
const MAX_CORES = 8;
/** In a page the library takes no more threads unless it is told to. */
const DEFAULT_MAX_THREADS = 4;

const state = shared("worker pools", () => ({
  /** By setThreadCount. */
  wanted: undefined as number | undefined,
  pools: new Map<WasmMemory, WorkerPool>(),
  /** How many threads a memory is to have where setThreadCount says nothing. */
  counts: new WeakMap<WasmMemory, number>(),
}));

/**
 * Sets how many threads, with the caller's, work on a large tensor where the backend's memory is shared: with TensorFlow.js's
 * threaded build, in cross-origin isolated pages, and after `useThreadedBackend`. The first large tensor starts them; until they have
 * started, the caller's thread does all the work, and so where they cannot start, as a warning says then. The results do not depend on
 * their number.
 *
 * @param count default: as many as the machine has cores, but at most 4; 1 for the caller's alone
 * @throws Error where count is not a positive integer up to 64
 */
export function setThreadCount(count: number): void {
  if (!isThreadCount(count)) throw argumentError("setThreadCount", "count", THREAD_COUNT, String(count));
  state.wanted = count;
  for (const memory of [...state.pools.keys()]) endWorkerPool(memory);
}

/**
 * How many threads useThreadedBackend is to take.
 *
 * @param op names the caller in messages
 * @param threads default: as many as there are cores to use
 */
export function threadCountFor(op: string, threads: number | undefined): number {
  if (threads !== undefined && !isThreadCount(threads)) throw argumentError(op, "threads", THREAD_COUNT, String(threads));
  return threads ?? Math.min(usableCores(), MAX_CORES);
}

/** The threads over a memory; undefined where it is not shared. */
export function workerPoolOver(
  memory: WasmMemory,
  binary: BinaryExports,
  malloc: (bytes: number) => number,
): WorkerPool | undefined {
  if (!isShared(memory)) return undefined;
  const known = state.pools.get(memory);
  if (known?.functions === (binary as object)) return known;
  endWorkerPool(memory);
  const count = state.wanted ?? state.counts.get(memory) ?? Math.min(usableCores(), DEFAULT_MAX_THREADS);
  const mailbox = malloc(MAILBOX_BYTES) as Pointer;
  if (mailbox === 0) return undefined;
  const hasCores = state.counts.has(memory) && count <= usableCores();
  const pool = new WorkerPool(binary, moduleFor(true), memory, mailbox, count, hasCores);
  state.pools.set(memory, pool);
  return pool;
}

/**
 * Starts threads over a shared memory, in the place of those that are there.
 *
 * @param count how many, with the caller's; setThreadCount may change it later
 * @returns a promise of all having started
 * @throws Error where they do not; none is left then, and none is started later
 */
export async function startWorkerPool(memory: WasmMemory, malloc: (bytes: number) => number, count: number): Promise<void> {
  state.counts.set(memory, count);
  state.wanted = undefined;
  const before = state.pools.get(memory);
  if (before?.threadCount !== count || before.hasFailed) endWorkerPool(memory);
  let pool: WorkerPool | undefined;
  try {
    pool = workerPoolOver(memory, bindBinary(memory), malloc);
    if (!pool) throw new Error("the memory is not shared, or full");
    await pool.start();
  } catch (error) {
    if (state.pools.get(memory) === pool) endWorkerPool(memory);
    state.counts.set(memory, 1);
    throw error;
  }
}

/** How many threads, with the caller's, are to compute over a memory. */
export const threadCountOver = (memory: WasmMemory) => state.wanted ?? state.counts.get(memory) ?? 1;

/**
 * Whether a memory is there for the library's threads alone: what is not the library's has one thread. It does not depend on how many
 * there are, since numbers must not.
 */
export const hasOnlyOurThreads = (memory: WasmMemory | undefined) => memory !== undefined && state.counts.has(memory);

/**
 * Ends the threads over a memory: before it is let go of, or before other threads take their place. Their mailbox is not freed: a
 * thread that is about to end may still look at it.
 */
export function endWorkerPool(memory: WasmMemory): void {
  state.pools.get(memory)?.terminate();
  state.pools.delete(memory);
}
