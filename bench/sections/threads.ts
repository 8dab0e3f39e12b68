import * as tf from "@tensorflow/tfjs-core";
import { setKernelReplacement, setThreadCount } from "tfjs-uan";
import { useThreadedBackend } from "tfjs-uan/threads";
import { threadsName } from "../names.js";
import type { ResultTable, Row } from "../results.js";
import { inRounds } from "../rounds.js";
import { median, timedRows } from "../rows.js";
import type { Context, Section } from "../section.js";
import { caseName } from "../step/cases.js";
import { kernelTable } from "../step/kernelTable.js";
import { profile } from "../step/profile.js";
import { type Made, makeStep, OPERATIONS, STEPS } from "../threads/cases.js";
import { measureCosts, recordSteps, timeRuns } from "../threads/recording.js";
import { type Costs, fastest, type Recording, runsOf, serialTime, stepTime, sum } from "../threads/schedule.js";

/** Milliseconds of a cycle on one number of threads. */
const CYCLE = 60;
/** V8 takes so long until it has optimized a step. */
const WARM_UP = 1000;
/** Steps that are recorded, and that are profiled. */
const STEPS_RECORDED = 20;
const PREDICTED = [1, 2, 4, 8];
const ONE = threadsName(1);

/** The numbers of threads to measure: 1, 2, 4 … up to the largest. */
function countsUpTo(most: number): number[] {
  const powers = Array.from({ length: 7 }, (_, i) => 2 ** i).filter((count) => count < most);
  return [...powers, most];
}

const useThreads = async (count: number) =>
  count === 1 ? setThreadCount(1) : void (await useThreadedBackend({ threads: count }));

async function callFor(milliseconds: number, call: () => void | Promise<void>): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  do {
    const start = performance.now();
    await call();
    times.push(performance.now() - start);
  } while (performance.now() < end);
  return times;
}

/** The rows of a call on each number of threads, which take turns. */
async function rowsOf(name: string, call: () => void | Promise<void>, counts: number[], context: Context): Promise<Row[]> {
  const minima = new Map<string, number>();
  const cycle = (count: number) => async () => {
    await useThreads(count);
    await call();
    const times = await callFor(context.quick ? 0 : CYCLE, call);
    minima.set(threadsName(count), Math.min(...times, minima.get(threadsName(count)) ?? Infinity));
    return median(times);
  };
  const cycles = Object.fromEntries(counts.map((count) => [threadsName(count), cycle(count)]));
  const rows: Row[] = timedRows({ case: name }, await inRounds(cycles, context.seconds, context.rounds), ONE);
  for (const { contender, timing } of rows) if (timing) timing.minimum = minima.get(contender) as number;
  return rows;
}

/** What a step takes on several threads, by what its chunks take on one. */
function predict(name: string, recording: Recording, measured: Row[], costs: Costs): Row[] {
  const time = (count: number) => stepTime(recording, count, costs);
  const alone = time(1);
  const row = (contender: string, value: number): Row => ({ case: name, contender, quantity: { value, unit: "ms" } });
  const against = (to: number, from: Row): Row => {
    const ratio = (from.quantity?.value as number) / to;
    return { ...from, ratio: { to: ONE, median: ratio, low: ratio, high: ratio } };
  };
  const rates = PREDICTED.map((count) => against(alone, row(threadsName(count), time(count))));
  const [first, ...others] = measured.map(({ contender, timing }) => row(`${contender}, measured`, timing?.minimum as number));
  const runs = runsOf(recording);
  const serial = serialTime(recording);
  const rows: Row[] = [
    { ...row("serial", serial), calls: runs.length },
    { ...row("in chunks", alone - serial), calls: sum(runs.map(({ chunks }) => chunks.length)) },
  ].map((row) => ({ ...row, part: (row.quantity?.value as number) / alone }));
  const { quantity } = first as Row;
  return [...rows, ...rates, first as Row, ...others.map((other) => against(quantity?.value as number, other))];
}

async function costsHere(context: Context): Promise<Costs> {
  const x = tf.randomNormal([2 ** 21]);
  try {
    return await measureCosts(() => tf.tanh(x).dispose(), context.quick ? 3 : 200);
  } finally {
    x.dispose();
  }
}

const microseconds = (milliseconds: number) => `${(1000 * milliseconds).toFixed(1)} µs`;

const predictionNote = ({ patience, awake, asleep }: Costs) =>
  "Of the fastest calls, so without collecting garbage. Steps were recorded on one thread, cut as for several: serial is what is not in chunks, " +
  "with the number of runs of the worker pool, and then that of all their chunks. Times on 1, 2, 4, 8 threads are predicted: every thread " +
  `takes the next chunk as soon as it is free. The caller's begins after ${microseconds(asleep.caller)}, others after ${microseconds(asleep.other)}, ` +
  `and where the last run ended less than ${microseconds(patience)} ago after ${microseconds(awake.caller)} and ${microseconds(awake.other)} ` +
  "(measured on two threads). What cores share is not in it: memory, caches and clock.";

export const threads: Section = {
  name: "threads",
  question: "How much faster are several threads, and how much of a step is serial?",
  backends: ["wasm"],
  inNodeOnly: true,
  threads: "all",
  async run(context) {
    const counts = countsUpTo(context.threads ?? 2);
    setKernelReplacement(true);
    const times: Row[] = [];
    const predictions: Row[] = [];
    const serial: ResultTable[] = [];
    const measure = async ({ calls }: Made) => {
      const found: Row[] = [];
      for (const [name, call] of Object.entries(calls)) {
        context.progress(name);
        await useThreads(2);
        if (!context.quick) await callFor(WARM_UP, call);
        found.push(...(await rowsOf(name, call, counts, context)));
      }
      times.push(...found);
      return found;
    };
    try {
      const costs = await costsHere(context);
      for (const { size, make } of OPERATIONS) {
        if (size > context.largest) continue;
        const made = await make(context);
        await measure(made).finally(made.dispose);
      }
      for (const of of STEPS) {
        if (context.quick && !of.isQuick) continue;
        const name = caseName(of);
        const made = makeStep(of);
        try {
          const measured = await measure(made);
          const call = async () => made.calls[name]?.();
          await useThreads(2);
          const steps = context.quick ? 1 : STEPS_RECORDED;
          predictions.push(...predict(name, fastest(await recordSteps(call, steps)), measured, costs));
          const profiles = { [threadsName(2)]: await profile(call, steps, timeRuns) };
          serial.push(kernelTable(`kernels outside of chunks: ${name}`, profiles));
        } finally {
          made.dispose();
        }
      }
      return [
        { title: "operations and steps", axis: "call", note: "In turns in one process.", rows: times },
        { title: "prediction", axis: "step", note: predictionNote(costs), rows: predictions },
        ...serial,
      ];
    } finally {
      setKernelReplacement(false);
    }
  },
};
