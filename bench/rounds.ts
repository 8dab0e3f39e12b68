import Benchmark from "benchmark";
import { setKernelReplacement } from "tfjs-uan";

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

/** Makes a run one sample, and the sample one cycle. */
const ONE_CYCLE = { async: false, minSamples: 1, maxTime: -1 };
const SHORTEST = Number.MIN_VALUE;

/** Calls that take longer would be alone in a cycle even if they were ten times as fast when warm: they are timed by hand. */
const SLOW_MILLISECONDS = 10 * 1000 * CYCLE_SECONDS;

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
  if (performance.now() - start > SLOW_MILLISECONDS) {
    return async () => {
      replace();
      const start = performance.now();
      await call();
      return performance.now() - start;
    };
  }
  const { count } = await run(call, defer, { minTime: CYCLE_SECONDS });
  return async () => {
    replace();
    // The caches are this one's own then, not what the last one left.
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
