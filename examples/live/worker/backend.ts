import { getThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import threaded from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url";
import * as tf from "@tensorflow/tfjs-core";
import { useFastestBackend } from "tfjs-uan";
import type { Backend } from "../protocol.js";

/** Makes the backend the current one. @returns what it runs on @throws Error where it cannot run here */
export async function startBackend(name: Backend): Promise<string> {
  if (tf.findBackend(name) && tf.getBackend() === name) return describe(name);
  if (name === "wasm") {
    const absolute = (url: string) => new URL(url, location.href).href;
    setWasmPaths({
      "tfjs-backend-wasm.wasm": absolute(plain),
      "tfjs-backend-wasm-simd.wasm": absolute(simd),
      "tfjs-backend-wasm-threaded-simd.wasm": absolute(threaded),
    });
    await useFastestBackend({ order: ["wasm"] });
    return describe(name);
  }
  if (!("gpu" in navigator)) throw new Error("WebGPU must be there, but this browser has none: choose WebAssembly");
  // Loaded where it is wanted only: it is as large as the rest.
  await import("@tensorflow/tfjs-backend-webgpu");
  if (!(await tf.setBackend("webgpu"))) throw new Error("WebGPU must start, but found no GPU: choose WebAssembly");
  await tf.ready();
  return describe(name);
}

function describe(name: Backend): string {
  if (name === "webgpu") return "WebGPU";
  const threads = getThreadsCount();
  return `WebAssembly on ${threads === 1 ? "1 thread" : `${threads} threads`}, page ${crossOriginIsolated ? "" : "not "}isolated`;
}
