import { getThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { BackendError, type BackendInfo, type BackendName } from "./backends.js";

/** Starts a registered backend. */
export async function startBackend(name: BackendName): Promise<BackendInfo> {
  if (!(await tf.setBackend(name))) throw new BackendError(`the backend '${name}' of TensorFlow.js does not start here`);
  if (name !== "wasm") return { name };
  const has = async (feature: string) => (await tf.env().getAsync(`WASM_HAS_${feature}_SUPPORT`)) as boolean;
  const simd = await has("SIMD");
  return { name, simd, ...(simd && (await has("MULTITHREAD")) && { threads: getThreadsCount() }) };
}
