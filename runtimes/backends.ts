// The backends that programs run on. This module does not import TensorFlow.js, so that reading options is fast.

export const BACKENDS = ["wasm", "cpu", "webgl", "webgpu", "tensorflow"] as const;
export type BackendName = (typeof BACKENDS)[number];

/** A backend cannot start. The message says what is missing. */
export class BackendError extends Error {}

/** Whether the backend exists only in a page. */
export const isOfPages = (name: BackendName) => name === "webgl" || name === "webgpu";

/** Whether programs of the library compute there, on the device. */
export const hasPrograms = (name: string) => name === "webgl" || name === "webgpu";

/** Whether operations are complete when their call returns. Other backends may queue them. */
export const isSynchronous = (name: string) => name === "wasm" || name === "cpu";

/** What is known of a started backend. */
export interface BackendInfo {
  name: BackendName;
  /** Whether 'wasm' uses SIMD. Only for 'wasm'. */
  simd?: boolean;
  /** The number of threads of 'wasm'. Only for its threaded build. */
  threads?: number;
  /** The device or package that computes, if the backend's name does not say it. */
  device?: string;
  /** Whether the device is a GPU emulated in software. */
  software?: boolean;
}

/** Describes the backend in a part of a sentence. */
export function describeBackend({ name, simd, threads, device, software }: BackendInfo): string {
  const threading = threads === undefined ? "without threads" : `with ${threads} thread${threads === 1 ? "" : "s"}`;
  const build = simd === undefined ? "" : ` ${simd ? "with" : "without"} SIMD, ${threading}`;
  const on = device === undefined ? "" : ` on ${device}${software ? ", software" : ""}`;
  return `${name} backend${on}${build}`;
}
