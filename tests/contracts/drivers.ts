import * as tf from "@tensorflow/tfjs-core";
import * as library from "../../src/index.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import type { TensorDriver } from "./case.js";

interface StartedDriver extends TensorDriver {
  /** The backend. */
  name: string;
  start(): Promise<void>;
}

/**
 * The 'wasm' backend under a name that the library does not know, so that it composes TensorFlow.js's operations there, as it does on
 * 'wasm' for second derivatives.
 */
const COMPOSED_ON_WASM = "composed on wasm";

async function startComposedOnWasm(): Promise<void> {
  await useBackend("wasm");
  if (!tf.findBackendFactory(COMPOSED_ON_WASM)) {
    const backend = tf.findBackend("wasm");
    for (const kernel of tf.getKernelsForBackend("wasm")) {
      const isOurs = /^(UnsupervisedAdaptive|Mixture|Normalization)/.test(kernel.kernelName);
      if (!isOurs) tf.registerKernel({ ...kernel, backendName: COMPOSED_ON_WASM });
    }
    tf.registerBackend(COMPOSED_ON_WASM, () => backend);
  }
  await useBackend(COMPOSED_ON_WASM);
}

/** The library, from src, on each backend of this vitest project. */
export const DRIVERS: StartedDriver[] = [
  ...BACKENDS.map((name) => ({
    name,
    leeway: 1,
    isComposed: name === "device",
    library,
    start: () => useBackend(name),
  })),
  ...(BACKENDS.includes("device")
    ? [{ name: COMPOSED_ON_WASM, leeway: 1, isComposed: true, library, start: startComposedOnWasm }]
    : []),
];
