import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, release, totalmem, type } from "node:os";
import { version_core } from "@tensorflow/tfjs-core";
import type { BackendInfo } from "./backends.js";
import { describeProcessor, type Processor, processorText } from "./processor.js";
import { resolveTensorFlow } from "./tensorflowPackages.js";

/** The software that ran, and its machine. */
export interface Environment {
  machine: Processor & { memoryBytes: number; platform: string };
  runtime: { name: string; version: string };
  backend: Omit<BackendInfo, "name"> & { name: string };
  /** Versions of packages by name, and the binary of the library that ran. */
  versions: Record<string, string>;
}

/** What a program knows of its own environment. */
export interface Setup {
  backend: BackendInfo;
  /** The binary of the library, if one computes. */
  binary?: string | undefined;
  runtime: Environment["runtime"];
}

async function versionIn(manifest: string | URL): Promise<string> {
  return JSON.parse(await readFile(manifest, "utf8")).version;
}

export async function describeEnvironment({ backend, binary, runtime }: Setup): Promise<Environment> {
  const resolve = backend.name === "tensorflow" ? resolveTensorFlow : createRequire(import.meta.url).resolve;
  const ofBackend = backend.name === "tensorflow" ? backend.device?.split(" ")[0] : `@tensorflow/tfjs-backend-${backend.name}`;
  return {
    machine: {
      ...(await describeProcessor()),
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

export const coresText = ({ machine }: Pick<Environment, "machine">) => processorText(machine);

export const runtimeText = ({ runtime: { name, version } }: Pick<Environment, "runtime">) => `${name} ${version}`;

export const versionsText = ({ versions }: Pick<Environment, "versions">) =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
