import { env } from "@tensorflow/tfjs-core";
import { Refusal } from "./refusal.js";

// Which GPU WebGPU and WebGL run on. Both also run on the CPU, in software, slower than WebAssembly does.

/** Names of renderers that are software. */
export const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|swrast|mesa offscreen|basic render|software|\bwarp\b/i;

/** The part of WebGPU that is used here. TypeScript's DOM library does not have it. */
interface Gpu {
  requestAdapter(options: { powerPreference: "low-power" | "high-performance" }): Promise<Adapter | null>;
}

interface Adapter {
  info?: AdapterInfo;
  /** Before there was `info`. */
  requestAdapterInfo?(): Promise<AdapterInfo>;
  /** Before `info` had it. */
  isFallbackAdapter?: boolean;
}

interface AdapterInfo {
  vendor?: string;
  architecture?: string;
  device?: string;
  description?: string;
  isFallbackAdapter?: boolean;
}

function gpu(): Gpu | undefined {
  return (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
}

/** Whether the runtime has WebGPU, whatever the hardware. */
export const hasWebgpu = () => gpu() !== undefined;

/** Vendors of the hardware that Dawn is taken for: it also names Mesa's and Microsoft's software. */
export const VENDORS = ["amd", "apple", "intel", "nvidia"];

/**
 * The hardware that TensorFlow.js's 'webgpu' backend will run on, as far as the runtime tells.
 *
 * @param vendors the vendors that are taken. Default: any, and adapters that do not tell
 * @throws Refusal where there is none
 */
export async function webgpuHardware(vendors?: readonly string[]): Promise<string> {
  const adapter = await gpu()?.requestAdapter({ powerPreference: powerPreference() });
  if (!adapter) throw new Refusal("WebGPU has no adapter here");
  const info: AdapterInfo = adapter.info ?? (await adapter.requestAdapterInfo?.()) ?? {};
  const names = [info.vendor, info.architecture, info.device, info.description].filter((name) => name);
  const name = names.join(" ") || "an adapter without a name";
  if (info.isFallbackAdapter || adapter.isFallbackAdapter || SOFTWARE.test(name)) {
    throw new Refusal(`WebGPU runs in software here: ${name}`);
  }
  if (vendors && !vendors.includes(info.vendor ?? "")) {
    throw new Refusal(`WebGPU is taken here on hardware of ${vendors.join(", ")} only, and this is ${name}`);
  }
  return name;
}

/** The preference with which TensorFlow.js asks for its adapter. */
function powerPreference(): "low-power" | "high-performance" {
  try {
    return env().getBool("WEBGPU_USE_LOW_POWER_GPU") ? "low-power" : "high-performance";
  } catch {
    return "high-performance"; // a backend that does not know the flag
  }
}

/** A new canvas, of the page or in a worker. */
function canvas(): HTMLCanvasElement | OffscreenCanvas | undefined {
  if (typeof document !== "undefined") return document.createElement("canvas");
  return typeof OffscreenCanvas === "undefined" ? undefined : new OffscreenCanvas(1, 1);
}

/** @throws Refusal where the runtime has no canvas, and so no WebGL, whatever the hardware */
export function checkWebgl(): void {
  if (!canvas()) throw new Refusal("there is no WebGL here");
}

/**
 * The renderer of a new WebGL context, or undefined where there is no context.
 *
 * @param failIfMajorPerformanceCaveat whether the browser is to refuse when it knows that it would be slow
 */
function webglRenderer(failIfMajorPerformanceCaveat: boolean): string | undefined {
  const on = canvas();
  const attributes = { failIfMajorPerformanceCaveat };
  const gl = (on?.getContext("webgl2", attributes) ?? on?.getContext("webgl", attributes)) as WebGLRenderingContext | null;
  if (!gl) return undefined;
  try {
    const unmasked = gl.getExtension("WEBGL_debug_renderer_info");
    return String(gl.getParameter(unmasked ? unmasked.UNMASKED_RENDERER_WEBGL : gl.RENDERER));
  } finally {
    gl.getExtension("WEBGL_lose_context")?.loseContext(); // browsers allow few at a time
  }
}

/**
 * The hardware that WebGL runs on, as far as the browser tells.
 *
 * @throws Refusal where there is none
 */
export function webglHardware(): string {
  const fast = webglRenderer(true);
  const name = fast ?? webglRenderer(false);
  if (name === undefined) throw new Refusal("there is no WebGL here");
  if (fast === undefined || SOFTWARE.test(name)) throw new Refusal(`WebGL runs in software here: ${name}`);
  return name;
}
