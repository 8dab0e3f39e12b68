import * as tf from "@tensorflow/tfjs-core";

/** What a kernel takes of a step. */
export interface KernelTimes {
  /** The number of its calls in a step. */
  calls: number;
  /** Milliseconds of all of its calls, step by step. */
  samples: number[];
}

export interface Profile {
  /** Milliseconds of steps. */
  steps: number[];
  /** Milliseconds of these outside of kernels. */
  outside: number[];
  kernels: Record<string, KernelTimes>;
}

/** Calls a function, and tells its time under a name. */
export type Timed = <T>(name: string, call: () => T) => T;

/**
 * Has every kernel of the backend tell its time, without that of what else is timed in it.
 *
 * @param timeMore has something else timed, too, and returns a function that takes this back
 * @returns a function that takes this back
 */
function tellTimes(hear: (name: string, milliseconds: number) => void, timeMore?: (timed: Timed) => () => void): () => void {
  const inner: number[] = [];
  const timed: Timed = (name, call) => {
    inner.push(0);
    const start = performance.now();
    try {
      return call();
    } finally {
      const took = performance.now() - start;
      hear(name, took - (inner.pop() as number));
      if (inner.length > 0) inner[inner.length - 1] = (inner.at(-1) as number) + took;
    }
  };
  const undo = tf.getKernelsForBackend(tf.getBackend()).map((config) => {
    const { kernelName, kernelFunc } = config;
    config.kernelFunc = (call) => timed(kernelName, () => kernelFunc(call));
    return () => {
      config.kernelFunc = kernelFunc;
    };
  });
  if (timeMore) undo.push(timeMore(timed));
  return () => {
    for (const restore of undo) restore();
  };
}

/**
 * Times the kernels of steps, on a backend that computes at once.
 *
 * @param timeMore as of tellTimes
 */
export async function profile(
  step: () => Promise<unknown>,
  steps: number,
  timeMore?: (timed: Timed) => () => void,
): Promise<Profile> {
  const found: Profile = { steps: [], outside: [], kernels: {} };
  let times = new Map<string, { calls: number; milliseconds: number }>();
  const restore = tellTimes((kernel, milliseconds) => {
    const before = times.get(kernel) ?? { calls: 0, milliseconds: 0 };
    times.set(kernel, { calls: before.calls + 1, milliseconds: before.milliseconds + milliseconds });
  }, timeMore);
  try {
    await step();
    for (let i = 0; i < steps; i++) {
      times = new Map();
      const start = performance.now();
      await step();
      const took = performance.now() - start;
      for (const [kernel, { calls }] of times) found.kernels[kernel] ??= { calls, samples: new Array(i).fill(0) };
      for (const [kernel, { samples }] of Object.entries(found.kernels)) samples.push(times.get(kernel)?.milliseconds ?? 0);
      const within = [...times.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0);
      found.steps.push(took);
      found.outside.push(took - within);
    }
  } finally {
    restore();
  }
  return found;
}
