import { argumentError } from "../arguments.js";
import { type Kernels, moduleFor, type Pointer } from "../binary/module.js";
import { isShared } from "../binary/sharedMemory.js";
import { type Sharing, share } from "./launch.js";
import { BLOCK_BYTES, isThreadCount, THREAD_COUNT } from "./workerPool.js";

// Threads over the memories of others that are shared: those of TensorFlow.js's threaded build.

/** Of its own accord the library takes no more. */
const DEFAULT_MOST = 4;

let wanted: number | undefined;
const shared = new Map<WebAssembly.Memory, Sharing>();

/**
 * How many threads, with the caller's, work on a large tensor where the backend's memory is shared: with TensorFlow.js's threaded
 * build, in cross-origin isolated pages. They are started at the first large tensor; until they have, the caller's thread does all
 * the work. What is computed does not depend on their number.
 *
 * @param count default: as many as the machine has cores, but at most 4; 1 for none beside the caller's
 * @throws Error where count is not a positive integer up to 64
 */
export function setThreadCount(count: number): void {
  if (!isThreadCount(count)) throw argumentError("setThreadCount", "count", THREAD_COUNT, String(count));
  wanted = count;
  for (const memory of [...shared.keys()]) endThreads(memory);
}

/** What works over a memory; undefined where it is not shared. */
export function sharingOf(memory: WebAssembly.Memory, kernels: Kernels, malloc: (bytes: number) => Pointer): Sharing | undefined {
  if (!isShared(memory)) return undefined;
  const known = shared.get(memory);
  if (known?.kernels === kernels) return known;
  endThreads(memory);
  const cores = globalThis.navigator?.hardwareConcurrency ?? 1;
  const count = wanted ?? Math.min(cores, DEFAULT_MOST);
  const block = malloc(BLOCK_BYTES);
  if (block === 0) return undefined;
  const sharing = share(kernels, moduleFor(true), memory, block, count);
  shared.set(memory, sharing);
  return sharing;
}

/**
 * Ends the threads over a memory: before it is let go of, or when others shall take their place. Their block is not freed: a thread
 * that is about to end may still look at it.
 */
export function endThreads(memory: WebAssembly.Memory): void {
  shared.get(memory)?.threads.terminate();
  shared.delete(memory);
}
