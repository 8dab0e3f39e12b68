// How long a step takes on any number of threads, by what is known of it on one: no thread is started to find out.

/** A run of the worker pool, in milliseconds. */
export interface Run {
  /** In the order in which threads take them. */
  chunks: number[];
  /** Whether it wakes threads that sleep. */
  wakes: boolean;
}

/** A step on one thread, in order: milliseconds that only the caller's thread works, and runs. */
export type Recording = (number | Run)[];

/** When threads begin with a run, in milliseconds: the caller's, which tells the others, and another. */
export interface Beginning {
  caller: number;
  other: number;
}

export interface Costs {
  /** How long threads wait for another run before they sleep. */
  patience: number;
  awake: Beginning;
  asleep: Beginning;
}

export const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

export const runsOf = (recording: Recording): Run[] => recording.filter((part) => typeof part !== "number");

/** What only the caller's thread does. */
export const serialTime = (recording: Recording): number => sum(recording.filter((part) => typeof part === "number"));

/** The time of a run that several threads share: each takes the next chunk as soon as it is free. */
export function sharedTime(chunks: number[], threads: number, { caller, other }: Beginning): number {
  const free = Array.from({ length: threads }, (_, thread) => (thread === 0 ? caller : other));
  let end = 0;
  for (const chunk of chunks) {
    const next = free.indexOf(Math.min(...free));
    free[next] = (free[next] as number) + chunk;
    end = Math.max(end, free[next] as number);
  }
  return end;
}

/** The time of a step. */
export function stepTime(recording: Recording, threads: number, { patience, awake, asleep }: Costs): number {
  let time = 0;
  /** Since when there is nothing for the other threads. */
  let idleFrom = Number.NEGATIVE_INFINITY;
  for (const part of recording) {
    if (typeof part === "number") {
      time += part;
      continue;
    }
    const { chunks, wakes } = part;
    const areAwake = time - idleFrom < patience;
    if (threads === 1 || !(areAwake || wakes)) {
      time += sum(chunks);
    } else {
      time += sharedTime(chunks, threads, areAwake ? awake : asleep);
      idleFrom = time;
    }
  }
  return time;
}

/** The same step without what has disturbed it: of several recordings the least of each time. */
export function fastest(recordings: Recording[]): Recording {
  const [first] = recordings as [Recording];
  const least = (of: (recording: Recording) => number | undefined) => Math.min(...recordings.map((one) => of(one) ?? Infinity));
  return first.map((part, i) => {
    if (typeof part === "number") return least((recording) => recording[i] as number);
    return { ...part, chunks: part.chunks.map((_, chunk) => least((recording) => (recording[i] as Run).chunks[chunk])) };
  });
}
