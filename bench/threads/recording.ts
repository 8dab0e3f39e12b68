import type { WorkerPool } from "../../src/launch/workerPool.js";
import { shared } from "../../src/shared.js";
import { median } from "../rows.js";
import type { Timed } from "../step/profile.js";
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
  let runs: number[][] = [];
  let inRuns = 0;
  const record = (_: Run, pool: WorkerPool) => (name: string, calls: number[][]) => {
    const start = performance.now();
    // Threads take the last first.
    runs.push(calls.toReversed().map((args) => timeOf(() => pool.functions[name]?.(...args))));
    inRuns += performance.now() - start;
  };
  return withRun(record, async () => {
    const recordings: Recording[] = [];
    for (let i = 0; i < steps; i++) {
      runs = [];
      inRuns = 0;
      const start = performance.now();
      await step();
      recordings.push({ serial: performance.now() - start - inRuns, runs });
    }
    return recordings;
  });
}

/** The name under which a profile has the time of runs. */
export const IN_CHUNKS = "in chunks";

/** Has a profile tell the time of runs apart from that of kernels. */
export const timeRuns = (timed: Timed) => exchangeRun((theirs) => (name, calls) => timed(IN_CHUNKS, () => theirs(name, calls)));

/**
 * Measures the costs of threads.
 *
 * @param call has runs of at least two chunks of some 40 µs, which may be computed again
 */
export async function measureCosts(call: () => void, times: number): Promise<Costs> {
  const post: number[] = [];
  const wake: number[] = [];
  const measure = (theirs: Run, pool: WorkerPool) => (name: string, calls: number[][]) => {
    for (const args of calls) pool.functions[name]?.(...args);
    const two = calls.slice(0, 2);
    const alone = two.map((args) => timeOf(() => pool.functions[name]?.(...args)));
    wake.push(timeOf(() => theirs(name, two)) - Math.max(...alone));
    post.push(timeOf(() => theirs(name, two.slice(0, 1))) - (alone[0] as number));
  };
  await withRun(measure, () => {
    for (let i = 0; i < times; i++) call();
  });
  return { post: Math.max(median(post), 0), wake: Math.max(median(wake), 0) };
}
