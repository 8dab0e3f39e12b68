// The backends that programs run on, by name. Without TensorFlow.js: options are read before it is there.

export const BACKENDS = ["wasm", "cpu", "webgl", "webgpu", "tensorflow"] as const;
export type BackendName = (typeof BACKENDS)[number];

/** Says, in one line, what is missing for a backend. */
export class BackendError extends Error {}

/** Whether only a page has the backend. */
export const isOfPages = (name: BackendName) => name === "webgl" || name === "webgpu";

/** Whether what a call does is done when it returns. Elsewhere it may only have been put into a queue. */
export const isSynchronous = (name: string) => name === "wasm" || name === "cpu";

/** What a backend turned out to be when it started. */
export interface BackendInfo {
  name: BackendName;
  /** Of 'wasm', as the following. */
  simd?: boolean;
  /** Of its threaded build alone. */
  threads?: number;
  /** What does the work, where that is not said by the backend's name. */
  device?: string;
  /** Whether that is a GPU made of software. */
  software?: boolean;
}

/** The backend as a part of a sentence. */
export function describeBackend({ name, simd, threads, device, software }: BackendInfo): string {
  const threading = threads === undefined ? "without threads" : `with ${threads} thread${threads === 1 ? "" : "s"}`;
  const build = simd === undefined ? "" : ` ${simd ? "with" : "without"} SIMD, ${threading}`;
  const on = device === undefined ? "" : ` on ${device}${software ? ", software" : ""}`;
  return `${name} backend${on}${build}`;
}
