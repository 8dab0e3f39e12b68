/** Milliseconds of one call, over all samples. */
export interface Timing {
  median: number;
  minimum: number;
  samples: number;
}

export function summarize(samples: number[]): Timing {
  const sorted = [...samples].sort((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] as number, minimum: sorted[0] as number, samples: sorted.length };
}

/**
 * Times several functions in turns, one call of each after the other, so that drift of the machine meets all alike.
 *
 * @param budget milliseconds, for all of them together
 */
export function timeInTurns<Name extends string>(functions: Record<Name, () => void>, budget: number): Record<Name, Timing> {
  const names = Object.keys(functions) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (const name of names) functions[name]();
  const end = performance.now() + budget;
  for (let round = 0; round < 5 || (performance.now() < end && round < 1000); round++) {
    for (const name of names) {
      // Once unmeasured: the caches are this function's own, not what the last one left.
      functions[name]();
      const start = performance.now();
      functions[name]();
      samples[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(names.map((name) => [name, summarize(samples[name])])) as Record<Name, Timing>;
}
