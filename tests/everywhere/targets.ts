import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BackendName } from "../../runtimes/backends.js";
import { findChromium } from "../../runtimes/chromium.js";
import { inChromium, type ProgramOptions } from "../../runtimes/program.js";
import { ROOT } from "../../runtimes/project.js";
import { TENSORFLOW, tensorflowProject } from "../../runtimes/tensorflowPackages.js";
import { RELAXED_SIMD, WITHOUT_SIMD } from "../../runtimes/v8.js";
import { missingVulkan, vulkanEnvironment } from "../../runtimes/vulkan.js";
import { bundleWorker, startWorker } from "../../runtimes/workerd.js";
import type { Result } from "./suite.js";
import { BUN, DENO, inTerminal, NODE, PROGRAMS } from "./terminals.js";

/** A runtime and a backend on which the suite runs. */
export interface Target {
  /** The name on the command line. */
  name: string;
  /** The runtime, for readers, … */
  runtime: string;
  /** … and how it differs from other targets with the same runtime and backend. */
  variant?: string | undefined;
  backend: string;
  /** What a result must have, so that it is of the right binary and device. */
  expected: Partial<Result>;
  /** Why the target cannot run on this machine; undefined if it can. */
  missing(): string | undefined;
  /** Whether it may be missing, because it needs something that is no dependency of this project. */
  optional?: boolean;
  /** @param only selects the cases whose names contain it; default: all */
  run(only?: string): Promise<Result>;
}

interface Terminal {
  runtime: string;
  variant?: string;
  /** Default: the Node.js of this process. */
  command?: string;
  flags?: string[];
  env?: NodeJS.ProcessEnv;
  /** Whether a stand-in replaces the backend's package. */
  standIn?: boolean;
  /** Whether 'wasm' has threads. */
  threads?: boolean;
}

function terminal(
  name: string,
  backend: BackendName,
  expected: Partial<Result>,
  { runtime, variant, command = process.execPath, flags = [], env, standIn, threads }: Terminal,
): Target {
  const how = standIn ? ["stand-in"] : threads ? ["threads"] : [];
  return {
    name,
    runtime,
    variant,
    backend: standIn ? `${backend} (stand-in)` : backend,
    expected,
    missing: () => (existsSync(command) ? undefined : `${command} was not found`),
    run: (only = "") => inTerminal<Result>("terminal", { command, flags, ...(env && { env }) }, [backend, only, ...how]),
  };
}

const WITHOUT = "without SIMD";
const FASTEST = RELAXED_SIMD.length > 0 ? "simd" : "relaxedSimd";

function missingTensorFlow(): string | undefined {
  if (TENSORFLOW.some((name) => existsSync(join(tensorflowProject(), "node_modules", name)))) return undefined;
  return `install ${TENSORFLOW.join(" or ")}, with npm install --no-save`;
}

function chromium(
  name: string,
  backend: BackendName,
  expected: Partial<Result>,
  { variant, ...options }: ProgramOptions & { variant?: string } = {},
): Target {
  return {
    name,
    runtime: "Chromium",
    variant,
    backend,
    expected,
    missing: () => (findChromium() ? undefined : "Chromium was not found: set the environment variable CHROMIUM to its path"),
    run: (only = "") =>
      inChromium(join(PROGRAMS, "page.ts"), options, (page) =>
        // biome-ignore lint/suspicious/noExplicitAny: the program defines the function
        page.evaluate(([backend, only]) => (globalThis as any).runOn(backend, only) as Promise<Result>, [backend, only]),
      ),
  };
}

const onBinary = (binary: string) => ({ binary, isMemoryShared: false, isOnGpu: false });
const THREADED = { binary: "threadedRelaxedSimd", isMemoryShared: true, isOnGpu: false };
const ON_THREADS = { variant: "threads", threads: true };
const ON_GPU = { isOnGpu: true };

const { version: WORKERD_VERSION } = JSON.parse(readFileSync(join(ROOT, "node_modules/workerd/package.json"), "utf8"));

const WORKERD: Target = {
  name: "workerd/wasm",
  runtime: "workerd",
  backend: "wasm",
  expected: onBinary("simd"),
  missing: () => undefined,
  async run(only = "") {
    const modules = await bundleWorker('export { default } from "./tests/everywhere/programs/worker.ts";');
    const worker = await startWorker(modules, "2026-04-01", ["disallow_eval_during_startup"]);
    try {
      const response = await worker.fetch("/", only);
      if (!response.ok) throw new Error(`workerd: ${await response.text()}\n${worker.console.join("")}`);
      return { ...((await response.json()) as Result), version: WORKERD_VERSION };
    } finally {
      await worker.stop();
    }
  },
};

/** V8 can run without SIMD only on x64. */
const withoutSimd = (target: Target): Target =>
  process.arch === "x64" ? target : { ...target, optional: true, missing: () => `${process.arch} always has SIMD` };

/** All targets of the library. */
export const TARGETS: Target[] = [
  terminal("node/wasm", "wasm", onBinary(FASTEST), NODE),
  terminal("node/wasm-relaxed-simd", "wasm", onBinary("relaxedSimd"), { ...NODE, variant: "relaxed SIMD", flags: RELAXED_SIMD }),
  withoutSimd(terminal("node/wasm-scalar", "wasm", onBinary("scalar"), { ...NODE, variant: WITHOUT, flags: WITHOUT_SIMD })),
  terminal("node/wasm-threads", "wasm", RELAXED_SIMD.length > 0 ? { ...THREADED, binary: "threadedSimd" } : THREADED, {
    ...NODE,
    ...ON_THREADS,
  }),
  terminal("node/cpu", "cpu", onBinary(FASTEST), NODE),
  terminal("node/tensorflow-stand-in", "tensorflow", {}, { ...NODE, standIn: true }),
  { ...terminal("node/tensorflow", "tensorflow", {}, NODE), optional: true, missing: missingTensorFlow },
  { ...terminal("node/webgpu", "webgpu", ON_GPU, { ...NODE, env: vulkanEnvironment() }), missing: missingVulkan },
  terminal("bun/wasm", "wasm", onBinary("relaxedSimd"), BUN),
  terminal("bun/wasm-threads", "wasm", THREADED, { ...BUN, ...ON_THREADS }),
  terminal("bun/cpu", "cpu", onBinary("relaxedSimd"), BUN),
  terminal("deno/wasm", "wasm", onBinary("relaxedSimd"), DENO),
  terminal("deno/wasm-threads", "wasm", THREADED, { ...DENO, ...ON_THREADS }),
  terminal("deno/cpu", "cpu", onBinary("relaxedSimd"), DENO),
  WORKERD,
  chromium("chromium/wasm", "wasm", onBinary("relaxedSimd")),
  chromium("chromium/wasm-isolated", "wasm", THREADED, { variant: "cross-origin isolated", isolated: true }),
  withoutSimd(chromium("chromium/wasm-scalar", "wasm", onBinary("scalar"), { variant: WITHOUT, simd: false })),
  chromium("chromium/cpu", "cpu", onBinary("relaxedSimd")),
  chromium("chromium/webgl", "webgl", ON_GPU),
  chromium("chromium/webgpu", "webgpu", ON_GPU),
];
