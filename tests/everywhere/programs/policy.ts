import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { unsupervisedAdaptiveNormalization, useFastestBackend } from "tfjs-uan";
import { createEngine } from "tfjs-uan/standalone";
import { WASM_PATH } from "../../../runtimes/paths.js";

// In a page with a policy: what works there, and what is said.

const warnings: string[] = [];
console.warn = (text) => {
  if (String(text).startsWith("tfjs-uan")) warnings.push(text);
};

/** y of activations 3 by a mean of 1 and a variance of 4, and how many threads there were to compute it. */
async function normalizeInEngine(threads: number): Promise<string> {
  try {
    const engine = createEngine({ threads });
    const x = new Float32Array(100_000).fill(3);
    const [mean, variance, prior] = [1, 4, 1].map((value) => Float32Array.of(value)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const normalize = () => engine.normalize(x, { mean, variance, prior }, { epsilon: 0 })[0]?.toFixed(3);
    normalize();
    const end = Date.now() + 5000;
    while (engine.threads < threads && warnings.length === 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return `${normalize()} on ${engine.threads}`;
  } catch (error) {
    return String(error);
  }
}

async function run() {
  setWasmPaths(WASM_PATH);
  const { backend, reason, tried } = await useFastestBackend({ order: ["wasm", "cpu"] });
  const [y] = await tf.tidy(() => unsupervisedAdaptiveNormalization([[3]], [[1]], [[4]], [1], { epsilon: 0 })).data();
  const engine = await normalizeInEngine(crossOriginIsolated ? 2 : 1);
  return { backend, reason, tried, y, engine, warnings };
}

run().then(
  (outcome) => Object.assign(globalThis, { outcome }),
  (error) => Object.assign(globalThis, { outcome: { error: String(error) } }),
);
