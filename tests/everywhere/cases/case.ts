import type { Driver } from "../../contracts/case.js";

/** A check that must pass on every backend in every runtime. It needs only TensorFlow.js and the built library. */
export interface Case {
  name: string;
  /** Throws if a value is wrong. */
  run(context: Context): Promise<void>;
}

export interface Context extends Driver {
  backend: string;
  tolerance: Tolerance;
}

/** The largest errors allowed. */
export interface Tolerance {
  /** Relative to 1 + |y|. */
  value: number;
  /** Relative to the largest entry of a gradient. */
  gradient: number;
}
