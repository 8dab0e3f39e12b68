import { BackendError } from "../../runtimes/backends.js";
import { STEP_CONTENDERS, threadsName } from "../names.js";
import type { Row } from "../results.js";
import { inRounds, type Samples } from "../rounds.js";
import { median, timedRows } from "../rows.js";
import type { Context } from "../section.js";
import { type ContenderKey, caseName, type StepCase } from "./cases.js";
import { Process } from "./contenders.js";
import type { Profile } from "./profile.js";

/** A cycle of steps in milliseconds. */
const CYCLE = 100;
/** V8 takes so long until it has optimized a step. */
const WARM_UP = 1000;
/** The largest difference of two contenders' losses, as a part of these. */
const TOLERANCE = 1e-3;
/** Steps in which kernels are timed. */
const PROFILED = { seconds: 2, fewest: 3, most: 100 };

export interface Measured {
  rows: Row[];
  /** The library's step on its threads, and on one of them, where it has several. */
  scaling: Row[];
  /** Of each contender, by name. */
  profiles: Record<string, Profile>;
}

/** What is found out about contenders while they start. */
export interface Known {
  /** What computes, if the contender's name does not say it. */
  devices: Map<ContenderKey, string>;
  /** Why a contender cannot start here. */
  leftOut: Map<ContenderKey, string>;
}

export const nothingKnown = (): Known => ({ devices: new Map(), leftOut: new Map() });

async function startAll(of: StepCase, warmUp: number, threads: number, { devices, leftOut }: Known) {
  const processes: Process[] = [];
  const losses: number[][] = [];
  const contenders = Object.keys(STEP_CONTENDERS) as ContenderKey[];
  const wanted = contenders.map((contender) => ({ contender, threads: contender === "theirs" ? 1 : threads, isAlone: false }));
  if (threads > 1) wanted.push({ contender: "ours", threads: 1, isAlone: true });
  try {
    for (const { contender, ...how } of wanted) {
      if (leftOut.has(contender) || of.without?.includes(contender)) continue;
      const started = new Process(contender, how);
      try {
        const { losses: own, device } = await started.start(of, warmUp);
        losses.push(own);
        processes.push(started);
        if (device) devices.set(contender, device);
      } catch (error) {
        started.stop();
        if (contender !== "native" || !(error instanceof BackendError)) throw error;
        leftOut.set(contender, error.message);
      }
    }
    return { processes, losses };
  } catch (error) {
    for (const started of processes) started.stop();
    throw error;
  }
}

/** Throws unless the contenders have learned the same. */
export function checkLosses(of: StepCase, losses: Partial<Record<ContenderKey, number[]>>): void {
  const right = (Object.keys(losses) as ContenderKey[]).filter((contender) => !of.wrong?.includes(contender));
  const [first, ...others] = right as [ContenderKey, ...ContenderKey[]];
  for (const other of others) {
    for (const [step, loss] of (losses[other] as number[]).entries()) {
      const wanted = (losses[first] as number[])[step] as number;
      if (Math.abs(loss - wanted) <= TOLERANCE * Math.abs(wanted)) continue;
      const names = `'${STEP_CONTENDERS[first]}' and '${STEP_CONTENDERS[other]}'`;
      throw new Error(
        `${caseName(of)}: the losses of ${names} before step ${step + 1} must agree within ${TOLERANCE} of the first, got ${wanted} and ${loss}`,
      );
    }
  }
}

/** Trains a network for each contender, each in a process of its own, which train in turns. */
export async function measureStep(of: StepCase, context: Context, known: Known): Promise<Measured> {
  const { quick, seconds, rounds, threads = 1 } = context;
  const { processes, losses } = await startAll(of, quick ? 0 : WARM_UP, threads, known);
  try {
    const lossesOf = (some: Process[]) => Object.fromEntries(some.map((of) => [of.contender, losses[processes.indexOf(of)]]));
    const alone = processes.filter(({ isAlone }) => isAlone);
    const contenders = processes.filter(({ isAlone }) => !isAlone);
    checkLosses(of, lossesOf(contenders));
    // The library's on one thread takes the place of that on several.
    checkLosses(of, lossesOf(processes));
    const processor: Samples = {};
    const cycles = processes.map((running) => {
      const own: number[] = [];
      processor[running.name] = own;
      const cycle = async () => {
        const found = await running.time(quick ? 0 : CYCLE);
        own.push(found.processor);
        return found.milliseconds;
      };
      return [running.name, cycle] as const;
    });
    const samples = await inRounds(Object.fromEntries(cycles), seconds, rounds);
    const samplesOf = (some: Process[]) => some.map(({ name }) => [name, samples[name] as number[]] as const);
    const label = { case: caseName(of) };
    const rows = timedRows(label, Object.fromEntries(samplesOf(contenders)), STEP_CONTENDERS.ours, (name) => ({
      processor: median(processor[name] as number[]),
    }));
    const ours = processes.filter(({ contender }) => contender === "ours");
    const scaling = Object.fromEntries(ours.map(({ name, threads }) => [threadsName(threads), samples[name] as number[]]));
    const profiles: Measured["profiles"] = {};
    if (of.isProfiled) {
      for (const running of processes) {
        const each = median(samples[running.name] as number[]) / 1000;
        const steps = quick ? 1 : Math.ceil(Math.min(PROFILED.most, Math.max(PROFILED.fewest, PROFILED.seconds / each)));
        profiles[running.name] = await running.profile(steps);
      }
    }
    return { rows, scaling: alone.length > 0 ? timedRows(label, scaling, threadsName(1)) : [], profiles };
  } finally {
    for (const running of processes) running.stop();
  }
}
