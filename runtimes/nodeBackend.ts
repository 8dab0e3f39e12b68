import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { BackendError, type BackendInfo, type BackendName } from "./backends.js";
import { startBackend } from "./startBackend.js";

/** The packages that provide 'tensorflow', the faster one first. */
export const TENSORFLOW = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];

const isMissing = ({ code, message }: NodeJS.ErrnoException, name: string) =>
  code === "ERR_MODULE_NOT_FOUND" && message.includes(`'${name}'`);

/** @returns the package that was imported */
async function importTensorFlow(): Promise<string> {
  const broken: string[] = [];
  for (const name of TENSORFLOW) {
    try {
      await import(/* @vite-ignore */ name);
      return name;
    } catch (error) {
      if (!isMissing(error as Error, name)) broken.push(`${name} does not load: ${(error as Error).message}`);
    }
  }
  if (broken.length > 0) throw new BackendError(broken.join("\n"));
  throw new BackendError(`backend 'tensorflow' needs the package ${TENSORFLOW.join(" or ")}: install one of them`);
}

/** Starts a backend in Node.js. */
export async function startNodeBackend(name: BackendName): Promise<BackendInfo> {
  if (name !== "tensorflow") return startBackend(name);
  const device = await importTensorFlow();
  const info = await startBackend(name);
  const { isUsingGpuDevice } = tf.backend() as { isUsingGpuDevice?: boolean };
  return { ...info, device: `${device} ${isUsingGpuDevice ? "with" : "without"} a GPU` };
}
