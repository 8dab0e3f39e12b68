import type { TestOrSuite } from "jasmine-core";

export type Backend = "wasm" | "cpu";

/** What a process has to run. */
export interface Task {
  backend: Backend;
  /** Whether to import the library. */
  library: boolean;
  /** The tests to run, by name. Default: all. */
  only?: string[];
}

export interface Outcome {
  status: "passed" | "failed" | "pending";
  /** Why it failed. */
  message?: string;
}

export interface Results {
  /** How many kernels were registered for the backend. */
  kernelCount: number;
  /** By the name of a test. */
  outcomes: { [test: string]: Outcome };
}

/** Every test's name, by its id: the full name, numbered where several tests share it. */
export function testNames(suite: TestOrSuite): Map<string, string> {
  const names = new Map<string, string>();
  const counts = new Map<string, number>();
  const visit = (item: TestOrSuite) => {
    if (item.children) {
      item.children.forEach(visit);
      return;
    }
    const name = item.getFullName();
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    names.set(item.id, count === 1 ? name : `${name} (${count})`);
  };
  visit(suite);
  return names;
}
