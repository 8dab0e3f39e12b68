import type { Environment } from "../runtimes/environment.js";

// The results of a run. The bench writes a Report to its JSON file; tables and charts are made from it.

/** What is known of a run. */
export interface Run extends Omit<Environment, "backend"> {
  /** When the run ended, ISO 8601. */
  date: string;
  quick: boolean;
  /** Missing in old reports, which are all of 'wasm'. */
  backend?: Environment["backend"];
}

export interface Report extends Run {
  /** The version of this format. */
  version: 1;
  sections: SectionResult[];
}

export interface SectionResult {
  name: string;
  /** The section's question, as a heading. */
  title: string;
  tables: ResultTable[];
  /** The run that it comes from, where that is not the report's. */
  run?: Run;
}

/** Contenders in cases: every row is one contender in one case. */
export interface ResultTable {
  /** Unique in its section. */
  title: string;
  /** Explains the table. */
  note?: string;
  /** What differs between cases, such as the shape of the activations. It is the heading of the case column and of the x axis. */
  axis: string;
  rows: Row[];
}

export interface CaseLabel {
  case: string;
  /** The case's position, if cases are on an axis of numbers. They are then drawn as lines, else as bars. */
  x?: number;
}

export interface Row extends CaseLabel {
  contender: string;
  timing?: Timing;
  /** A value other than a time of calls: bytes, milliseconds of one event, or a rate. */
  quantity?: { value: number; unit: "bytes" | "ms" | "GFLOP/s" };
  /** This row's time (or quantity) divided by another contender's in the same case. */
  ratio?: Ratio;
  /** How many calls this row's time is of, where it is not one. */
  calls?: number;
  /** This row's time as a part of a whole one. */
  part?: number;
}

export interface Timing {
  /** Milliseconds of one call. */
  median: number;
  minimum: number;
  samples: number;
  /** Activations in a call: for the time per element. */
  elements?: number;
  /** The least number of bytes that a call must read and write: for a rate in GB/s. */
  bytes?: number;
  /** Milliseconds that processors spent on one call, all threads together: the median. */
  processor?: number;
}

export interface Ratio {
  to: string;
  /** Median and quartiles, over the rounds, of the quotient of two times in the same round. */
  median: number;
  low: number;
  high: number;
}
