import Benchmark from "benchmark";

/** Makes what it makes and gives it back. */
export type Call = () => void | Promise<void>;

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
  const start = performance.now();
  const first = call();
  const defer = first instanceof Promise;
  await first;
  // So long that it would be one call to a cycle even if it were ten times as fast when warm.
  const slow = performance.now() - start > 10 * 1000 * CYCLE_SECONDS;
  const count = slow ? 1 : (await run(call, defer, { minTime: CYCLE_SECONDS })).count;
  return async () => {
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
 * @param rounds at the least
 */
export async function timeInRounds(calls: Record<string, Call>, seconds: number, rounds: number): Promise<Samples> {
  const contenders: { name: string; cycle: () => Promise<number>; samples: number[] }[] = [];
  for (const [name, call] of Object.entries(calls)) contenders.push({ name, cycle: await calibrate(call), samples: [] });
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < rounds || performance.now() < end; round++) {
    const first = round % contenders.length;
    for (const { cycle, samples } of [...contenders.slice(first), ...contenders.slice(0, first)]) samples.push(await cycle());
  }
  return Object.fromEntries(contenders.map(({ name, samples }) => [name, samples]));
}
