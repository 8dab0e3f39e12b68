import { readFile } from "node:fs/promises";
import { arch, cpus, release, totalmem, type } from "node:os";
import { version_wasm } from "@tensorflow/tfjs-backend-wasm";
import { version_core } from "@tensorflow/tfjs-core";
import { chosenWasmModule } from "tfjs-uan";
import type { Report } from "./results.js";

/** What ran, and on what. */
export async function describeEnvironment(): Promise<Pick<Report, "machine" | "runtime" | "versions">> {
  const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const processors = cpus();
  return {
    machine: {
      cpu: processors[0]?.model.trim() ?? "unknown",
      cores: processors.length,
      memoryBytes: totalmem(),
      platform: `${type()} ${release()} ${arch()}`,
    },
    runtime: { name: "Node.js", version: process.version },
    versions: {
      "tfjs-uan": JSON.parse(manifest).version,
      "tfjs-uan's binary": chosenWasmModule(),
      "@tensorflow/tfjs-core": version_core,
      "@tensorflow/tfjs-backend-wasm": version_wasm,
    },
  };
}
