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

/** Has every kernel of the backend tell its time, without that of kernels that it calls. @returns a function that takes this back */
function tellTimes(hear: (kernel: string, milliseconds: number) => void): () => void {
  const inner: number[] = [];
  const undo = tf.getKernelsForBackend(tf.getBackend()).map((config) => {
    const { kernelName, kernelFunc } = config;
    config.kernelFunc = (call) => {
      inner.push(0);
      const start = performance.now();
      try {
        return kernelFunc(call);
      } finally {
        const took = performance.now() - start;
        hear(kernelName, took - (inner.pop() as number));
        if (inner.length > 0) inner[inner.length - 1] = (inner.at(-1) as number) + took;
      }
    };
    return () => {
      config.kernelFunc = kernelFunc;
    };
  });
  return () => {
    for (const restore of undo) restore();
  };
}

/** Times the kernels of steps, on a backend that computes at once. */
export async function profile(step: () => Promise<unknown>, steps: number): Promise<Profile> {
  const found: Profile = { steps: [], outside: [], kernels: {} };
  let times = new Map<string, { calls: number; milliseconds: number }>();
  const restore = tellTimes((kernel, milliseconds) => {
    const before = times.get(kernel) ?? { calls: 0, milliseconds: 0 };
    times.set(kernel, { calls: before.calls + 1, milliseconds: before.milliseconds + milliseconds });
  });
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
