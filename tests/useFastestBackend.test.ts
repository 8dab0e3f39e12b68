import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-backend-wasm";
import { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu";
import * as esbuild from "esbuild";
import * as vite from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { missingVulkan, vulkanEnvironment } from "../runtimes/vulkan.js";
import { type BackendCandidate, type FastestBackend, useFastestBackend } from "../src/index.js";

const ALL: BackendCandidate[] = ["tfjs-node-gpu", "webgpu", "webgl", "tfjs-node", "wasm", "cpu"];
const sum = async () => (await tf.add([1], [2]).data())[0];

/** TensorFlow.js's own. */
const wasmFactory = tf.findBackendFactory("wasm") as () => Promise<tf.KernelBackend>;
const registered: string[] = [];
function registerBackend(name: string, factory: () => tf.KernelBackend | Promise<tf.KernelBackend> = () => new MathBackendCPU()) {
  tf.registerBackend(name, factory);
  registered.push(name);
}

beforeEach(async () => {
  await tf.setBackend("cpu");
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(console, "log").mockImplementation(() => {});
});

afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await tf.setBackend("cpu");
  for (const name of registered.splice(0)) tf.removeBackend(name);
});

const ownWarnings = () =>
  vi
    .mocked(console.warn)
    .mock.calls.flat()
    .filter((text) => String(text).startsWith("tfjs-uan: "));

describe("useFastestBackend", () => {
  it.each([
    [["gpu"]],
    [["wasm", "tensorflow"]],
    [[]],
    ["wasm"],
    [null],
  ])("refuses order %j, and names the choices", async (order) => {
    const call = useFastestBackend({ order: order as unknown as BackendCandidate[] });
    await expect(call).rejects.toThrow(/^useFastestBackend: argument 'order' must .*'tfjs-node-gpu', .*'cpu', got '?\w*/);
    expect(tf.getBackend()).toBe("cpu");
  });

  it("takes 'wasm' in Node.js without native TensorFlow, with reasons against earlier candidates", async () => {
    // Without "webgpu": this project has the package that brings it to Node.js.
    const { tried, ...chosen } = await useFastestBackend({
      order: ALL.filter((candidate) => candidate !== "webgpu"),
      threads: 2,
    });
    const reason = "WebAssembly on 2 threads, with the kernels of tfjs-uan";
    expect(chosen).toEqual({ backend: "wasm", candidate: "wasm", reason });
    expect(tried).toEqual([
      { candidate: "tfjs-node-gpu", reason: "@tensorflow/tfjs-node-gpu is not installed" },
      { candidate: "webgl", reason: "there is no WebGL here" },
      { candidate: "tfjs-node", reason: "@tensorflow/tfjs-node is not installed" },
    ]);
    expect(tf.getBackend()).toBe("wasm");
    expect(await sum()).toBe(3);
    expect(console.warn).not.toHaveBeenCalled();
    expect(console.log).not.toHaveBeenCalled();
  });

  it("follows the order, tries nothing after the chosen candidate, and none twice", async () => {
    expect(await useFastestBackend({ order: ["cpu", "wasm"] })).toMatchObject({ backend: "cpu", tried: [] });
    expect((await useFastestBackend({ order: ["webgl", "webgl", "wasm", "cpu"] })).tried).toHaveLength(1);
    expect(tf.getBackend()).toBe("wasm");
  });

  it("logs its decisions if the configuration asks for it", async () => {
    await useFastestBackend({ order: ["webgl", "cpu"], verbose: true });
    expect(vi.mocked(console.log).mock.calls).toEqual([
      ["tfjs-uan: webgl is passed over: there is no WebGL here"],
      ["tfjs-uan: cpu is chosen: JavaScript, with the kernels of tfjs-uan"],
    ]);
  });

  it("waits for other calls, and for a backend that other code has begun to initialize", async () => {
    const slowly = () => new Promise<tf.KernelBackend>((resolve) => setTimeout(resolve, 50, new MathBackendCPU()));
    registerBackend("webgpu", slowly);
    registerBackend("slow", slowly);
    vi.stubGlobal("navigator", { gpu: gpuOf({ info: { vendor: "nvidia" } }) });
    const theirs = tf.setBackend("slow");
    const order: BackendCandidate[] = ["webgpu", "cpu"];
    const calls = await Promise.all([useFastestBackend({ order }), useFastestBackend({ order }), useFastestBackend({ order })]);
    expect(calls.map(({ backend }) => backend)).toEqual(["webgpu", "webgpu", "webgpu"]);
    expect(await theirs).toBe(true);
    expect(tf.getBackend()).toBe("webgpu");
  });

  it("waits no longer than its timeout for a backend, and passes over one that does not start", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    tf.removeBackend("wasm");
    let late = (_: tf.KernelBackend) => {};
    const dispose = vi.spyOn(MathBackendCPU.prototype, "dispose");
    tf.registerBackend("wasm", () => new Promise((resolve) => (late = resolve)));
    try {
      const { candidate, tried } = await useFastestBackend({ order: ["wasm", "cpu"], threads: 1, timeout: 20 });
      expect(candidate).toBe("cpu");
      expect(tried).toMatchObject([{ candidate: "wasm", reason: "'wasm' has not started in 0.02 s" }]);
      expect(ownWarnings()).toEqual(["tfjs-uan: wasm is broken: 'wasm' has not started in 0.02 s"]);
      late(new MathBackendCPU());
      await vi.waitFor(() => expect(dispose).toHaveBeenCalled());
      expect(tf.getBackend()).toBe("cpu");
    } finally {
      tf.removeBackend("wasm");
      tf.registerBackend("wasm", wasmFactory, 2);
    }
  });

  it("waits no longer for one that other code has begun to initialize, with a warning", async () => {
    registerBackend("slow", () => new Promise(() => {}));
    void tf.setBackend("slow");
    const { candidate } = await useFastestBackend({ order: ["cpu"], timeout: 20 });
    expect(candidate).toBe("cpu");
    expect(ownWarnings()).toEqual([
      expect.stringMatching(/'slow'.* has not started in 0.02 s: it is not waited for any longer$/),
    ]);
  });

  it.each([0, -1, 1.5, Number.NaN])("refuses a timeout of %j", async (timeout) => {
    await expect(useFastestBackend({ timeout })).rejects.toThrow(/^useFastestBackend: argument 'timeout' must/);
  });

  it("skips packages that it has no permission to look for", async () => {
    const resolve = () => {
      throw Object.assign(new Error("Access to this API has been restricted"), { code: "ERR_ACCESS_DENIED" });
    };
    const createRequire = () => Object.assign(() => {}, { resolve });
    vi.spyOn(process, "getBuiltinModule").mockReturnValue({ createRequire } as never);
    const { tried } = await useFastestBackend({ order: ["tfjs-node", "cpu"] });
    const why = "is not imported, and cannot be looked for here: Access to this API has been restricted";
    expect(tried).toEqual([{ candidate: "tfjs-node", reason: `@tensorflow/tfjs-node ${why}` }]);
    expect(console.warn).not.toHaveBeenCalled();
  });

  it.each([0, 1.5, 65])("refuses %j threads", async (threads) => {
    const call = useFastestBackend({ order: ["cpu"], threads });
    const message = "useFastestBackend: argument 'threads' must be an integer from 1 to 64";
    await expect(call).rejects.toThrow(message);
  });

  it.each([
    ["is bundled", {}, {}, "is not loaded from where it is installed"],
    [
      "is another copy's",
      { "/installed.js": { loaded: true } },
      { BackendWasm: class {} },
      "is of another copy of TensorFlow.js",
    ],
  ])("takes 'wasm' without threads, quietly, where its package %s", async (_, cache, exports, why) => {
    if (tf.findBackendFactory("wasm")) tf.removeBackend("wasm");
    tf.registerBackend("wasm", wasmFactory, 2);
    const installed = Object.assign(() => exports, { resolve: () => "/installed.js", cache });
    vi.spyOn(process, "getBuiltinModule").mockReturnValue({ createRequire: () => installed } as never);
    const { reason } = await useFastestBackend({ order: ["wasm"], threads: 2, verbose: true });
    expect(reason).toBe("WebAssembly, with the kernels of tfjs-uan");
    expect(console.warn).not.toHaveBeenCalled();
    expect(console.log).toHaveBeenCalledWith(`tfjs-uan: wasm has no threads: @tensorflow/tfjs-backend-wasm ${why}`);
  });

  it("works after a refused call", async () => {
    await expect(useFastestBackend({ order: [] })).rejects.toThrow();
    expect((await useFastestBackend({ order: ["cpu"] })).backend).toBe("cpu");
  });
});

describe("a backend that does not initialize", () => {
  const failures: [string, () => tf.KernelBackend | Promise<tf.KernelBackend>][] = [
    [
      "throws",
      () => {
        throw new Error("no .wasm file");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no .wasm file"))],
    ["rejects with what is no Error, as TensorFlow.js's own", () => Promise.reject({ message: "no .wasm file" })],
  ];

  describe.each(failures)("and %s", (_, fail) => {
    let factory: () => tf.KernelBackend | Promise<tf.KernelBackend>;

    beforeEach(() => {
      factory = fail;
      registerBackend("webgl", () => factory());
      vi.stubGlobal("document", { createElement: () => canvasOf({ renderer: "NVIDIA" }) });
    });

    it("is reported with its cause, and the next is taken", async () => {
      const { backend, tried } = await useFastestBackend({ order: ["webgl", "wasm"] });
      expect(backend).toBe("wasm");
      expect(tried).toEqual([{ candidate: "webgl", reason: "no .wasm file", error: expect.any(Error) }]);
      expect(ownWarnings()).toEqual(["tfjs-uan: webgl is broken: no .wasm file"]);
      expect(await sum()).toBe(3);
    });

    it("leaves the current backend and its tensors if nothing works", async () => {
      await tf.setBackend("wasm");
      const tensor = tf.tensor1d([4]);
      vi.stubGlobal("navigator", { gpu: gpuOf(null) });
      const call = useFastestBackend({ order: ["webgpu", "webgl"] });
      const reasons = "\n  webgpu: @tensorflow/tfjs-backend-webgpu is not imported\n  webgl: no .wasm file";
      await expect(call).rejects.toThrow(`none of the backends in 'order' works here${reasons}`);
      expect(tf.getBackend()).toBe("wasm");
      expect(tf.add(tensor, 1).dataSync()[0]).toBe(5);
    });

    it("leaves the choice to TensorFlow.js if nothing works and no backend was in use", async () => {
      Object.assign(tf.engine(), { backendName: undefined, backendInstance: undefined });
      await expect(useFastestBackend({ order: ["webgl"] })).rejects.toThrow("webgl: no .wasm file");
      expect(tf.getBackend()).toBeUndefined();
      await tf.ready();
      expect(tf.getBackend()).toBe("wasm");
      expect(await sum()).toBe(3);
    });

    it("can be tried again", async () => {
      await useFastestBackend({ order: ["webgl", "cpu"] });
      factory = () => new MathBackendCPU();
      expect((await useFastestBackend({ order: ["webgl", "cpu"] })).backend).toBe("webgl");
    });
  });
});

const gpuOf = (adapter: object | null) => ({ requestAdapter: vi.fn(async (_: object) => adapter) });

describe("candidate webgpu", () => {
  const order: BackendCandidate[] = ["webgpu", "cpu"];

  it.each([
    ["by its name", { info: { vendor: "nvidia", architecture: "ampere", device: "", description: "" } }, "nvidia ampere"],
    ["that an old browser is asked about", { requestAdapterInfo: async () => ({ vendor: "intel" }) }, "intel"],
    ["that has no name", { info: { vendor: "", isFallbackAdapter: false } }, "an adapter without a name"],
  ])("is chosen on hardware %s", async (_, adapter, name) => {
    registerBackend("webgpu");
    vi.stubGlobal("navigator", { gpu: gpuOf(adapter) });
    const chosen = await useFastestBackend({ order });
    expect(chosen).toEqual({ backend: "webgpu", candidate: "webgpu", reason: `WebGPU on ${name}`, tried: [] });
    expect(tf.getBackend()).toBe("webgpu");
  });

  it.each([
    [{ info: { vendor: "google", architecture: "swiftshader" } }, "google swiftshader"],
    [{ info: { vendor: "mesa", description: "llvmpipe (LLVM 15)" } }, "mesa llvmpipe (LLVM 15)"],
    [{ info: { description: "Microsoft Basic Render Driver" } }, "Microsoft Basic Render Driver"],
    [{ info: { vendor: "microsoft", architecture: "warp" } }, "microsoft warp"],
    [{ info: { vendor: "x", isFallbackAdapter: true } }, "x"],
    [{ info: { vendor: "x" }, isFallbackAdapter: true }, "x"],
    [{ requestAdapterInfo: async () => ({ device: "SwiftShader Device" }) }, "SwiftShader Device"],
  ])("is not chosen in software: %j", async (adapter, name) => {
    registerBackend("webgpu");
    vi.stubGlobal("navigator", { gpu: gpuOf(adapter) });
    const { backend, tried } = await useFastestBackend({ order });
    expect(backend).toBe("cpu");
    expect(tried).toEqual([{ candidate: "webgpu", reason: `WebGPU runs in software here: ${name}` }]);
    expect(tf.engine().registry).not.toHaveProperty("webgpu");
    expect(console.warn).not.toHaveBeenCalled();
  });

  it("is not chosen without an adapter, nor without its package", async () => {
    vi.stubGlobal("navigator", { gpu: gpuOf(null) });
    const reasonOf = ({ tried }: FastestBackend) => tried[0]?.reason;
    expect(reasonOf(await useFastestBackend({ order }))).toBe("@tensorflow/tfjs-backend-webgpu is not imported");
    registerBackend("webgpu");
    expect(reasonOf(await useFastestBackend({ order }))).toBe("WebGPU has no adapter here");
  });

  it("requests the same adapter as TensorFlow.js", async () => {
    registerBackend("webgpu");
    const gpu = gpuOf({ info: { vendor: "intel" } });
    vi.stubGlobal("navigator", { gpu });
    await useFastestBackend({ order });
    tf.env().registerFlag("WEBGPU_USE_LOW_POWER_GPU", () => true);
    await useFastestBackend({ order });
    expect(gpu.requestAdapter.mock.calls).toEqual([
      [{ powerPreference: "high-performance" }],
      [{ powerPreference: "low-power" }],
    ]);
  });
});

interface Gl {
  renderer: string;
  /** Whether there is no context with failIfMajorPerformanceCaveat. */
  slow?: boolean;
  versions?: string[];
  masked?: boolean;
}

const contexts: { loseContext: ReturnType<typeof vi.fn> }[] = [];

function canvasOf({ renderer, slow = false, versions = ["webgl2"], masked = false }: Gl) {
  const getContext = (version: string, { failIfMajorPerformanceCaveat }: WebGLContextAttributes) => {
    if (!versions.includes(version) || (slow && failIfMajorPerformanceCaveat)) return null;
    const loseContext = vi.fn();
    contexts.push({ loseContext });
    const extensions: { [name: string]: object } = { WEBGL_lose_context: { loseContext } };
    if (!masked) extensions.WEBGL_debug_renderer_info = { UNMASKED_RENDERER_WEBGL: 37446 };
    return {
      RENDERER: 7937,
      getExtension: (name: string) => extensions[name] ?? null,
      getParameter: (parameter: number) => (parameter === (masked ? 7937 : 37446) ? renderer : "WebKit WebGL"),
    };
  };
  return { getContext };
}

describe("candidate webgl", () => {
  const order: BackendCandidate[] = ["webgl", "cpu"];
  beforeEach(() => {
    contexts.length = 0;
  });
  afterEach(() => {
    for (const { loseContext } of contexts) expect(loseContext).toHaveBeenCalledOnce();
  });

  it.each<Gl>([
    { renderer: "ANGLE (NVIDIA, NVIDIA GeForce RTX 3060 Direct3D11 vs_5_0 ps_5_0, D3D11)" },
    { renderer: "Mesa Intel(R) UHD Graphics 620 (KBL GT2)" },
    { renderer: "Apple GPU", versions: ["webgl"] },
    { renderer: "Adreno (TM) 650, or similar", masked: true },
  ])("is chosen on hardware: %j", async (gl) => {
    registerBackend("webgl");
    vi.stubGlobal("document", { createElement: () => canvasOf(gl) });
    const chosen = await useFastestBackend({ order });
    expect(chosen).toEqual({ backend: "webgl", candidate: "webgl", reason: `WebGL on ${gl.renderer}`, tried: [] });
    expect(contexts).toHaveLength(1);
  });

  it.each<Gl>([
    { renderer: "ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)" },
    { renderer: "llvmpipe (LLVM 15.0.7, 256 bits)" },
    { renderer: "llvmpipe, or similar", masked: true },
    { renderer: "Gallium 0.4 on softpipe" },
    { renderer: "ANGLE (Microsoft, Microsoft Basic Render Driver Direct3D11 vs_5_0 ps_5_0, D3D11)" },
    { renderer: "Apple Software Renderer" },
    { renderer: "Mesa OffScreen" },
    { renderer: "a GPU that the browser knows to be slow", slow: true },
  ])("is not chosen in software: %j", async (gl) => {
    registerBackend("webgl");
    vi.stubGlobal("document", { createElement: () => canvasOf(gl) });
    const { backend, tried } = await useFastestBackend({ order });
    expect(backend).toBe("cpu");
    expect(tried).toEqual([{ candidate: "webgl", reason: `WebGL runs in software here: ${gl.renderer}` }]);
    expect(tf.engine().registry).not.toHaveProperty("webgl");
    expect(contexts).toHaveLength(1);
    await expect(useFastestBackend({ order: ["webgl"] })).rejects.toThrow(gl.renderer);
  });

  it("is chosen in a worker, which has no document", async () => {
    registerBackend("webgl");
    vi.stubGlobal(
      "OffscreenCanvas",
      class {
        getContext = canvasOf({ renderer: "NVIDIA" }).getContext;
      },
    );
    expect((await useFastestBackend({ order })).backend).toBe("webgl");
  });

  it("is not chosen without a context, nor without its package, nor in Node.js", async () => {
    const reason = async () => (await useFastestBackend({ order })).tried[0]?.reason;
    vi.stubGlobal("document", { createElement: () => canvasOf({ renderer: "NVIDIA" }) });
    expect(await reason()).toBe("@tensorflow/tfjs-backend-webgl is not imported");
    registerBackend("webgl");
    vi.stubGlobal("document", { createElement: () => canvasOf({ renderer: "NVIDIA", versions: [] }) });
    expect(await reason()).toBe("there is no WebGL here");
    vi.unstubAllGlobals();
    expect(await reason()).toBe("there is no WebGL here");
  });
});

// Programs in projects with and without packages. The library is installed as published.

const root = fileURLToPath(new URL("..", import.meta.url));
let folder: string;
let library: string;

const FORMATS = {
  esm: ["--module", "nodenext", "--moduleResolution", "nodenext"],
  cjs: ["--module", "commonjs", "--moduleResolution", "node10"],
};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tfjs-uan-fastest-"));
  library = join(folder, "library/tfjs-uan");
  for (const [format, flags] of Object.entries(FORMATS)) {
    const outDir = join(library, "dist", format);
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    execFileSync(
      process.execPath,
      [tsc, "-p", "tsconfig.build.json", "--noCheck", "--declaration", "false", "--outDir", outDir, ...flags],
      { cwd: root },
    );
  }
  writeFileSync(join(library, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');
  cpSync(join(root, "package.json"), join(library, "package.json"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function link(modules: string, names: string[]): void {
  for (const name of names) {
    const at = join(modules, name);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(join(root, "node_modules", name), at);
  }
}

/** What the native packages of TensorFlow.js 4.22 do when they are imported, and the ways in which they can be broken. */
const NATIVE = {
  works: "",
  isNotBuilt: 'throw new Error("The Node.js native addon module (tfjs_binding.node) can not be found at path: /x");',
  lacksDependency: 'require("@mapbox/node-pre-gyp");',
  doesNotInitialize: 'fail.initialize = "libtensorflow is for another processor";',
  registersNothing: "return;",
  doesNotCompute: 'fail.compute = "util_1.isNullOrUndefined is not a function";',
} as const;
type Native = keyof typeof NATIVE | "hasNoFiles";

function installNative(modules: string, name: string, is: Native, onGpu: boolean): void {
  const at = join(modules, "@tensorflow", name);
  write(join(at, "package.json"), JSON.stringify({ name: `@tensorflow/${name}`, main: "dist/index.js" }));
  if (is === "hasNoFiles") return;
  write(
    join(at, "dist/index.js"),
    `
    (globalThis.loaded ??= []).push("${name}");
    const fail = {};
    const tf = require("@tensorflow/tfjs-core");
    const { MathBackendCPU } = require("@tensorflow/tfjs-backend-cpu");
    for (const kernelName of ["Add", "Identity", "Cast"]) {
      const kernel = tf.getKernel(kernelName, "cpu");
      const kernelFunc = (args) => {
        if (fail.compute) throw new TypeError(fail.compute);
        return kernel.kernelFunc(args);
      };
      tf.registerKernel({ kernelName, backendName: "tensorflow", kernelFunc });
    }
    ${NATIVE[is]}
    class NodeJSKernelBackend extends MathBackendCPU {
      isGPUPackage = ${name === "tfjs-node-gpu"};
      isUsingGpuDevice = ${onGpu};
      firstUse = false; // greets the user
    }
    tf.registerBackend("tensorflow", () => {
      if (fail.initialize) throw new Error(fail.initialize);
      return new NodeJSKernelBackend();
    }, 3);
    tf.setBackend("tensorflow");
    `,
  );
}

/** The package `webgpu`, by the adapter that its WebGPU finds. */
function installDawn(modules: string, adapter: object | null): void {
  const at = join(modules, "webgpu");
  write(join(at, "package.json"), JSON.stringify({ name: "webgpu", main: "index.js" }));
  write(
    join(at, "index.js"),
    `
    exports.globals = { GPUBufferUsage: {}, GPUMapMode: {} };
    exports.create = () => ({ requestAdapter: async () => (${JSON.stringify(adapter)}) });
    `,
  );
}

/** TensorFlow.js's backend, which looks for WebGPU when it is imported. */
function installWebGPU(modules: string, initializes: boolean): void {
  const at = join(modules, "@tensorflow/tfjs-backend-webgpu");
  write(join(at, "package.json"), JSON.stringify({ name: "@tensorflow/tfjs-backend-webgpu", main: "index.js" }));
  write(
    join(at, "index.js"),
    `
    (globalThis.loaded ??= []).push("webgpu");
    const tf = require("@tensorflow/tfjs-core");
    const { MathBackendCPU } = require("@tensorflow/tfjs-backend-cpu");
    if (globalThis.navigator?.gpu && globalThis.GPUBufferUsage && globalThis.GPUMapMode) {
      for (const kernelName of ["Add", "Identity", "Cast"]) {
        tf.registerKernel({ ...tf.getKernel(kernelName, "cpu"), backendName: "webgpu" });
      }
      tf.registerBackend("webgpu", async () => {
        if (${!initializes}) throw new Error("the device is lost");
        return Object.assign(new MathBackendCPU(), { firstUse: false }); // greets the user
      }, 3);
    }
    `,
  );
}

interface Installed {
  gpu?: Native;
  /** Whether the installed tfjs-node-gpu finds a GPU. */
  hasGpu?: boolean;
  node?: Native;
  wasm?: boolean;
  cpu?: boolean;
  /** The adapter of the package `webgpu`. */
  adapter?: object | null;
  /** Whether TensorFlow.js's backend for it initializes; undefined: it is not installed. */
  webgpu?: boolean;
}

let projects = 0;
const made: string[] = [];
afterEach(() => {
  for (const at of made.splice(0)) rmSync(at, { recursive: true });
});

function project({ gpu, hasGpu = false, node, wasm = true, cpu = true, adapter, webgpu }: Installed): string {
  const at = join(folder, `project-${projects++}`);
  const modules = join(at, "node_modules");
  made.push(at);
  cpSync(library, join(modules, "tfjs-uan"), { recursive: true });
  link(modules, ["@assemblyscript/loader", "@tensorflow/tfjs-core"]);
  if (cpu) link(modules, ["@tensorflow/tfjs-backend-cpu"]);
  if (wasm) link(modules, ["@tensorflow/tfjs-backend-wasm"]);
  if (gpu) installNative(modules, "tfjs-node-gpu", gpu, hasGpu);
  if (node) installNative(modules, "tfjs-node", node, false);
  if (adapter !== undefined) installDawn(modules, adapter);
  if (webgpu !== undefined) installWebGPU(modules, webgpu);
  return at;
}

interface Program {
  imports?: string[];
  /** The backend that the program sets first. */
  before?: string;
  config?: object;
}

interface Report {
  chosen?: FastestBackend;
  error?: string;
  inUse: string;
  sum?: number;
  /** The messages of console.warn. */
  warnings: string[];
  /** The native packages that were loaded. */
  loaded: string[];
  /** What is registered for the native backend at the end. */
  native: { backend: boolean; kernels: string[] };
  /** What there is of WebGPU at the end. */
  webgpu: { gpu: boolean; globals: boolean; backend: boolean };
}

const MAIN = `
async function main(load, { imports = [], before, config }) {
  const report = { warnings: [] };
  console.warn = (...texts) => report.warnings.push(texts.join(" "));
  const tf = await load("@tensorflow/tfjs-core");
  for (const name of imports) await load(name);
  if (before) await tf.setBackend(before);
  const { useFastestBackend } = await load("tfjs-uan");
  try {
    report.chosen = await useFastestBackend(config);
  } catch (error) {
    report.error = error.message;
  }
  report.inUse = tf.getBackend();
  if (report.inUse) report.sum = tf.add([1], [2]).dataSync()[0];
  report.loaded = globalThis.loaded ?? [];
  const kernels = tf.getKernelsForBackend("tensorflow").map(({ kernelName }) => kernelName);
  report.native = { backend: tf.findBackendFactory("tensorflow") !== null, kernels };
  const { navigator = {} } = globalThis;
  report.webgpu = {
    gpu: "gpu" in navigator,
    globals: "GPUBufferUsage" in globalThis,
    backend: tf.findBackendFactory("webgpu") !== null,
  };
  console.log(JSON.stringify(report));
  process.exit(); // Dawn would keep it alive
}`;

const LOAD = { esm: "(name) => import(name)", cjs: "async (name) => require(name)" };
const EXTENSIONS = { esm: "mjs", cjs: "cjs" };
type Format = keyof typeof FORMATS;

function runNode(cwd: string, args: string[]): Report {
  // Without the environment variables of vitest.
  const env = { PATH: process.env.PATH, ...vulkanEnvironment() };
  const output = execFileSync(process.execPath, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  return JSON.parse(output.trim().split("\n").at(-1) as string);
}

function run(format: Format, at: string, program: Program = {}): Report {
  const file = join(at, `main.${EXTENSIONS[format]}`);
  write(file, `${MAIN}\nmain(${LOAD[format]}, ${JSON.stringify(program)});\n`);
  return runNode(at, [file]);
}

const NOT_BUILT =
  "is installed, but does not load: The Node.js native addon module (tfjs_binding.node) can not be found at path: /x";

describe.each(["esm", "cjs"] as const)("in Node.js, as %s,", (format) => {
  it("takes 'wasm' on as many threads as are asked for, whether it is imported or not", () => {
    for (const imports of [[], ["@tensorflow/tfjs-backend-wasm"]]) {
      const { chosen, inUse, sum, warnings } = run(format, project({}), { imports, config: { threads: 3 } });
      expect(chosen).toMatchObject({ candidate: "wasm", reason: "WebAssembly on 3 threads, with the kernels of tfjs-uan" });
      expect({ inUse, sum, warnings }).toEqual({ inUse: "wasm", sum: 3, warnings: [] });
    }
    const { chosen } = run(format, project({}), { config: { threads: 1 } });
    expect(chosen?.reason).toBe("WebAssembly, with the kernels of tfjs-uan");
  });

  it("takes 'wasm' without threads, quietly, if it was initialized before", () => {
    const program = { imports: ["@tensorflow/tfjs-backend-wasm"], before: "wasm", config: { threads: 2 } };
    const { chosen, warnings } = run(format, project({}), program);
    expect(chosen?.reason).toBe("WebAssembly, with the kernels of tfjs-uan");
    expect(warnings).toEqual([]);
  });

  it("takes 'wasm' without threads, with a warning, if they do not start", () => {
    const at = project({});
    rmSync(join(at, "node_modules/@tensorflow/tfjs-backend-wasm"));
    const copy = join(at, "node_modules/@tensorflow/tfjs-backend-wasm");
    cpSync(join(root, "node_modules/@tensorflow/tfjs-backend-wasm"), copy, { recursive: true });
    rmSync(join(copy, "wasm-out/tfjs-backend-wasm-threaded-simd.wasm"));
    const { chosen, sum, warnings } = run(format, at, { config: { threads: 2 } });
    expect(chosen).toMatchObject({ candidate: "wasm", reason: "WebAssembly, with the kernels of tfjs-uan" });
    expect(sum).toBe(3);
    const warning = "tfjs-uan: useFastestBackend: there are no threads to be had here, so that 'wasm' runs on one: ";
    expect(warnings).toEqual([expect.stringContaining(warning)]);
  });

  it("takes tfjs-node-gpu with a GPU, and imports nothing else", () => {
    const { chosen, loaded, warnings, inUse, sum } = run(format, project({ gpu: "works", hasGpu: true, node: "works" }));
    const reason = "native TensorFlow on a GPU";
    expect(chosen).toEqual({ backend: "tensorflow", candidate: "tfjs-node-gpu", reason, tried: [] });
    expect({ loaded, warnings, inUse, sum }).toEqual({ loaded: ["tfjs-node-gpu"], warnings: [], inUse: "tensorflow", sum: 3 });
  });

  it("treats a tfjs-node-gpu without a GPU as tfjs-node, and imports no second package", () => {
    const { chosen, loaded, warnings } = run(format, project({ gpu: "works", node: "works" }));
    expect(chosen).toMatchObject({ backend: "tensorflow", candidate: "tfjs-node" });
    expect(chosen?.reason).toBe("native TensorFlow on the CPU, where tfjs-node-gpu found no GPU");
    expect(chosen?.tried[0]).toEqual({
      candidate: "tfjs-node-gpu",
      reason: "the native TensorFlow that is loaded found no GPU, or is not for one",
    });
    expect({ loaded, warnings }).toEqual({ loaded: ["tfjs-node-gpu"], warnings: [] });
  });

  it("does not take it if the order has only tfjs-node-gpu", () => {
    const { chosen, inUse, sum } = run(format, project({ gpu: "works" }), { config: { order: ["tfjs-node-gpu", "wasm"] } });
    expect(chosen?.candidate).toBe("wasm");
    expect({ inUse, sum }).toEqual({ inUse: "wasm", sum: 3 });
  });

  it("takes tfjs-node if it is the only one", () => {
    const { chosen, loaded, warnings } = run(format, project({ node: "works" }));
    expect(chosen).toMatchObject({ candidate: "tfjs-node", reason: "native TensorFlow on the CPU" });
    expect(chosen?.tried.map(({ candidate }) => candidate)).toEqual(["tfjs-node-gpu", "webgpu", "webgl"]);
    expect({ loaded, warnings }).toEqual({ loaded: ["tfjs-node"], warnings: [] });
  });

  it("uses the native package that the user has imported, and imports none", () => {
    const at = project({ gpu: "works", hasGpu: true, node: "works" });
    const { chosen, loaded, warnings } = run(format, at, { imports: ["@tensorflow/tfjs-node"] });
    expect(chosen).toMatchObject({ backend: "tensorflow", candidate: "tfjs-node" });
    expect({ loaded, warnings }).toEqual({ loaded: ["tfjs-node"], warnings: [] });
  });

  it.each([
    ["isNotBuilt", `@tensorflow/tfjs-node-gpu ${NOT_BUILT}`],
    ["lacksDependency", "@tensorflow/tfjs-node-gpu is installed, but does not load: Cannot find module '@mapbox/node-pre-gyp'"],
    ["hasNoFiles", "@tensorflow/tfjs-node-gpu is damaged: Cannot find module"],
    ["registersNothing", "@tensorflow/tfjs-node-gpu registered no backend 'tensorflow' in this copy of TensorFlow.js"],
    ["doesNotInitialize", "libtensorflow is for another processor"],
    ["doesNotCompute", "native TensorFlow is loaded, but does not compute: util_1.isNullOrUndefined is not a function"],
  ] as const)("reports a tfjs-node-gpu that %s, and takes tfjs-node instead", (is, reason) => {
    const { chosen, warnings, inUse, sum } = run(format, project({ gpu: is, hasGpu: true, node: "works" }));
    expect(chosen?.candidate).toBe("tfjs-node");
    const [gpu] = chosen?.tried ?? [];
    expect(gpu?.candidate).toBe("tfjs-node-gpu");
    expect(gpu?.reason).toContain(reason);
    expect(gpu).toHaveProperty("error");
    // If kernels of the first were still registered, TensorFlow.js would warn of those of the second.
    const ours = warnings.filter((text) => !text.startsWith("Initialization of") && !text.startsWith("Error: libtensorflow"));
    expect(ours).toEqual([`tfjs-uan: tfjs-node-gpu is broken: ${gpu?.reason}`]);
    expect({ inUse, sum }).toEqual({ inUse: "tensorflow", sum: 3 });
  });

  it("does not unregister a broken package that the user has imported", () => {
    const at = project({ gpu: "doesNotCompute", hasGpu: true });
    const { chosen, native, inUse, sum } = run(format, at, { imports: ["@tensorflow/tfjs-node-gpu"] });
    const broken = chosen?.tried.filter(({ error }) => error).map(({ candidate }) => candidate);
    expect(broken).toEqual(["tfjs-node-gpu", "tfjs-node"]);
    expect(native).toMatchObject({ backend: true, kernels: expect.arrayContaining(["Add"]) });
    expect({ inUse, sum }).toEqual({ inUse: "wasm", sum: 3 });
  });

  it("takes 'wasm' if both are broken, reports both, and unregisters exactly what they registered", () => {
    const { kernels } = run(format, project({})).native;
    expect(kernels).toContain("UnsupervisedAdaptiveNorm");
    const { chosen, warnings, native, sum } = run(format, project({ gpu: "isNotBuilt", node: "isNotBuilt" }));
    expect(chosen?.candidate).toBe("wasm");
    expect(warnings).toEqual([
      `tfjs-uan: tfjs-node-gpu is broken: @tensorflow/tfjs-node-gpu ${NOT_BUILT}`,
      `tfjs-uan: tfjs-node is broken: @tensorflow/tfjs-node ${NOT_BUILT}`,
    ]);
    expect(chosen?.tried.filter((passed) => passed.error).map(({ candidate }) => candidate)).toEqual([
      "tfjs-node-gpu",
      "tfjs-node",
    ]);
    expect(native).toEqual({ backend: false, kernels });
    expect(sum).toBe(3);
  });

  it("imports 'wasm' itself if it is installed, else 'cpu'", () => {
    const withWasm = run(format, project({}));
    expect(withWasm.chosen?.candidate).toBe("wasm");
    expect(withWasm).toMatchObject({ warnings: [], inUse: "wasm", sum: 3 });
    const without = run(format, project({ wasm: false }));
    expect(without.chosen).toMatchObject({ candidate: "cpu", backend: "cpu" });
    expect(without.chosen?.tried.at(-1)).toEqual({
      candidate: "wasm",
      reason: "@tensorflow/tfjs-backend-wasm is not installed",
    });
    expect(without).toMatchObject({ inUse: "cpu", sum: 3 });
  });

  it("throws all reasons if nothing is installed", () => {
    const { error, inUse } = run(format, project({ wasm: false, cpu: false }));
    expect(error?.split("\n  ").slice(1)).toEqual([
      "tfjs-node-gpu: @tensorflow/tfjs-node-gpu is not installed",
      "webgpu: there is no WebGPU here, and webgpu is not installed",
      "webgl: there is no WebGL here",
      "tfjs-node: @tensorflow/tfjs-node is not installed",
      "wasm: @tensorflow/tfjs-backend-wasm is not installed",
      "cpu: @tensorflow/tfjs-backend-cpu is not installed",
    ]);
    expect(inUse).toBeUndefined();
  });

  it.each([
    "works",
    "isNotBuilt",
    "doesNotInitialize",
    "doesNotCompute",
  ] as const)("leaves the current backend if tfjs-node-gpu %s without a GPU, or is broken", (gpu) => {
    const program = { imports: ["@tensorflow/tfjs-backend-wasm"], before: "wasm", config: { order: ["tfjs-node-gpu", "webgl"] } };
    const { error, loaded, inUse, sum } = run(format, project({ gpu, hasGpu: gpu !== "works" }), program);
    expect(error).toMatch(/none of the backends.*\n {2}tfjs-node-gpu: .*\n {2}webgl: there is no WebGL here$/);
    expect({ loaded, inUse, sum }).toEqual({ loaded: ["tfjs-node-gpu"], inUse: "wasm", sum: 3 });
  });

  it("leaves TensorFlow.js usable if no backend was in use", () => {
    for (const gpu of ["works", "isNotBuilt", "doesNotCompute"] as const) {
      const at = project({ gpu, hasGpu: gpu !== "works" });
      const { error, inUse, sum } = run(format, at, { config: { order: ["tfjs-node-gpu"] } });
      expect(error).toContain("tfjs-node-gpu: ");
      expect({ inUse, sum }).toEqual(gpu === "works" ? { inUse: "tensorflow", sum: 3 } : { inUse: undefined, sum: undefined });
    }
  });

  const NO_WEBGPU = { gpu: false, globals: false, backend: false };

  it.each([
    "amd",
    "apple",
    "intel",
    "nvidia",
  ])("takes WebGPU of the package webgpu on hardware of %s, before tfjs-node", (vendor) => {
    const adapter = { info: { vendor, architecture: "ampere", isFallbackAdapter: false } };
    const report = run(format, project({ adapter, webgpu: true, node: "works", gpu: "works" }));
    expect(report.chosen).toMatchObject({ backend: "webgpu", candidate: "webgpu", reason: `WebGPU on ${vendor} ampere` });
    expect(report.chosen?.tried.map(({ candidate }) => candidate)).toEqual(["tfjs-node-gpu"]);
    expect(report).toMatchObject({ loaded: ["tfjs-node-gpu", "webgpu"], warnings: [], inUse: "webgpu", sum: 3 });
    expect(report.webgpu).toEqual({ gpu: true, globals: true, backend: true });
  });

  it.each([
    [{ vendor: "google", architecture: "swiftshader" }, "runs in software here: google swiftshader"],
    [{ vendor: "mesa", description: "llvmpipe (LLVM 15)" }, "runs in software here: mesa llvmpipe (LLVM 15)"],
    [{ vendor: "intel", device: "x", isFallbackAdapter: true }, "runs in software here: intel x"],
    [
      { vendor: "microsoft", device: "y" },
      "is taken here on hardware of amd, apple, intel, nvidia only, and this is microsoft y",
    ],
    [{}, "is taken here on hardware of amd, apple, intel, nvidia only, and this is an adapter without a name"],
  ])("does not take the package's %j, and leaves nothing of it", (info, reason) => {
    const report = run(format, project({ adapter: { info }, webgpu: true }));
    expect(report.chosen).toMatchObject({
      candidate: "wasm",
      tried: [{}, { candidate: "webgpu", reason: `WebGPU ${reason}` }, {}, {}],
    });
    expect(report).toMatchObject({ webgpu: NO_WEBGPU, loaded: [], warnings: [], inUse: "wasm", sum: 3 });
  });

  it("does not take it without an adapter, nor without TensorFlow.js's backend for it", () => {
    const nvidia = { info: { vendor: "nvidia" } };
    for (const [installed, reason] of [
      [{ adapter: null, webgpu: true }, "WebGPU has no adapter here"],
      [{ adapter: nvidia }, "@tensorflow/tfjs-backend-webgpu is not installed"],
      [{ webgpu: true }, "there is no WebGPU here, and webgpu is not installed"],
    ] as [Installed, string][]) {
      const report = run(format, project(installed));
      expect(report.chosen?.tried[1]).toEqual({ candidate: "webgpu", reason });
      expect(report).toMatchObject({ webgpu: NO_WEBGPU, warnings: [], inUse: "wasm" });
    }
  });

  it("does not take Dawn itself in software", {
    skip: missingVulkan() !== undefined || process.env.VK_DRIVER_FILES !== undefined,
  }, () => {
    const at = project({});
    link(join(at, "node_modules"), ["webgpu", "@tensorflow/tfjs-backend-webgpu"]);
    const report = run(format, at);
    expect(report.chosen?.tried[1]?.reason).toMatch(/^WebGPU runs in software here: google swiftshader/);
    expect(report).toMatchObject({ webgpu: NO_WEBGPU, warnings: [], inUse: "wasm", sum: 3 });
  });

  it("reports a backend for it that does not initialize, and leaves nothing of it", () => {
    const report = run(format, project({ adapter: { info: { vendor: "nvidia" } }, webgpu: false }));
    expect(report.chosen?.tried[1]).toMatchObject({ candidate: "webgpu", reason: "the device is lost", error: {} });
    expect(report.warnings).toContain("tfjs-uan: webgpu is broken: the device is lost");
    expect(report).toMatchObject({ webgpu: NO_WEBGPU, inUse: "wasm", sum: 3 });
  });

  it("finds the program's packages if the library is stored elsewhere", () => {
    const store = join(folder, `store-${format}`);
    link(join(store, "node_modules"), ["@assemblyscript/loader", "@tensorflow/tfjs-core"]);
    cpSync(library, join(store, "tfjs-uan"), { recursive: true });
    const at = project({ node: "works" });
    rmSync(join(at, "node_modules/tfjs-uan"), { recursive: true });
    symlinkSync(join(store, "tfjs-uan"), join(at, "node_modules/tfjs-uan"));
    expect(run(format, at).chosen?.candidate).toBe("tfjs-node");
  });

  it("finds packages next to the library if the program is stored elsewhere", () => {
    const at = project({ node: "works" });
    const program = `${MAIN}\nmain(${LOAD[format]}, {});`;
    const { chosen } = runNode(at, [`--input-type=${format === "esm" ? "module" : "commonjs"}`, "--eval", program]);
    expect(chosen?.candidate).toBe("tfjs-node");
  });
});

// Bundles: an application that imports the library and one backend.

const APP = `globalThis.done = useFastestBackend().then((chosen) => {
  return { chosen, inUse: tf.getBackend(), sum: tf.add([1], [2]).dataSync()[0], cpu: version_cpu };
});`;
// Importing a name keeps the backend in the bundle: its package declares that its file for Node.js has no side effects.
const APPS = {
  esm: `
    import * as tf from "@tensorflow/tfjs-core";
    import { version_cpu } from "@tensorflow/tfjs-backend-cpu";
    import { useFastestBackend } from "tfjs-uan";
    ${APP}`,
  cjs: `
    const tf = require("@tensorflow/tfjs-core");
    const { version_cpu } = require("@tensorflow/tfjs-backend-cpu");
    const { useFastestBackend } = require("tfjs-uan");
    ${APP}`,
};

function appProject(format: Format): string {
  const at = project({ wasm: false });
  write(join(at, "app.js"), APPS[format]);
  return at;
}

/** Runs a script as in a browser without a GPU. @param extra more globals */
async function runAsBrowser(script: string, extra: object = {}): Promise<Report> {
  const page: Record<string, unknown> = {
    console,
    WebAssembly,
    setTimeout,
    TextEncoder,
    performance,
    ...extra,
  };
  page.navigator = { userAgent: "none" };
  page.document = { createElement: () => ({ getContext: () => null }) };
  page.window = page;
  page.self = page;
  page.globalThis = page;
  runInNewContext(script, page);
  return (await page.done) as Report;
}

const inBrowser = ({ chosen, inUse, sum }: Report) => {
  expect(chosen?.tried.map(({ candidate, reason }) => `${candidate}: ${reason}`)).toEqual([
    "tfjs-node-gpu: @tensorflow/tfjs-node-gpu is not imported, and only Node.js (from 20.16, before in CommonJS), Bun and Deno can look for it",
    "webgpu: there is no WebGPU here",
    "webgl: @tensorflow/tfjs-backend-webgl is not imported",
    "tfjs-node: @tensorflow/tfjs-node is not imported, and only Node.js (from 20.16, before in CommonJS), Bun and Deno can look for it",
    "wasm: @tensorflow/tfjs-backend-wasm is not imported, and only Node.js (from 20.16, before in CommonJS), Bun and Deno can look for it",
  ]);
  expect({ candidate: chosen?.candidate, inUse, sum }).toEqual({ candidate: "cpu", inUse: "cpu", sum: 3 });
};

async function bundle(at: string, options: esbuild.BuildOptions): Promise<string> {
  const { outputFiles, errors, warnings } = await esbuild.build({
    entryPoints: [join(at, "app.js")],
    absWorkingDir: at,
    bundle: true,
    write: false,
    logLevel: "silent",
    ...options,
  });
  expect({ errors, warnings }).toEqual({ errors: [], warnings: [] });
  return outputFiles?.[0]?.text ?? "";
}

describe("in a bundle, without installed packages,", () => {
  it.each([
    "esm",
    "cjs",
  ] as const)("useFastestBackend imported as %s works without warnings, by esbuild for browsers", async (source) => {
    const at = appProject(source);
    for (const format of ["iife", "esm"] as const) {
      const text = await bundle(at, { platform: "browser", format });
      expect(text).toContain("useFastestBackend");
      expect(text).not.toMatch(/\b(import|require)\(["'`]@tensorflow\/tfjs-(node|backend)/);
      if (format === "esm") continue;
      inBrowser(await runAsBrowser(text));
      // Some bundlers define a process.
      inBrowser(await runAsBrowser(text, { process: { env: {}, browser: true, versions: {}, argv: [] } }));
    }
  });

  it("useFastestBackend works without warnings, by Vite", async () => {
    const at = appProject("esm");
    const said: string[] = [];
    const say = (text: string) => said.push(text);
    const customLogger = { ...vite.createLogger("silent"), warn: say, warnOnce: say, error: say };
    const built = await vite.build({
      root: at,
      configFile: false,
      customLogger,
      build: {
        write: false,
        lib: { entry: join(at, "app.js"), formats: ["iife"], name: "app" },
        rollupOptions: { onwarn: ({ message }) => say(message) },
      },
    });
    expect(said).toEqual([]);
    const [{ output }] = built as [vite.Rollup.RollupOutput];
    inBrowser(await runAsBrowser(output[0].code));
  });

  it.each([
    "esm",
    "cjs",
  ] as const)("useFastestBackend finds packages where the bundle runs, by esbuild for Node.js as %s", async (format) => {
    // For Node.js, TensorFlow.js's packages are CommonJS, and require its modules.
    const require = 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
    const text = await bundle(appProject("esm"), {
      platform: "node",
      format,
      banner: { js: format === "esm" ? require : "" },
      footer: {
        js: "globalThis.done.then((report) => console.log(JSON.stringify({ ...report, loaded: globalThis.loaded ?? [] })));",
      },
    });
    const name = `bundle.${EXTENSIONS[format]}`;
    const alone = join(folder, `alone-${format}`);
    write(join(alone, name), text);
    const report = runNode(alone, [name]);
    expect(report).toMatchObject({ inUse: "cpu", sum: 3 });
    expect(report.chosen?.tried.map(({ reason }) => reason)).toContain("@tensorflow/tfjs-node is not installed");
    const installed = project({ node: "works" });
    rmSync(join(installed, "node_modules/tfjs-uan"), { recursive: true });
    write(join(installed, name), text);
    expect(runNode(installed, [name])).toMatchObject({ inUse: "tensorflow", sum: 3, loaded: ["tfjs-node"] });
  });
});

it("tries all its candidates by default", async () => {
  const unknown = await useFastestBackend({ order: ["x" as BackendCandidate] }).catch(({ message }: Error) => message);
  expect(unknown).toContain(`be one of '${ALL.join("', '")}', got 'x'`);
});
