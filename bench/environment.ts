import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, cpus, release, totalmem, type } from "node:os";
import { version_core } from "@tensorflow/tfjs-core";
import type { Report } from "./results.js";
import type { Runner } from "./runner.js";

async function versionIn(manifest: string | URL): Promise<string> {
  return JSON.parse(await readFile(manifest, "utf8")).version;
}

/** What ran, and on what. */
export async function describeEnvironment({
  backend,
  binary,
  runtime,
}: Runner): Promise<Pick<Report, "machine" | "runtime" | "backend" | "versions">> {
  const processors = cpus();
  const { resolve } = createRequire(import.meta.url);
  const ofBackend = backend.name === "tensorflow" ? backend.device?.split(" ")[0] : `@tensorflow/tfjs-backend-${backend.name}`;
  return {
    machine: {
      cpu: processors[0]?.model.trim() ?? "unknown",
      cores: processors.length,
      memoryBytes: totalmem(),
      platform: `${type()} ${release()} ${arch()}`,
    },
    runtime,
    backend,
    versions: {
      "tfjs-uan": await versionIn(new URL("../package.json", import.meta.url)),
      ...(binary && { "tfjs-uan's binary": binary }),
      "@tensorflow/tfjs-core": version_core,
      ...(ofBackend && { [ofBackend]: await versionIn(resolve(`${ofBackend}/package.json`)) }),
    },
  };
}
