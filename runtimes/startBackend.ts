import { getThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { BackendError, type BackendInfo, type BackendName } from "./backends.js";

/** Starts a backend that is registered. */
export async function startBackend(name: BackendName): Promise<BackendInfo> {
  if (!(await tf.setBackend(name))) throw new BackendError(`the backend '${name}' of TensorFlow.js does not start here`);
  if (name !== "wasm") return { name };
  return { name, simd: (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT")) as boolean, threads: getThreadsCount() };
}
