import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chosenWasmModule, setWasmModules, unsupervisedAdaptiveNormalization, type WasmModules } from "../src/index.js";
import { useWasmModules } from "../src/workers.js";
import { expectClose } from "./helpers/closeness.js";

const FACTORY = "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm.js";
const bytes = (name: string) => readFileSync(`node_modules/@tensorflow/tfjs-backend-wasm/dist/${name}.wasm`);
const tensorflow = new WebAssembly.Module(bytes("tfjs-backend-wasm-simd"));
const ours = (name: string) => new WebAssembly.Module(readFileSync(`build/wasm/tfjs-uan-${name}.wasm`));
const simd = ours("simd");
const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));

/** TensorFlow.js's binary as of another version: a function has another name. */
function renamed(from: string, to: string): WebAssembly.Module {
  const binary = bytes("tfjs-backend-wasm-simd");
  const at = binary.indexOf(String.fromCharCode(from.length) + from);
  binary.write(to, at + 1, "latin1");
  return new WebAssembly.Module(binary);
}

/** Creates TensorFlow.js's backend by the factory that its import has registered. */
const tensorflowsOwn = tf.findBackendFactory("wasm");

afterEach(() => {
  setWasmModules({ scalar: undefined, simd: undefined });
  if (tf.findBackendFactory("wasm")) tf.removeBackend("wasm");
});

function expectWorking(): void {
  expect(tf.getBackend()).toBe("wasm");
  const y = tf.tidy(() =>
    unsupervisedAdaptiveNormalization(tf.tensor2d([[3, -4]]), [[1, 2]], [[4, 9]], [1], { epsilon: 0 }).dataSync(),
  );
  expectClose(y, [1, -2], 1e-5);
}

describe("useWasmModules", () => {
  it("starts 'wasm' with the given binaries", async () => {
    const { process } = globalThis;
    await useWasmModules({ tensorflow, uan: { simd } });
    expect(globalThis.process).toBe(process);
    expect(chosenWasmModule()).toBe("simd");
    expectWorking();
  });

  it("works without SIMD", async () => {
    await useWasmModules({ tensorflow: new WebAssembly.Module(bytes("tfjs-backend-wasm")), uan: { scalar: ours("scalar") } });
    expect(chosenWasmModule()).toBe("scalar");
    expectWorking();
  });

  it("keeps the backend when it is called again, and makes it the current backend", async () => {
    await Promise.all([useWasmModules({ tensorflow, uan: { simd } }), useWasmModules({ tensorflow, uan: { simd } })]);
    const backend = tf.backend();
    const x = tf.scalar(7);
    await tf.setBackend("cpu");
    await useWasmModules({ tensorflow, uan: { simd } });
    expect(tf.backend()).toBe(backend);
    expect(x.dataSync()[0]).toBe(7);
    expectWorking();
  });

  it("creates the backend again after it was removed", async () => {
    await useWasmModules({ tensorflow, uan: { simd } });
    tf.removeBackend("wasm");
    await useWasmModules({ tensorflow, uan: { simd } });
    expectWorking();
  });

  it("refuses to replace a backend that has started", async () => {
    tf.registerBackend("wasm", tensorflowsOwn);
    await tf.setBackend("wasm");
    await tf.setBackend("cpu");
    await expect(useWasmModules({ tensorflow, uan: { simd } })).rejects.toThrow("before it is first used");
  });

  it.each<[string, unknown, unknown, string]>([
    ["no module", undefined, { simd }, "'tensorflow' must be tfjs-backend-wasm-simd.wasm"],
    ["bytes", bytes("tfjs-backend-wasm-simd"), { simd }, "got object"],
    ["the library's binary", simd, { simd }, "got one that imports a memory"],
    ["the threaded binary", new WebAssembly.Module(bytes("tfjs-backend-wasm-threaded-simd")), { simd }, "imports a memory"],
  ])("refuses %s instead of TensorFlow.js's binary", async (_, theirs, uan, message) => {
    const given = { tensorflow: theirs as WebAssembly.Module, uan: uan as WasmModules };
    await expect(useWasmModules(given)).rejects.toThrow(TypeError);
    await expect(useWasmModules(given)).rejects.toThrow(message);
  });

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "'uan' must have one of 'relaxedSimd', 'simd', 'scalar'"],
    ["a module without its name", simd, "'uan' must have one of"],
    ["a threaded one alone", { threadedSimd: ours("threaded-simd") }, "'uan' must have one of"],
    ["bytes", { simd: new Uint8Array(8) }, "'uan.simd' must be a binary of tfjs-uan/wasm, a WebAssembly.Module; got object"],
    ["TensorFlow.js's", { simd: tensorflow }, "got one that imports no memory"],
    ["an unknown name", { simd, sse: simd }, "got 'sse'"],
  ])("refuses %s instead of the library's binaries", async (_, uan, message) => {
    await expect(useWasmModules({ tensorflow, uan: uan as WasmModules })).rejects.toThrow(TypeError);
    await expect(useWasmModules({ tensorflow, uan: uan as WasmModules })).rejects.toThrow(message);
  });

  it.each([
    ["no binary of TensorFlow.js", empty, /4\.0 to 4\.22.*in 4\.22\.0 .*'tensorflow' cannot be instantiated: TypeError/],
    ["one of another version", renamed("Cumprod", "Cumquat"), /'tensorflow', of another version perhaps,.* _Cumprod$/],
  ])("reports a module that is %s, and can be called again", async (_, module, message) => {
    await expect(useWasmModules({ tensorflow: module, uan: { simd } })).rejects.toThrow(message);
    await useWasmModules({ tensorflow, uan: { simd } });
    expectWorking();
  });
});

describe("an unexpected TensorFlow.js", () => {
  const actual = createRequire(import.meta.url)(FACTORY) as (module: Record<string, unknown>) => Promise<unknown>;

  afterEach(() => {
    vi.doUnmock(FACTORY);
    vi.resetModules();
  });

  it.each<[string, unknown, string]>([
    ["exports no factory", {}, "wasm-out/tfjs-backend-wasm.js exports object, not a function"],
    [
      "has a factory that throws",
      () => {
        throw new ReferenceError("__dirname is not defined");
      },
      "factory does not run here: ReferenceError: __dirname",
    ],
    ["does not let us instantiate", async () => undefined, "Emscripten's factory does not call instantiateWasm"],
    ["has no cwrap", (module: Record<string, unknown>) => actual(module).then(() => delete module.cwrap), "has no cwrap"],
    [
      "lacks a function that its backend calls",
      (module: Record<string, unknown>) => actual(module).then(() => delete module._dispose_data),
      "has no function _dispose_data",
    ],
  ])("is refused if it %s", async (_, factory, message) => {
    vi.doMock(FACTORY, () => ({ default: factory }));
    vi.resetModules();
    const { usePrecompiledBackend } = await import("../src/tensorflow/precompiledBackend.js");
    const registered = tf.findBackendFactory("wasm");
    await expect(usePrecompiledBackend(tensorflow)).rejects.toThrow(message);
    expect(tf.findBackendFactory("wasm")).toBe(registered);
  });
});
