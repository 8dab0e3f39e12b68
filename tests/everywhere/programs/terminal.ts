import type { BackendInfo, BackendName } from "../../../runtimes/backends.js";
import { startNodeBackend } from "../../../runtimes/nodeBackend.js";
import { startBackend } from "../../../runtimes/startBackend.js";
import { runSuite } from "../suite.js";
import { RESULT } from "./result.js";

// In Node.js, Bun and Deno: runs the suite on a backend, and prints the result.

const [backend, only, variant] = process.argv.slice(2) as [BackendName, string, ("stand-in" | "threads")?];

async function start(): Promise<BackendInfo> {
  if (variant === "threads") {
    const { useThreadedBackend } = await import("tfjs-uan/threads");
    return { name: "wasm", simd: true, ...(await useThreadedBackend({ threads: 2 })) };
  }
  if (variant !== "stand-in") return startNodeBackend(backend);
  await import("./standIn.js");
  return startBackend(backend);
}

console.log(RESULT + JSON.stringify(await runSuite(await start(), only)));
// Dawn would keep the process alive.
if (backend === "webgpu") process.exit();
