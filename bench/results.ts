import type { Environment } from "../runtimes/environment.js";

// What a run of the bench found. The JSON file that it writes is a Report; everything that is shown is made of one.

export interface Report extends Omit<Environment, "backend"> {
  /** Of this format. */
  version: 1;
  /** When the run ended, ISO 8601. */
  date: string;
  quick: boolean;
  /** Missing in reports of before there was a choice: 'wasm'. */
  backend?: Environment["backend"];
  sections: SectionResult[];
}

export interface SectionResult {
  name: string;
  /** The question that it answers, as a heading. */
  title: string;
  tables: ResultTable[];
}

/** Contenders in cases: every row is one contender in one case. */
export interface ResultTable {
  /** Unique in its section. */
  title: string;
  /** What is said beside it: what was compared with what, what a column means. */
  note?: string;
  /** What tells the cases apart: the shape of the activations, components, … The first word of the case column, and the x axis. */
  axis: string;
  rows: Row[];
}

export interface Row {
  case: string;
  /** Where cases lie on an axis of numbers, the case's place on it; they are drawn as lines then, else as bars. */
  x?: number;
  contender: string;
  timing?: Timing;
  /** What the row has beside a time: bytes, milliseconds of one event, a rate. */
  quantity?: { value: number; unit: "bytes" | "ms" | "GFLOP/s" };
  /** Of this row's time (or quantity) to another contender's in the same case. */
  ratio?: Ratio;
}

export interface Timing {
  /** Milliseconds of one call. */
  median: number;
  minimum: number;
  samples: number;
  /** What the time is divided by: activations in a call. */
  elements?: number;
  /** Bytes that a call must read and write at the least: for a rate in GB/s. */
  bytes?: number;
}

export interface Ratio {
  to: string;
  /** The median over rounds of the quotient of two neighbours, and the quartiles around it. */
  median: number;
  low: number;
  high: number;
}
