import type * as library from "../../src/index.js";

/**
 * A part of an op's contract, stated once for everything that computes the op. It needs no test framework: it also runs in browsers and
 * other runtimes.
 */
export interface Case<D extends Driver> {
  name: string;
  /** Whether it is one of those for every runtime, where GPUs in software take about a second for tensors of a new shape. */
  quick?: boolean;
  /** Throws if the contract is broken. */
  run: (driver: D) => Promise<void>;
}

/** What computes an op. */
export interface Driver {
  /** How many times as large as stated errors may be. It is not 1 only on real GPUs. */
  leeway: number;
}

/** The library on TensorFlow.js's current backend. */
export interface TensorDriver extends Driver {
  /** From src, or as built. */
  library: Pick<
    typeof library,
    | "batchNormalization"
    | "groupNormalization"
    | "instanceNormalization"
    | "layerNormalization"
    | "mixtureMoments"
    | "mixtureNormalization"
    | "mixtureResponsibilities"
    | "rmsNormalization"
    | "unsupervisedAdaptiveNormalization"
  >;
}

/** Throws unless a condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Throws unless a call throws an error whose message has a text in it. */
export function checkRefusal(call: () => unknown, text: string): void {
  let message: string | undefined;
  try {
    call();
  } catch (error) {
    message = (error as Error).message;
  }
  check(message?.includes(text) === true, `wanted an error that says "${text}", got ${message ?? "none"}`);
}

/** Throws unless numbers are the same to the last bit, except at an index. NaN equals NaN. */
export function checkSame(actual: ArrayLike<number>, expected: ArrayLike<number>, except = -1): void {
  check(actual.length === expected.length, `wanted ${expected.length} numbers, got ${actual.length}`);
  for (let i = 0; i < expected.length; i++) {
    check(i === except || Object.is(actual[i], expected[i]), `at ${i}: wanted ${expected[i]}, got ${actual[i]}`);
  }
}

/** Throws unless a condition holds for all numbers. */
export function checkAll(values: Float32Array, name: string, condition: (value: number) => boolean): void {
  const index = values.findIndex((value) => !condition(value));
  check(index === -1, `${name}[${index}]: got ${values[index]}`);
}

/** How a function of some numbers changes with each of them, by central differences. */
export function differencesOf(values: ArrayLike<number>, f: (values: Float64Array) => number): Float64Array {
  const whole = Float64Array.from(values);
  return whole.map((value, i) => (f(whole.with(i, value + 1e-5)) - f(whole.with(i, value - 1e-5))) / 2e-5);
}
