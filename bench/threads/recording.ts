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

/** The arguments of a run, of which the third, whether it wakes threads that sleep, may be left out. */
type Arguments = [...Parameters<Run>, wakes?: boolean];

/** Runs steps whose chunks the caller's thread alone computes, as they are cut for several threads. */
export async function recordSteps(step: () => Promise<unknown>, steps: number): Promise<Recording[]> {
  let now: Recording = [];
  let last = 0;
  /** What was done since the last end was serial. */
  const endSerial = () => {
    const time = performance.now();
    now.push(time - last);
    last = time;
  };
  const around: Around = (_, call) => {
    endSerial();
    const result = call();
    endSerial();
    return result;
  };
  const record =
    (_: Run, pool: WorkerPool) =>
    (...[name, calls, wakes = true]: Arguments) => {
      endSerial();
      // Threads take the last first.
      now.push({ chunks: calls.toReversed().map((args) => timeOf(() => pool.functions[name]?.(...args))), wakes });
      last = performance.now();
    };
  const recordings: Recording[] = [];
  const restore = aroundKernels(around);
  try {
    await withRun(record, async () => {
      for (let i = 0; i < steps; i++) {
        now = [];
        last = performance.now();
        await step();
        endSerial();
        recordings.push(now);
      }
    });
  } finally {
    restore();
  }
  // What differs from the last step is of a first one, which makes tensors that others find.
  return recordings.filter(({ length }) => length === recordings.at(-1)?.length);
}

/** The name under which a profile has the time of runs. */
export const IN_CHUNKS = "in chunks";

/** Has a profile tell the time of runs apart from that of kernels. */
export const timeRuns = (around: Around) =>
  exchangeRun(
    (theirs) =>
      (...args) =>
        around(IN_CHUNKS, () => theirs(...args)),
  );

/** How long threads wait for another run before they sleep, in milliseconds: as in src/launch/workerPool.ts. */
const PATIENCE = 0.05;

/** Keeps the processor busy. */
function spin(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/**
 * Measures when threads begin with a run.
 *
 * @param call has runs of at least two chunks that are longer than a thread takes to wake, and may be computed again
 */
export async function measureCosts(call: () => void, times: number): Promise<Costs> {
  const alone: number[] = [];
  const after = (pause: number) => ({ pause, one: [] as number[], two: [] as number[] });
  const when = { awake: after(0), asleep: after(1) };
  const measure = (theirs: Run, pool: WorkerPool) => (name: string, calls: number[][]) => {
    for (const args of calls) pool.functions[name]?.(...args);
    const [first, second] = calls as [number[], number[]];
    // Its numbers are in the caches then, as they are when threads compute it.
    pool.functions[name]?.(...first);
    alone.push(timeOf(() => pool.functions[name]?.(...first)));
    for (const { pause, one, two } of Object.values(when)) {
      theirs(name, [first, second]);
      spin(pause);
      one.push(timeOf(() => theirs(name, [first])));
      spin(pause);
      two.push(timeOf(() => theirs(name, [first, second])));
    }
  };
  await withRun(measure, () => {
    for (let i = 0; i < times; i++) call();
  });
  // The fastest are of cores that had nothing else to do.
  const fast = (samples: number[]) => quantile(samples, 0.1);
  const later = (samples: number[]) => Math.max(fast(samples) - fast(alone), 0);
  const beginning = ({ one, two }: ReturnType<typeof after>) => ({ caller: later(one), other: later(two) });
  return { patience: PATIENCE, awake: beginning(when.awake), asleep: beginning(when.asleep) };
}
