/**
 * Threads for the 'wasm' backend in Node.js, Bun and Deno, where TensorFlow.js runs it on one.
 *
 * @module tfjs-uan/threads
 */
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import * as factory from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.js";
import "./index.js";
import { threadCountFor } from "./launch/workerPools.js";
import { messageOf } from "./runtime/packages.js";
import { shared, warnOnce } from "./shared.js";
import { initializeBackend } from "./tensorflow/backends.js";
import { initializedBackend, inTurn, registerTheirs } from "./tensorflow/registerMade.js";
import { changeThreads, startThreadedBackend, threadsOfBackend } from "./tensorflow/threadedBackend.js";

/** Options of {@link useThreadedBackend}. */
export interface ThreadedBackendConfig {
  /**
   * How many threads compute, with the caller's: an integer from 1 to 64. Default: as many as the process may use cores, at most 8. A
   * container's limit of CPU time counts (the quota of Linux's control groups), a part of a core does not. 1 gives the same kernels,
   * and the same numbers, on the caller's thread alone.
   */
  threads?: number;
}

/** What {@link useThreadedBackend} has set up. */
export interface ThreadedBackend {
  /** The threads that compute, with the caller's. 1 without asking for it: 'wasm' is TensorFlow.js's own, without threads. */
  threads: number;
}

const state = shared("threads", () => ({
  /** The backend that was initialized where threads did not start. */
  withoutThreads: undefined as object | undefined,
}));

/**
 * Makes 'wasm' the current backend, with threads, in Node.js from 20 on, Bun and Deno: TensorFlow.js's threaded binary, over whose
 * memory the threads of this library compute. Its kernels are split (matrix products, convolutions and their gradients, pools,
 * normalizations, sums, element by element), and the same numbers come out of any number of threads. Kernels of
 * TensorFlow.js's own run on the caller's thread. To be called before 'wasm' is first used; a later call changes the number of threads.
 *
 * The threads do not keep the process from ending. tf.removeBackend("wasm") ends them; a call after it makes the backend anew.
 *
 * Where there is one core to use, or threads cannot start, 'wasm' is TensorFlow.js's own, and a warning says so, once.
 *
 * @returns a promise of the threads having started
 * @throws Error where `threads` is not an integer from 1 to 64, or 'wasm' was initialized without this function: nothing is changed then
 */
export async function useThreadedBackend({ threads }: ThreadedBackendConfig = {}): Promise<ThreadedBackend> {
  const op = "useThreadedBackend";
  const count = threadCountFor(op, threads);
  return inTurn(async () => {
    if (threadsOfBackend() !== undefined) return { threads: await changeThreads(op, count) };
    const isWithout = state.withoutThreads !== undefined && state.withoutThreads === initializedBackend();
    if ((count > 1 || threads === 1) && !isWithout) {
      if (await startThreadedBackend(op, count, () => [wasm, factory])) return { threads: count };
    } else if (threads === undefined) {
      warnOnce(`${op}: there is one core to use here, so that 'wasm' runs on one thread`);
    }
    registerTheirs();
    try {
      await initializeBackend("wasm");
    } catch (error) {
      throw new Error(`${op}: 'wasm' does not start here: ${messageOf(error)}`, { cause: error });
    }
    if (count > 1) state.withoutThreads = initializedBackend();
    return { threads: 1 };
  });
}
