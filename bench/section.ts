import type { BackendName } from "../runtimes/backends.js";
import type { ResultTable } from "./results.js";

/** How much is measured. */
export interface Care {
  quick: boolean;
  /** For the rounds of one case. */
  seconds: number;
  /** Of a case, at the least. */
  rounds: number;
  /** Activations; cases with more are left out. */
  largest: number;
}

/** What a section is run with. */
export interface Context extends Care {
  /** Says what is being measured now. */
  progress(step: string): void;
  /** The binary of kernels/multiplyAdd.ts. */
  compileMultiplyAdd(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A question, and how it is answered. The backend that was asked for is in use when it starts. */
export interface Section {
  name: string;
  question: string;
  /** The backends that it is about. Default: all. */
  backends?: readonly BackendName[];
  /** Whether it wants more than a page has. */
  inNodeOnly?: true;
  run(context: Context): Promise<ResultTable[]>;
}

/** What keeps a section from being run; undefined where nothing does. */
export function misfit({ name, backends, inNodeOnly }: Section, backend: BackendName, browser: boolean): string | undefined {
  if (backends && !backends.includes(backend)) return `section '${name}' is of backend '${backends.join("', '")}' only`;
  return inNodeOnly && browser ? `section '${name}' is of Node.js only` : undefined;
}
