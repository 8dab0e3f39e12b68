import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { SOFTWARE } from "../src/runtime/graphics.js";
import type { BackendInfo, BackendName } from "./backends.js";
import { WASM_PATH } from "./paths.js";
import { startBackend } from "./startBackend.js";
import { startWebGPUBackend } from "./webgpuBackend.js";

function webglDevice(): string {
  const { gl } = (tf.backend() as MathBackendWebGL).gpgpu;
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
}

/**
 * Starts a backend in a page that inChromium has opened.
 *
 * @param threads the number of threads of 'wasm' in an isolated page, up to 8. Default: TensorFlow.js's choice, one for two cores.
 */
export async function startPageBackend(name: BackendName, threads?: number): Promise<BackendInfo> {
  setWasmPaths(WASM_PATH);
  if (threads !== undefined) {
    // TensorFlow.js never starts more threads than half the number of cores.
    Object.defineProperty(navigator, "hardwareConcurrency", { value: 2 * threads });
    setThreadsCount(threads);
  }
  if (name === "webgpu") return startWebGPUBackend();
  const info = await startBackend(name);
  if (name !== "webgl") return info;
  const device = webglDevice();
  return { ...info, device, software: SOFTWARE.test(device) };
}
