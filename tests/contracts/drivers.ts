import * as tf from "@tensorflow/tfjs-core";
import * as library from "../../src/index.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import type { Case, Driver, TensorDriver } from "./case.js";

interface StartedDriver extends TensorDriver {
  /** The backend. */
  name: string;
  start(): Promise<void>;
  /** Its cases of a contract. */
  casesOf<D extends Driver>(cases: Case<D>[]): Case<D>[];
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
      const isOurs = /^(ActivationGrad|BatchMoments|UnsupervisedAdaptive|Standardized|Mixture|Normalization|Shrunk)/.test(
        kernel.kernelName,
      );
      if (!isOurs) tf.registerKernel({ ...kernel, backendName: COMPOSED_ON_WASM });
    }
    tf.registerBackend(COMPOSED_ON_WASM, () => backend);
  }
  await useBackend(COMPOSED_ON_WASM);
}

/** The library, from src, on each backend of this vitest project. */
export const DRIVERS: StartedDriver[] = [
  ...BACKENDS.map(
    (name): StartedDriver => ({
      name,
      leeway: 1,
      library,
      start: () => useBackend(name),
      casesOf: (cases) => cases,
    }),
  ),
  ...(BACKENDS.includes("device")
    ? [
        {
          name: COMPOSED_ON_WASM,
          leeway: 1,
          library,
          start: startComposedOnWasm,
          // Other shapes concern loops of the binary; 'device' has them, too.
          casesOf: <D extends Driver>(cases: Case<D>[]) => cases.filter(({ quick }) => quick),
        },
        {
          name: "native",
          leeway: 1,
          library,
          start: () => useBackend("native"),
          casesOf: <D extends Driver>(cases: Case<D>[]) => cases,
        },
      ]
    : []),
];
