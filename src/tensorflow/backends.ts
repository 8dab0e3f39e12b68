import { engine, env, getBackend, type KernelBackend, setBackend } from "@tensorflow/tfjs-core";
import { watchPolicy } from "../runtime/policy.js";

// How TensorFlow.js's engine initializes backends. `pendingBackendInit`, `registry`, `registryFactory` and `backendName` are not
// documented.

/** Milliseconds that a backend gets to start, if nothing else is said. */
export const DEFAULT_TIMEOUT = 60_000;

/** Milliseconds that it still gets after a page's policy has forbidden it something. */
const AFTER_REFUSAL = 1000;

/** Says that a backend did not start in its time. TensorFlow.js itself would wait forever. */
export class NotStarted extends Error {
  override name = "NotStarted";
}

/**
 * @param what is waited for
 * @param timeout milliseconds
 * @throws NotStarted, where the promise has not settled by then, or soon after a page's policy has forbidden a script or a worker
 */
async function inTime<T>(promise: Promise<T>, what: string, timeout: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopWatching = () => {};
  const tooLate = new Promise<never>((_, reject) => {
    const rejectAfter = (time: number, why: string) => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(new NotStarted(`${what} has not started${why}`)), time);
    };
    rejectAfter(timeout, ` in ${timeout / 1000} s`);
    stopWatching = watchPolicy((forbidden) => {
      stopWatching();
      rejectAfter(Math.min(timeout, AFTER_REFUSAL), `: ${forbidden}`);
    });
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    clearTimeout(timer);
    stopWatching();
  }
}

/**
 * Settles when an initialization that is under way has ended.
 *
 * @param timeout milliseconds after which it does so in any case, with a warning
 */
export async function pendingInitialization(timeout = DEFAULT_TIMEOUT): Promise<void> {
  const state = engine() as unknown as { pendingBackendInit?: Promise<boolean> | null };
  const pending = state.pendingBackendInit;
  if (!pending) return;
  try {
    await inTime(pending, `the backend that TensorFlow.js was starting ('${getBackend()}')`, timeout);
  } catch (error) {
    if (!(error instanceof NotStarted)) throw error;
    console.warn(`tfjs-uan: ${error.message}: it is not waited for any longer`);
    // Else tf.ready() would wait for it.
    if (state.pendingBackendInit === pending) state.pendingBackendInit = null;
  }
}

/** Makes the backend that was in use current again. Where there was none, TensorFlow.js chooses at the first operation, as before. */
export async function restoreBackend(before: string | undefined): Promise<void> {
  if (before) await setBackend(before);
  // A failed tf.setBackend leaves a name without a backend behind.
  else if (!engine().registry[getBackend()]) engine().backendName = before as unknown as string;
}

/**
 * tf.setBackend, but a failure is thrown, where TensorFlow.js logs it and returns false, and so is NotStarted, where it would wait forever.
 *
 * @param timeout milliseconds that it has
 */
export async function initializeBackend(name: string, timeout = DEFAULT_TIMEOUT): Promise<void> {
  const registration = engine().registryFactory[name];
  if (!registration) throw new Error(`there is no backend '${name}'`);
  const { factory } = registration;
  let failure: unknown = `the backend '${name}' could not be initialized`;
  const fail = (error: unknown) => {
    failure = error;
  };
  registration.factory = () => {
    try {
      const made = factory();
      if (!isPromise(made)) return made;
      const inItsTime = inTime(made, `'${name}'`, timeout);
      inItsTime.catch((error) => {
        fail(error);
        // One that comes too late is not used.
        if (error instanceof NotStarted) made.then((late) => late.dispose()).catch(() => {});
      });
      return inItsTime;
    } catch (error) {
      fail(error);
      throw error;
    }
  };
  try {
    if (!(await setBackend(name))) throw failure;
  } finally {
    registration.factory = factory;
  }
}

/** Whether TensorFlow.js starts threads with 'wasm': in cross-origin isolated pages. */
const THREADS = "WASM_HAS_MULTITHREAD_SUPPORT";

/**
 * initializeBackend("wasm"); where it does not start with TensorFlow.js's threads, which are workers from blobs, without them, and with a
 * warning.
 */
export async function initializeWasm(timeout?: number): Promise<void> {
  try {
    await initializeBackend("wasm", timeout);
  } catch (error) {
    if (!(error instanceof NotStarted) || !env().getFlags()[THREADS]) throw error;
    console.warn(`tfjs-uan: ${error.message}. It is started without threads`);
    env().set(THREADS, false);
    await initializeBackend("wasm", timeout);
  }
}

const isPromise = (made: KernelBackend | Promise<KernelBackend>): made is Promise<KernelBackend> =>
  typeof (made as Promise<KernelBackend>).then === "function";
