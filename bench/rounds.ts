import * as tf from "@tensorflow/tfjs-core";
import Benchmark from "benchmark";
import { setKernelReplacement } from "tfjs-uan";
import { isSynchronous } from "../runtimes/backends.js";

/** Makes what it makes and gives it back. */
export interface Call {
  (): void | Promise<void>;
  /** The library's kernels are in the place of the backend's while it is timed. Elsewhere in the bench they are not. */
  isReplaced?: true;
}

export const replaced = (call: () => void | Promise<void>): Call => Object.assign(() => call(), { isReplaced: true } as const);

/** Milliseconds of one call, round by round, by name. */
export type Samples = Record<string, number[]>;

/**
 * Seconds that a cycle of benchmark.js lasts. Against a loop by hand, in turns, 40 rounds: 0.1 to 0.5 % more for calls of 20 µs and
 * longer, 1 % for those of 7 to 9 µs, 2 to 3 % for those of 2 to 3 µs (the cycle's loop is compiled anew and starts cold). Cycles
 * of 3 ms: up to 5 %; of 30 ms: as of 10. Around a cycle benchmark.js spends 1 to 1.5 ms that are not in its time.
 */
const CYCLE_SECONDS = 0.01;
/** The same on backends that work on when a call has returned: to learn that they are done takes some milliseconds. */
const QUEUE_CYCLE_SECONDS = 0.1;

/** Makes a run one sample, and the sample one cycle. */
const ONE_CYCLE = { async: false, minSamples: 1, maxTime: -1 };
const SHORTEST = Number.MIN_VALUE;

const isQueued = () => !isSynchronous(tf.getBackend());
const cycleMilliseconds = () => 1000 * (isQueued() ? QUEUE_CYCLE_SECONDS : CYCLE_SECONDS);

/** Calls that take so many times as long as a cycle would be alone in one even if they were ten times as fast when warm. */
const SLOW_CYCLES = 10;

/** In a page benchmark.js has no clock finer than a millisecond; and it takes a call for done when it has returned. */
const isTimedByHand = () => typeof document !== "undefined" || isQueued();

/** Resolves once everything that was called is done: what is queued last is read. */
async function allDone(): Promise<void> {
  if (!isQueued()) return;
  const last = tf.tidy(() => tf.add(tf.scalar(1), tf.scalar(1)));
  await last.data();
  last.dispose();
}

/** Milliseconds of one of several calls in a row. */
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

/** A run of benchmark.js: for calls that return no promise it begins with one that is not timed. */
function run(call: Call, defer: boolean, options: Benchmark.Options): Promise<Benchmark> {
  return new Promise((resolve, reject) => {
    const fn = defer
      ? (deferred: Benchmark.Deferred) => (call() as Promise<void>).then(() => deferred.resolve(), reject)
      : (call as () => void);
    const benchmark = new Benchmark({ ...ONE_CYCLE, ...options, fn, defer });
    benchmark.on("complete", () => (benchmark.error ? reject(benchmark.error) : resolve(benchmark))).run();
  });
}

/** One cycle of a call, each time that it is called, in milliseconds per call. */
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
      // The caches are this one's own then, not what the last one left.
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
 * Times calls in turns, a cycle of each in every round, so that drift of the machine meets all alike.
 *
 * @param seconds for all rounds together
 * @param rounds at the least, where they take no longer than ten times the seconds
 */
export async function timeInRounds(calls: Record<string, Call>, seconds: number, rounds: number): Promise<Samples> {
  const contenders: { name: string; cycle: () => Promise<number>; samples: number[] }[] = [];
  for (const [name, call] of Object.entries(calls)) contenders.push({ name, cycle: await calibrate(call), samples: [] });
  const start = performance.now();
  const isTimeFor = (round: number) => performance.now() < start + seconds * (round < rounds ? 10_000 : 1000);
  for (let round = 0; round === 0 || isTimeFor(round); round++) {
    const first = round % contenders.length;
    for (const { cycle, samples } of [...contenders.slice(first), ...contenders.slice(0, first)]) samples.push(await cycle());
  }
  setKernelReplacement(false);
  return Object.fromEntries(contenders.map(({ name, samples }) => [name, samples]));
}
