import type { ExperimentName } from "../config.js";
import type { LineChart } from "./charts.js";

export interface Table {
  title: string;
  /** Sentences that explain the names in it. */
  note?: string;
  /** Rows of text. The first row is the heads. */
  rows: string[][];
  /** The number of columns with names, which stand before those with figures. Default 1. */
  names?: number;
}

export interface Verdict {
  /** The claim of the paper, or a question about the library's own options. */
  claim: string;
  /** What these runs say about it, in a sentence. */
  found: string;
  comparisons: number;
  /** What is better than what it is compared with, and what is worse or diverged. */
  won: string[];
  lost: string[];
  /** Whether it is a claim of the paper. */
  isPapers: boolean;
  /** Whether it answers the question that a default depends on. docs/evidence.md begins with it. */
  isQuestion?: boolean;
}

/** The results of an experiment. */
export interface Section {
  experiment: ExperimentName;
  title: string;
  /** Which networks were trained on which data. */
  setting: string;
  summary: Table;
  /** The same in short, for docs/evidence.md. */
  compact: Table[];
  /** The figures of the paper. */
  papers?: Table;
  /** The same in detail. */
  tables: Table[];
  verdicts: Verdict[];
  charts: LineChart[];
  /** Charts without a legend. The title explains their colors. */
  small?: { title: string; charts: LineChart[] };
}
