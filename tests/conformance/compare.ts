import type { Outcome, Results } from "./outcome.js";

type Outcomes = Results["outcomes"];

export interface Broken {
  test: string;
  message: string;
}

export interface Comparison {
  /** Counts of tests that are not flaky: all, those that pass without the library, and those that pass with it. */
  tests: number;
  without: number;
  with: number;
  /** Tests that pass only with the library. */
  newlyPassing: string[];
  /** Tests that pass only without the library. */
  broken: Broken[];
  /** Tests on which two runs without the library disagree. */
  flaky: string[];
}

/** @param without two runs without the library */
export function compare([first, second]: [Outcomes, Outcomes], withLibrary: Outcomes): Comparison {
  const names = [...new Set([first, second, withLibrary].flatMap(Object.keys))];
  const flaky = new Set(names.filter((name) => first[name]?.status !== second[name]?.status));
  const steady = names.filter((name) => !flaky.has(name));
  const passes = (outcome?: Outcome) => outcome?.status === "passed";
  // A suite has an outcome only if it failed outside of its tests: one that has none without the library is broken, too.
  const isBroken = (name: string) => !passes(withLibrary[name]) && (passes(first[name]) || !first[name]);
  return {
    tests: steady.length,
    without: steady.filter((name) => passes(first[name])).length,
    with: steady.filter((name) => passes(withLibrary[name])).length,
    newlyPassing: steady.filter((name) => passes(withLibrary[name]) && !passes(first[name])),
    broken: steady.filter(isBroken).map((test) => ({ test, message: withLibrary[test]?.message ?? "it did not run" })),
    flaky: [...flaky],
  };
}

/** How the broken tests differ from the known ones, a line for each difference. */
export function differences(broken: Broken[], known: string[]): string[] {
  return [
    ...broken
      .filter(({ test }) => !known.includes(test))
      .map(({ test, message }) => `'${test}' passes only without the library: ${message.split("\n")[0]}`),
    ...known
      .filter((name) => !broken.some(({ test }) => test === name))
      .map((name) => `'${name}' is in known.ts, but the library does not break it: take it out`),
  ];
}
