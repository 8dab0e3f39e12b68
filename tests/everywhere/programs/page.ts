import type { BackendName } from "../../../runtimes/backends.js";
import { startPageBackend } from "../../../runtimes/pageBackend.js";
import { runSuite } from "../suite.js";

// In a page: puts a function that runs the suite on a backend on globalThis.

Object.assign(globalThis, {
  runOn: async (backend: BackendName, only: string) => runSuite(await startPageBackend(backend), only),
});
