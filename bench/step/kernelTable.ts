import type { ResultTable, Row } from "../results.js";
import { median, timedRows } from "../rows.js";
import type { KernelTimes, Profile } from "./profile.js";

/** Kernels that take less than this part of every contender's step are in one row. */
const SMALLEST_PART = 0.02;

const OTHERS = "other kernels";
const OUTSIDE = "outside kernels";

const entriesOf = (profile: Profile) => Object.entries(profile.kernels);

/** The kernels together, step by step. */
function together(kernels: KernelTimes[], steps: number): KernelTimes {
  const samples = Array.from({ length: steps }, (_, i) => kernels.reduce((sum, kernel) => sum + (kernel.samples[i] ?? 0), 0));
  return { calls: kernels.reduce((sum, { calls }) => sum + calls, 0), samples };
}

/** A table of what the kernels take of each contender's step, those first that take the most. @param profiles by contender's name */
export function kernelTable(title: string, profiles: Record<string, Profile>): ResultTable {
  const contenders = Object.entries(profiles);
  const parts = new Map<string, number>();
  for (const [, profile] of contenders) {
    const step = median(profile.steps);
    for (const [kernel, { samples }] of entriesOf(profile)) {
      parts.set(kernel, Math.max(parts.get(kernel) ?? 0, median(samples) / step));
    }
  }
  const large = [...parts].filter(([, part]) => part >= SMALLEST_PART).sort(([, a], [, b]) => b - a);
  const shown = large.map(([kernel]) => kernel);

  const rowsOf = (name: string, timesOf: (profile: Profile) => KernelTimes | undefined): Row[] =>
    contenders.flatMap(([contender, profile]) => {
      const times = timesOf(profile);
      if (!times || times.samples.length === 0) return [];
      const rows = timedRows({ case: name }, { [contender]: times.samples }, contender);
      const part = median(times.samples) / median(profile.steps);
      return rows.map((row) => ({ ...row, part, ...(times.calls > 0 && { calls: times.calls }) }));
    });

  const rows = shown.flatMap((kernel) => rowsOf(kernel, (profile) => profile.kernels[kernel]));
  const small = (profile: Profile) => entriesOf(profile).filter(([kernel]) => !shown.includes(kernel));
  rows.push(
    ...rowsOf(OTHERS, (profile) =>
      together(
        small(profile).map(([, times]) => times),
        profile.steps.length,
      ),
    ),
    ...rowsOf(OUTSIDE, ({ outside }) => ({ calls: 0, samples: outside })),
  );
  return {
    title,
    axis: "kernel",
    note:
      "Milliseconds of all calls in a step, of a kernel itself without kernels that it calls. Outside kernels: JavaScript of TensorFlow.js " +
      "and the library (tape, optimizer, disposal), and the timing itself.",
    rows,
  };
}
