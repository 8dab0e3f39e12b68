import type { Result } from "./suite.js";

/** A runtime and a backend on which the suite runs. */
export interface Target {
  /** The name on the command line. */
  name: string;
  /** The runtime, for readers, … */
  runtime: string;
  /** … and how it differs from other targets with the same runtime and backend. */
  variant?: string | undefined;
  backend: string;
  /** What a result must have, so that it is of the right binary and device. */
  expected: Partial<Result>;
  /** Why the target cannot run on this machine; undefined if it can. */
  missing(): string | undefined;
  /** Whether it may be missing under CI, because .ci/run does not install what it needs, or not everywhere. */
  optional?: boolean;
  /** Whether only `npm run everywhere` runs it, because the tests would take too long. */
  apart?: boolean;
  /** @param only selects the cases whose names contain it; default: all */
  run(only?: string): Promise<Result>;
}

export const onBinary = (binary: string) => ({ binary, isMemoryShared: false, isOnGpu: false });
export const onThreads = (binary: string) => ({ binary, isMemoryShared: true, isOnGpu: false });
export const ON_GPU = { isOnGpu: true };
export const WITHOUT_SIMD_TITLE = "without SIMD";

/** Only `npm run everywhere` runs the target. */
export const apart = (target: Target): Target => ({ ...target, optional: true, apart: true });

/** V8 can run without SIMD only on x64. */
export const withoutSimd = (target: Target): Target =>
  process.arch === "x64" ? target : { ...target, optional: true, missing: () => `${process.arch} always has SIMD` };
