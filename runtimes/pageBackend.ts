import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import type { MathBackendWebGL } from "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import type { BackendInfo, BackendName } from "./backends.js";
import { WASM_PATH } from "./paths.js";
import { startBackend } from "./startBackend.js";

const SOFTWARE = /swiftshader|llvmpipe|softpipe|basic render/i;

function webglDevice(): string {
  const { gl } = (tf.backend() as MathBackendWebGL).gpgpu;
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
}

interface Gpu {
  requestAdapter(): Promise<{ info: { vendor: string; architecture: string; device: string; description: string } } | null>;
}

async function webgpuDevice(): Promise<string> {
  const adapter = await (navigator as { gpu?: Gpu }).gpu?.requestAdapter();
  const { vendor, architecture, device, description } = adapter?.info ?? {};
  return [vendor, architecture, device, description].filter(Boolean).join(" ") || "an unnamed GPU";
}

/** Starts a backend in a page that inChromium opened. */
export async function startPageBackend(name: BackendName): Promise<BackendInfo> {
  setWasmPaths(WASM_PATH);
  const info = await startBackend(name);
  if (name !== "webgl" && name !== "webgpu") return info;
  const device = name === "webgl" ? webglDevice() : await webgpuDevice();
  return { ...info, device, software: SOFTWARE.test(device) };
}
