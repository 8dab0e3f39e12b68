import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BackendName } from "../../runtimes/backends.js";
import { missingArm64, missingNode, otherNode, QEMU } from "../../runtimes/otherNodes.js";
import { ROOT } from "../../runtimes/project.js";
import { TENSORFLOW, tensorflowProject } from "../../runtimes/tensorflowPackages.js";
import { RELAXED_SIMD, WITHOUT_SIMD } from "../../runtimes/v8.js";
import { missingVulkan, vulkanEnvironment } from "../../runtimes/vulkan.js";
import { bundleWorker, startWorker } from "../../runtimes/workerd.js";
import { BROWSER_TARGETS } from "./browserTargets.js";
import type { Result } from "./suite.js";
import { apart, ON_GPU, onBinary, onThreads, type Target, WITHOUT_SIMD_TITLE, withoutSimd } from "./target.js";
import { BUN, DENO, inTerminal, NODE } from "./terminals.js";

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
  /** Why it is missing. Default: whether the command exists. */
  missing?: () => string | undefined;
}

function terminal(
  name: string,
  backend: BackendName,
  expected: Partial<Result>,
  { runtime, variant, command = process.execPath, flags = [], env, standIn, threads, ...rest }: Terminal,
): Target {
  const how = standIn ? ["stand-in"] : threads ? ["threads"] : [];
  return {
    name,
    runtime,
    variant,
    backend: standIn ? `${backend} (stand-in)` : backend,
    expected,
    missing: rest.missing ?? (() => (existsSync(command) ? undefined : `${command} was not found`)),
    run: (only = "") => inTerminal<Result>("terminal", { command, flags, ...(env && { env }) }, [backend, only, ...how]),
  };
}

const FASTEST = RELAXED_SIMD.length > 0 ? "simd" : "relaxedSimd";

function missingTensorFlow(): string | undefined {
  if (TENSORFLOW.some((name) => existsSync(join(tensorflowProject(), "node_modules", name)))) return undefined;
  return `install ${TENSORFLOW.join(" or ")}, with npm install --no-save`;
}

const THREADED = onThreads("threadedRelaxedSimd");
const ON_THREADS = { variant: "threads", threads: true };

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

/** Another version of Node.js than that of this process. */
const otherNodes = (name: string): Terminal => ({ ...NODE, command: otherNode(name), missing: () => missingNode(name) });

const ARM64: Terminal = {
  runtime: "Node.js",
  variant: "ARM64, emulated",
  command: QEMU,
  flags: [otherNode("node24-arm64")],
  missing: () => missingArm64() ?? missingNode("node24-arm64"),
};

/** All targets of the library. */
export const TARGETS: Target[] = [
  terminal("node/wasm", "wasm", onBinary(FASTEST), NODE),
  terminal("node/wasm-relaxed-simd", "wasm", onBinary("relaxedSimd"), { ...NODE, variant: "relaxed SIMD", flags: RELAXED_SIMD }),
  withoutSimd(
    terminal("node/wasm-scalar", "wasm", onBinary("scalar"), { ...NODE, variant: WITHOUT_SIMD_TITLE, flags: WITHOUT_SIMD }),
  ),
  terminal("node/wasm-threads", "wasm", RELAXED_SIMD.length > 0 ? { ...THREADED, binary: "threadedSimd" } : THREADED, {
    ...NODE,
    ...ON_THREADS,
  }),
  terminal("node/cpu", "cpu", onBinary(FASTEST), NODE),
  terminal("node/tensorflow-stand-in", "tensorflow", {}, { ...NODE, standIn: true }),
  { ...terminal("node/tensorflow", "tensorflow", {}, NODE), optional: true, missing: missingTensorFlow },
  { ...terminal("node/webgpu", "webgpu", ON_GPU, { ...NODE, env: vulkanEnvironment() }), missing: missingVulkan },
  ...["node22", "node24", "node26"].flatMap((name) => [
    terminal(`${name}/wasm`, "wasm", onBinary("relaxedSimd"), otherNodes(name)),
    apart(terminal(`${name}/wasm-threads`, "wasm", THREADED, { ...otherNodes(name), ...ON_THREADS })),
    apart(terminal(`${name}/cpu`, "cpu", onBinary("relaxedSimd"), otherNodes(name))),
  ]),
  apart(terminal("node-arm64/wasm", "wasm", onBinary("relaxedSimd"), ARM64)),
  apart(terminal("node-arm64/wasm-threads", "wasm", THREADED, { ...ARM64, variant: "ARM64, emulated, threads", threads: true })),
  terminal("bun/wasm", "wasm", onBinary("relaxedSimd"), BUN),
  terminal("bun/wasm-threads", "wasm", THREADED, { ...BUN, ...ON_THREADS }),
  terminal("bun/cpu", "cpu", onBinary("relaxedSimd"), BUN),
  terminal("deno/wasm", "wasm", onBinary("relaxedSimd"), DENO),
  terminal("deno/wasm-threads", "wasm", THREADED, { ...DENO, ...ON_THREADS }),
  terminal("deno/cpu", "cpu", onBinary("relaxedSimd"), DENO),
  WORKERD,
  ...BROWSER_TARGETS,
];
