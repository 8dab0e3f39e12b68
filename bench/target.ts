import type { BackendName } from "../runtimes/backends.js";

/** What to run sections on. */
export interface Target {
  backend: BackendName;
  /** Whether it runs in Chromium. Else it runs in Node.js. */
  browser: boolean;
  /** Whether the page is cross-origin isolated, so that TensorFlow.js uses its threaded build. */
  isolated: boolean;
  /** The number of threads of 'wasm'. Default: 1 in Node.js; in an isolated page TensorFlow.js's choice, one for every two cores. */
  threads?: number;
}
