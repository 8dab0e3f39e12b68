import * as tf from "@tensorflow/tfjs-core";
import Benchmark from "benchmark";
import { setKernelReplacement } from "tfjs-uan";
import { isSynchronous } from "../runtimes/backends.js";

/** A call to time. It frees everything that it allocates. */
export interface Call {
  (): void | Promise<void>;
  /** Whether the library's kernels replace the backend's while it is timed. Everywhere else in the bench they do not. */
  isReplaced?: true;
}

export const replaced = (call: () => void | Promise<void>): Call => Object.assign(() => call(), { isReplaced: true } as const);

/** Milliseconds of one call, round by round, by name. */
export type Samples = Record<string, number[]>;

/**
 * The duration of a cycle of benchmark.js in seconds. Compared with a loop by hand, over 40 rounds, it measures 0.1 to 0.5 % more for
 * calls of at least 20 µs, 1 % more for 7 to 9 µs, and 2 to 3 % more for 2 to 3 µs, because each cycle compiles its loop again.
 * Cycles of 3 ms measure up to 5 % more, and cycles of 30 ms the same as those of 10 ms. benchmark.js spends another 1 to 1.5 ms
 * around each cycle, which are not in its time.
 */
const CYCLE_SECONDS = 0.01;
/** The same on backends that queue their work, where waiting for the end takes some milliseconds. */
const QUEUE_CYCLE_SECONDS = 0.1;

/** Options with which a run is one sample of one cycle. */
const ONE_CYCLE = { async: false, minSamples: 1, maxTime: -1 };
const SHORTEST = Number.MIN_VALUE;

const isQueued = () => !isSynchronous(tf.getBackend());
const cycleMilliseconds = () => 1000 * (isQueued() ? QUEUE_CYCLE_SECONDS : CYCLE_SECONDS);

/** A call whose first run takes so many cycles is timed once. A cycle would hold only one, even if it were ten times as fast when warm. */
const SLOW_CYCLES = 10;

/** In a page, the clock of benchmark.js has a resolution of only 1 ms. And benchmark.js does not wait for queued work. */
const isTimedByHand = () => typeof document !== "undefined" || isQueued();

/** Resolves when all calls are complete: it reads the result of an operation that is queued last. */
async function allDone(): Promise<void> {
  if (!isQueued()) return;
  const last = tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(1)));
  await last.data();
  last.dispose();
}

/** The mean time of several calls in a row, in milliseconds. */
async function timeByHand(call: Call, count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) {
    const result = call();
    if (result) await result;
  }
  await allDone();
  return (performance.now() - start) / count;
}

/** How many calls fill a cycle. */
async function countByHand(call: Call): Promise<number> {
  const wanted = cycleMilliseconds();
  let count = 1;
  for (;;) {
    const took = count * (await timeByHand(call, count));
    if (took >= wanted) return count;
    count = Math.ceil(count * Math.min(10, (1.2 * wanted) / took));
  }
}

/** A run of benchmark.js. If calls return no promise, it begins with a call that is not timed. */
function run(call: Call, defer: boolean, options: Benchmark.Options): Promise<Benchmark> {
  return new Promise((resolve, reject) => {
    const fn = defer
      ? (deferred: Benchmark.Deferred) => (call() as Promise<void>).then(() => deferred.resolve(), reject)
      : (call as () => void);
    const benchmark = new Benchmark({ ...ONE_CYCLE, ...options, fn, defer });
    benchmark.on("complete", () => (benchmark.error ? reject(benchmark.error) : resolve(benchmark))).run();
  });
}

/** @returns a function that runs one cycle, and returns the time of one call in milliseconds */
async function calibrate(call: Call): Promise<() => Promise<number>> {
  const replace = () => setKernelReplacement(call.isReplaced ?? false);
  replace();
  const start = performance.now();
  const first = call();
  const defer = first instanceof Promise;
  await first;
  await allDone();
  if (performance.now() - start > SLOW_CYCLES * cycleMilliseconds()) {
    return () => {
      replace();
      return timeByHand(call, 1);
    };
  }
  if (isTimedByHand()) {
    const count = await countByHand(call);
    return async () => {
      replace();
      // Fills the caches, which the last contender has used.
      await timeByHand(call, 1);
      return timeByHand(call, count);
    };
  }
  const { count } = await run(call, defer, { minTime: CYCLE_SECONDS });
  return async () => {
    replace();
    if (defer) await call();
    const { times } = await run(call, defer, { initCount: count, minTime: SHORTEST });
    return times.period * 1000;
  };
}

/**
 * Runs cycles in turns, one of each contender in every round, so that changes in the machine's speed affect all of them.
 *
 * @param cycles functions that return the time of one call in milliseconds, by contender
 * @param seconds the time for all rounds
 * @param rounds the least number of rounds, unless they take more than ten times `seconds`
 */
export async function inRounds(cycles: Record<string, () => Promise<number>>, seconds: number, rounds: number): Promise<Samples> {
  const contenders = Object.entries(cycles).map(([name, cycle]) => ({ name, cycle, samples: [] as number[] }));
  const start = performance.now();
  const isTimeFor = (round: number) => performance.now() < start + seconds * (round < rounds ? 10_000 : 1000);
  for (let round = 0; round === 0 || isTimeFor(round); round++) {
    const first = round % contenders.length;
    for (const { cycle, samples } of [...contenders.slice(first), ...contenders.slice(0, first)]) samples.push(await cycle());
  }
  return Object.fromEntries(contenders.map(({ name, samples }) => [name, samples]));
}

/** Times calls in turns. @see inRounds */
export async function timeInRounds(calls: Record<string, Call>, seconds: number, rounds: number): Promise<Samples> {
  const cycles: Record<string, () => Promise<number>> = {};
  for (const [name, call] of Object.entries(calls)) cycles[name] = await calibrate(call);
  try {
    return await inRounds(cycles, seconds, rounds);
  } finally {
    setKernelReplacement(false);
  }
}
