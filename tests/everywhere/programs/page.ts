import type { BackendInfo, BackendName } from "../../../runtimes/backends.js";
import { startPageBackend } from "../../../runtimes/pageBackend.js";
import { runSuite } from "../suite.js";

// In a page: puts the function that askInBrowser calls on globalThis. It runs the suite on a backend.

export interface Question {
  backend: BackendName;
  only: string;
  /** What is known of the device and the page is not told: WebKit calls every GPU "Apple GPU". */
  known?: Partial<BackendInfo>;
}

Object.assign(globalThis, {
  answer: async ({ backend, only, known }: Question) => runSuite({ ...(await startPageBackend(backend)), ...known }, only),
});
