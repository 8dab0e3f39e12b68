import type { WorkerPool } from "../../src/launch/workerPool.js";
import { shared } from "../../src/shared.js";
import { quantile } from "../rows.js";
import { type Around, aroundKernels } from "../step/profile.js";
import type { Costs, Recording } from "./schedule.js";

type Run = WorkerPool["run"];

/** The pool of the threaded backend, which the library's copies share. */
function poolHere(): WorkerPool {
  const { pools } = shared("worker pools", () => ({ pools: new Map<unknown, WorkerPool>() }));
  const pool = [...pools.values()][0];
  if (!pool) throw new Error("the threaded backend must have been started, got no worker pool");
  return pool;
}

/** Exchanges what the pool does, until `during` is done. */
async function withRun<T>(exchange: (theirs: Run, pool: WorkerPool) => Run, during: () => T | Promise<T>): Promise<T> {
  const pool = poolHere();
  const undo = exchangeRun(exchange, pool);
  try {
    return await during();
  } finally {
    undo();
  }
}

function exchangeRun(exchange: (theirs: Run, pool: WorkerPool) => Run, pool = poolHere()): () => void {
  const { run } = pool;
  pool.run = exchange(run.bind(pool), pool);
  return () => {
    pool.run = run;
  };
}

function timeOf(call: () => unknown): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}

/** Runs steps whose chunks the caller's thread alone computes, as they are cut for several threads. */
export async function recordSteps(step: () => Promise<unknown>, steps: number): Promise<Recording[]> {
  let now: Recording;
  let last = 0;
  /** What was done since the last end was serial. */
  const endSerial = () => {
    const time = performance.now();
    now.serial.push(time - last);
    last = time;
  };
  const around: Around = (_, call) => {
    endSerial();
    const result = call();
    endSerial();
    return result;
  };
  const record = (_: Run, pool: WorkerPool) => (name: string, calls: number[][]) => {
    endSerial();
    // Threads take the last first.
    now.runs.push(calls.toReversed().map((args) => timeOf(() => pool.functions[name]?.(...args))));
    last = performance.now();
  };
  const recordings: Recording[] = [];
  const restore = aroundKernels(around);
  try {
    await withRun(record, async () => {
      for (let i = 0; i < steps; i++) {
        now = { serial: [], runs: [] };
        last = performance.now();
        await step();
        endSerial();
        recordings.push(now);
      }
    });
  } finally {
    restore();
  }
  return recordings;
}

/** The name under which a profile has the time of runs. */
export const IN_CHUNKS = "in chunks";

/** Has a profile tell the time of runs apart from that of kernels. */
export const timeRuns = (around: Around) =>
  exchangeRun((theirs) => (name, calls) => around(IN_CHUNKS, () => theirs(name, calls)));

/**
 * Measures the costs of threads.
 *
 * @param call has runs of at least two chunks that are longer than a thread takes to wake, and may be computed again
 */
export async function measureCosts(call: () => void, times: number): Promise<Costs> {
  const [alone, one, two]: [number[], number[], number[]] = [[], [], []];
  const measure = (theirs: Run, pool: WorkerPool) => (name: string, calls: number[][]) => {
    for (const args of calls) pool.functions[name]?.(...args);
    const [first, second] = calls as [number[], number[]];
    alone.push(timeOf(() => pool.functions[name]?.(...first)));
    one.push(timeOf(() => theirs(name, [first])));
    two.push(timeOf(() => theirs(name, [first, second])));
  };
  await withRun(measure, () => {
    for (let i = 0; i < times; i++) call();
  });
  // The fastest are of cores that had nothing else to do.
  const fast = (samples: number[]) => quantile(samples, 0.1);
  return { post: Math.max(fast(one) - fast(alone), 0), wake: Math.max(fast(two) - fast(alone), 0) };
}
