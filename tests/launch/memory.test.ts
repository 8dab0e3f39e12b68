import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { mixtureMoments, mixtureResponsibilities, setWasmModules, unsupervisedAdaptiveNormalization } from "../../src/index.js";
import { normalize } from "../../src/reference/mixture.js";
import { BACKENDS, useBackend } from "../helpers/backends.js";
import { expectClose } from "../helpers/closeness.js";
import { heap, heldBy } from "../helpers/heap.js";
import { makeCase } from "../helpers/problems.js";
import { read, tensorsOf } from "../helpers/tensors.js";

function memory(): WebAssembly.Memory {
  const { asm = {} } = heap();
  return Object.values(asm).find((value) => value instanceof WebAssembly.Memory) as WebAssembly.Memory;
}

const problem = makeCase({ shape: [3, 5, 7], axis: 1 });

function everything(): void {
  tf.tidy(() => {
    const { x, mean, variance, prior } = tensorsOf(problem);
    const f = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, prior: tf.Tensor) =>
      unsupervisedAdaptiveNormalization(x, mean, variance, prior, { axis: 1 });
    tf.grads(f)([x, mean, variance, prior]);
    mixtureResponsibilities(x, mean, variance, prior, { axis: 1 });
    mixtureMoments(x, mean, variance, prior, { axis: 1 });
    expect(() => f(tf.zeros([2, 2]), mean, variance, prior)).toThrow("argument");
  });
}

describe.each(BACKENDS)("tensors on '%s'", (backend) => {
  beforeEach(() => useBackend(backend));

  it("none is left over by 1,000 forward and backward calls, also when a call throws", () => {
    everything();
    const before = tf.memory();
    if (backend === "wasm") expect(heldBy(() => repeat(1000))).toBe(0);
    else repeat(1000);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  });
});

function repeat(times: number): void {
  for (let i = 0; i < times; i++) everything();
}

describe("the WASM backend's memory", () => {
  beforeEach(() => useBackend("wasm"));
  afterEach(() => vi.restoreAllMocks());

  const forward = () =>
    read(() => {
      const { x, mean, variance, prior } = tensorsOf(problem);
      return unsupervisedAdaptiveNormalization(x, mean, variance, prior, { axis: 1 });
    });

  it("holds one output and a table of constants more while a call runs, nothing else", () => {
    const large = makeCase({ shape: [64, 64, 64] });
    const { x, mean, variance, prior } = tensorsOf(large);
    const wasm = heap();
    const { _malloc } = wasm;
    const taken: number[] = [];
    wasm._malloc = (bytes) => {
      taken.push(bytes);
      return _malloc(bytes);
    };
    try {
      unsupervisedAdaptiveNormalization(x, mean, variance, prior);
    } finally {
      wasm._malloc = _malloc;
    }
    expect(taken.filter((bytes) => bytes === 4 * x.size)).toHaveLength(1);
    const rest = taken.reduce((sum, bytes) => sum + bytes, 0) - 4 * x.size;
    expect(rest).toBeLessThan(200 * 3 * 64);
  });

  it("may grow in the middle of a call", () => {
    const pages = memory().buffer.byteLength;
    const wasm = heap();
    const { _malloc } = wasm;
    wasm._malloc = (bytes) => {
      const at = _malloc(bytes);
      const more = _malloc(memory().buffer.byteLength);
      expect(more).not.toBe(0);
      wasm._free(more);
      return at;
    };
    try {
      const { x, mean, variance, prior } = tensorsOf(problem);
      const y = unsupervisedAdaptiveNormalization(x, mean, variance, prior, { axis: 1 });
      expect(memory().buffer.byteLength).toBeGreaterThan(pages);
      expectClose(y.dataSync(), normalize(problem), 5e-5);
    } finally {
      wasm._malloc = _malloc;
    }
  });

  it.each([1, 2])("gives everything back where allocation %i of a call fails", (failing) => {
    const { x, mean, variance, prior } = tensorsOf(problem);
    const before = tf.memory().numTensors;
    let error: unknown;
    const held = heldBy(() => {
      const wasm = heap();
      const { _malloc } = wasm;
      let calls = 0;
      wasm._malloc = (bytes) => (++calls === failing ? 0 : _malloc(bytes));
      try {
        unsupervisedAdaptiveNormalization(x, mean, variance, prior, { axis: 1 });
      } catch (caught) {
        error = caught;
      } finally {
        wasm._malloc = _malloc;
      }
    });
    expect(String(error)).toMatch(/tfjs-uan: the WASM backend has no .*left for a t/);
    expect(held).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
    expectClose(forward(), normalize(problem), 5e-5);
  });

  it("where it cannot be reached, tensors are copied, and that is said once", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const backend = tf.backend() as unknown as { getMemoryOffset: unknown };
    const { getMemoryOffset } = backend;
    try {
      backend.getMemoryOffset = undefined;
      expectClose(forward(), normalize(problem), 5e-5);
      const held = heldBy(() => {
        forward();
      });
      expect(held).toBe(0);
      expect(warn.mock.calls.map(([text]) => text)).toEqual([
        "tfjs-uan: the memory of the WASM backend cannot be reached; tensors are copied, which is slower.",
      ]);
    } finally {
      backend.getMemoryOffset = getMemoryOffset;
    }
  });

  it("is another after the backend was removed and registered anew, and tensors of other backends come along", async () => {
    const first = memory();
    const factory = tf.findBackendFactory("wasm");
    await tf.setBackend("cpu");
    const { x, mean, variance, prior } = tensorsOf(problem);
    tf.removeBackend("wasm");
    tf.registerBackend("wasm", factory, 2);
    await useBackend("wasm");
    expect(memory()).not.toBe(first);
    expectClose(unsupervisedAdaptiveNormalization(x, mean, variance, prior, { axis: 1 }).dataSync(), normalize(problem), 5e-5);
    expectClose(forward(), normalize(problem), 5e-5);
  });

  it("takes compiled modules, where bytes cannot be compiled", () => {
    const module = new WebAssembly.Module(readFileSync(new URL("../../build/wasm/tfjs-uan-simd.wasm", import.meta.url)));
    setWasmModules({ simd: module });
    const look = vi.spyOn(WebAssembly, "validate");
    expectClose(forward(), normalize(problem), 5e-5);
    expect(look).not.toHaveBeenCalled();
  });

  it("the binary for a shared memory computes the same", () => {
    const require = createRequire(import.meta.url);
    const { instantiateSync } = require("@assemblyscript/loader") as typeof import("@assemblyscript/loader");
    const bytes = readFileSync(new URL("../../build/wasm/tfjs-uan-threaded-simd.wasm", import.meta.url));
    const shared = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
    type Exports = Record<"mixture_table_bytes" | "mixture_prepare" | "uan_apply", (...numbers: number[]) => number>;
    const { exports } = instantiateSync<Exports>(bytes, { env: { memory: shared } });
    const next = { at: 1024 };
    const put = (values: Float32Array) => {
      const { at } = next;
      new Float32Array(shared.buffer, at, values.length).set(values);
      next.at += values.length * 4;
      return at;
    };
    const [x, mean, variance, prior] = [problem.x, problem.mean, problem.variance, problem.prior].map(put);
    const y = put(new Float32Array(problem.x.length));
    const table = next.at + 16;
    const { channels, inner, components, epsilon } = problem;
    exports.mixture_prepare(table, ...([mean, variance, prior] as number[]), 0, 0, channels, inner, components, 0, epsilon, 1);
    exports.uan_apply(table, x as number, y, 0, problem.x.length);
    expectClose(new Float32Array(shared.buffer, y, problem.x.length).slice(), normalize(problem), 5e-5);
  });
});
