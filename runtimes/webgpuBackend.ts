import { SOFTWARE } from "../src/runtime/graphics.js";
import type { BackendInfo } from "./backends.js";
import { startBackend } from "./startBackend.js";

interface Gpu {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<{ info: Record<string, string> } | null>;
}

/** The adapter that TensorFlow.js asks for: vendor, architecture, device and driver, as far as the runtime tells. */
async function webgpuDevice(): Promise<string> {
  const adapter = await (navigator as { gpu?: Gpu }).gpu?.requestAdapter({ powerPreference: "high-performance" });
  const { vendor, architecture, device, description } = adapter?.info ?? {};
  return [vendor, architecture, device, description].filter(Boolean).join(" ") || "an unnamed GPU";
}

/** Starts the registered backend 'webgpu', in a page or on Dawn. */
export async function startWebGPUBackend(): Promise<BackendInfo> {
  const info = await startBackend("webgpu");
  const device = await webgpuDevice();
  return { ...info, device, software: SOFTWARE.test(device) };
}
