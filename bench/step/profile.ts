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

/** Calls a function that has a name. */
export type Around = <T>(name: string, call: () => T) => T;

/** Puts something around every kernel of the backend. @returns a function that takes it away */
export function aroundKernels(around: Around): () => void {
  const undo = tf.getKernelsForBackend(tf.getBackend()).map((config) => {
    const { kernelName, kernelFunc } = config;
    config.kernelFunc = (call) => around(kernelName, () => kernelFunc(call));
    return () => {
      config.kernelFunc = kernelFunc;
    };
  });
  return () => {
    for (const restore of undo) restore();
  };
}

/** Makes a function that calls others, and tells their time without that of others that it calls in them. */
function timing(hear: (name: string, milliseconds: number) => void): Around {
  const inner: number[] = [];
  return (name, call) => {
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
}

/**
 * Times the kernels of steps, on a backend that computes at once.
 *
 * @param aroundMore puts the timing around something else, too, and returns a function that takes it away
 */
export async function profile(
  step: () => Promise<unknown>,
  steps: number,
  aroundMore: (around: Around) => () => void = () => () => {},
): Promise<Profile> {
  const found: Profile = { steps: [], outside: [], kernels: {} };
  let times = new Map<string, { calls: number; milliseconds: number }>();
  const around = timing((kernel, milliseconds) => {
    const before = times.get(kernel) ?? { calls: 0, milliseconds: 0 };
    times.set(kernel, { calls: before.calls + 1, milliseconds: before.milliseconds + milliseconds });
  });
  const undo = [aroundKernels(around), aroundMore(around)];
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
    for (const restore of undo) restore();
  }
  return found;
}
