import type { BackendName } from "../../../runtimes/backends.js";
import { startNodeBackend } from "../../../runtimes/nodeBackend.js";
import { startBackend } from "../../../runtimes/startBackend.js";
import { runSuite } from "../suite.js";
import { RESULT } from "./result.js";

// In Node.js, Bun and Deno: runs the suite on a backend, and prints the result.

const [backend, only, standIn] = process.argv.slice(2) as [BackendName, string, string?];
if (standIn) await import("./standIn.js");
const info = await (standIn ? startBackend(backend) : startNodeBackend(backend));
console.log(RESULT + JSON.stringify(await runSuite(info, only)));
