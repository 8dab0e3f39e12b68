import type { ResultTable } from "./results.js";

/** What a section is run with. */
export interface Context {
  quick: boolean;
  /** For the rounds of one case. */
  seconds: number;
  /** Of a case, at the least. */
  rounds: number;
  /** Activations; cases with more are left out. */
  largest: number;
  /** Says what is being measured now. */
  progress(step: string): void;
}

/** A question, and how it is answered. Backend 'wasm' is in use when it starts. */
export interface Section {
  name: string;
  question: string;
  run(context: Context): Promise<ResultTable[]>;
}
