import { pathToFileURL } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { BackendError, type BackendInfo, type BackendName } from "./backends.js";
import { importDawn } from "./dawn.js";
import { startBackend } from "./startBackend.js";
import { resolveTensorFlow, TENSORFLOW } from "./tensorflowPackages.js";
import { startWebGPUBackend } from "./webgpuBackend.js";

const isMissing = ({ code, message }: NodeJS.ErrnoException, name: string) =>
  code === "MODULE_NOT_FOUND" && message.includes(`'${name}'`);

/** Imports a package that may bring its own copy of TensorFlow.js's JavaScript, without warnings about what both register. */
async function importQuietly(name: string): Promise<void> {
  const isProduction = tf.env().getBool("PROD");
  tf.env().set("PROD", true);
  try {
    await import(/* @vite-ignore */ pathToFileURL(resolveTensorFlow(name)).href);
  } finally {
    tf.env().set("PROD", isProduction);
  }
}

/** @returns the package that was imported */
async function importTensorFlow(): Promise<string> {
  const broken: string[] = [];
  for (const name of TENSORFLOW) {
    try {
      await importQuietly(name);
      return name;
    } catch (error) {
      if (!isMissing(error as Error, name)) broken.push(`${name} does not load: ${(error as Error).message}`);
    }
  }
  if (broken.length > 0) throw new BackendError(broken.join("\n"));
  throw new BackendError(
    `backend 'tensorflow' needs the package ${TENSORFLOW.join(" or ")}: install one of them, or set the environment variable TFJS_NODE to ` +
      "the folder of a project that has one",
  );
}

/** Starts 'wasm' with threads of the library's. */
async function startThreads(threads: number): Promise<BackendInfo> {
  const { useThreadedBackend } = await import("tfjs-uan/threads");
  const started = await useThreadedBackend({ threads });
  if (started.threads !== threads) throw new BackendError(`'wasm' cannot have ${threads} threads here`);
  return { ...(await startBackend("wasm")), threads };
}

/**
 * Starts a backend in Node.js.
 *
 * @param threads of 'wasm', before which it must not have been used. Default 1: TensorFlow.js's own.
 */
export async function startNodeBackend(name: BackendName, threads = 1): Promise<BackendInfo> {
  if (name === "wasm" && threads > 1) return startThreads(threads);
  if (name === "webgpu") {
    await importDawn();
    return startWebGPUBackend();
  }
  if (name !== "tensorflow") return startBackend(name);
  const device = await importTensorFlow();
  const info = await startBackend(name);
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  return { ...info, device: `${device} ${isUsingGpuDevice ? "with" : "without"} a GPU` };
}
