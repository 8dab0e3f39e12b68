import type { BackendName } from "../../../runtimes/backends.js";
import { startPageBackend } from "../../../runtimes/pageBackend.js";
import { runSuite } from "../suite.js";

// In a page: what runs the suite on a backend is left on globalThis.

Object.assign(globalThis, {
  runOn: async (backend: BackendName, only: string) => runSuite(await startPageBackend(backend), only),
});
