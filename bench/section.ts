import type { BackendName } from "../runtimes/backends.js";
import { threadsName } from "./names.js";
import type { ResultTable } from "./results.js";
import type { Target } from "./target.js";

/** How much is measured. */
export interface Care {
  quick: boolean;
  /** Time for all rounds of a case. */
  seconds: number;
  /** The least number of rounds of a case. */
  rounds: number;
  /** The largest number of activations. Cases with more are left out. */
  largest: number;
}

/** What a section needs to run. */
export interface Context extends Care {
  /** The threads of 'wasm' in Node.js. Default: 1. */
  threads?: number | undefined;
  /** Reports what is being measured. */
  progress(step: string): void;
  /** The binary of kernels/multiplyAdd.ts. */
  compileMultiplyAdd(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A question, and the measurements that answer it. They start on the backend of the command line. */
export interface Section {
  name: string;
  question: string;
  /** The backends that it supports. Default: all. */
  backends?: readonly BackendName[];
  /** Whether it needs Node.js. */
  inNodeOnly?: true;
  /** Which threads of 'wasm' it has in Node.js: none, or by default all cores. Default: as many as --threads says, or one. */
  threads?: "none" | "all";
  run(context: Context): Promise<ResultTable[]>;
}

/** What its results are called: so a report has room for the same section on one thread. */
export function nameOn(section: Section, { browser, threads = 1 }: Target): string {
  const isOnThreads = threads > 1 && !browser && section.threads === undefined;
  return isOnThreads ? `${section.name}, ${threadsName(threads)}` : section.name;
}

/** Why a section cannot run; undefined if it can. */
export function misfit(section: Section, { backend, browser, threads = 1 }: Target): string | undefined {
  const { name, backends, inNodeOnly } = section;
  if (backends && !backends.includes(backend)) return `section '${name}' runs only on backend '${backends.join("', '")}'`;
  if (inNodeOnly && browser) return `section '${name}' runs only in Node.js`;
  return section.threads === "none" && threads > 1 && !browser ? `section '${name}' takes no --threads` : undefined;
}
