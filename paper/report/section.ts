import type { ExperimentName } from "../config.js";
import type { LineChart } from "./charts.js";

export interface Table {
  title: string;
  /** What its names mean, as sentences. */
  note?: string;
  /** Of text, the first row its heads. */
  rows: string[][];
  /** Columns of names, before those of figures; 1 where it does not say. */
  names?: number;
}

export interface Verdict {
  /** What the paper says, or, of the library's own options, what is asked. */
  claim: string;
  /** What these runs say, in a sentence. */
  found: string;
  comparisons: number;
  /** What is better than what it is set beside, and what is worse or diverged. */
  won: string[];
  lost: string[];
  /** Whether the paper says something about it. */
  isPapers: boolean;
}

/** What the runs of an experiment come to. */
export interface Section {
  experiment: ExperimentName;
  title: string;
  /** What was trained on what. */
  setting: string;
  summary: Table;
  /** The same in short, for docs/evidence.md. */
  compact: Table;
  /** What the paper has of it. */
  papers?: Table;
  /** The same in detail. */
  tables: Table[];
  verdicts: Verdict[];
  charts: LineChart[];
  /** Charts without a legend, whose colors the title explains. */
  small?: { title: string; charts: LineChart[] };
}
