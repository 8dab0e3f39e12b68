// How long a step takes on any number of threads, by what is known of it on one: no thread is started to find out.

/** A step on one thread, in milliseconds. */
export interface Recording {
  /** What only the caller's thread does: between the beginnings and ends of kernels and of runs. */
  serial: number[];
  /** The chunks of each run of the worker pool, in the order in which threads take them. */
  runs: number[][];
}

/** What it costs to have other threads, in milliseconds. */
export interface Costs {
  /** Until the caller's thread begins with its first chunk. */
  post: number;
  /** Until another thread does. */
  wake: number;
}

export const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** The time of a run: every thread takes the next chunk as soon as it is free. */
export function runTime(chunks: number[], threads: number, { post, wake }: Costs): number {
  if (threads === 1) return sum(chunks);
  const free = Array.from({ length: threads }, (_, thread) => (thread === 0 ? post : wake));
  let end = 0;
  for (const chunk of chunks) {
    const next = free.indexOf(Math.min(...free));
    free[next] = (free[next] as number) + chunk;
    end = Math.max(end, free[next] as number);
  }
  return end;
}

/** The time of a step. */
export const stepTime = ({ serial, runs }: Recording, threads: number, costs: Costs): number =>
  sum(serial) + sum(runs.map((chunks) => runTime(chunks, threads, costs)));

/** The same step without what has disturbed it: of several recordings the least of each time. */
export function fastest(recordings: Recording[]): Recording {
  const [first] = recordings as [Recording];
  const least = (of: (recording: Recording) => number | undefined) => Math.min(...recordings.map((one) => of(one) ?? Infinity));
  return {
    serial: first.serial.map((_, part) => least(({ serial }) => serial[part])),
    runs: first.runs.map((chunks, run) => chunks.map((_, chunk) => least(({ runs }) => runs[run]?.[chunk]))),
  };
}
