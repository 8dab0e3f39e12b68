import { readFileSync } from "node:fs";
import os from "node:os";
import worker_threads from "node:worker_threads";
import "@tensorflow/tfjs-backend-cpu";
import { setThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chosenWasmModule, setThreadCount, unsupervisedAdaptiveNormalization } from "../src/index.js";
import { normalize } from "../src/reference/mixture.js";
import { useThreadedBackend } from "../src/threads.js";
import { useWasmModules } from "../src/workers.js";
import { expectClose } from "./helpers/closeness.js";
import { makeCase } from "./helpers/problems.js";

/** TensorFlow.js's registration, which tests replace. */
const theirs = tf.findBackendFactory("wasm") as () => Promise<tf.KernelBackend>;
const { Worker } = worker_threads;
/** Threads that live, beside this one. */
const living = new Set<object>();

beforeEach(() => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  worker_threads.Worker = class extends Worker {
    constructor(file: string | URL, options?: worker_threads.WorkerOptions) {
      super(file, options);
      living.add(this);
      this.on("exit", () => living.delete(this));
    }
  };
});

afterEach(async () => {
  worker_threads.Worker = Worker;
  vi.restoreAllMocks();
  if (tf.findBackendFactory("wasm")) tf.removeBackend("wasm");
  await tf.setBackend("cpu");
  tf.registerBackend("wasm", theirs);
});

const untilLiving = (count: number) => vi.waitFor(() => expect(living.size).toBe(count), { interval: 1, timeout: 20_000 });
const warnings = () => vi.mocked(console.warn).mock.calls.flat();

const problem = makeCase({ shape: [10, 20, 30, 40] });
const expected = normalize(problem);

/** y of activations that are worth threads, compared with the reference. */
function compute(): Float32Array {
  const { shape, x, mean, variance, prior, epsilon } = problem;
  const mixture = [tf.tensor2d(mean, [3, 40]), tf.tensor2d(variance, [3, 40]), tf.tensor1d(prior)] as const;
  const y = tf.tidy(() => unsupervisedAdaptiveNormalization(tf.tensor(x, shape), ...mixture, { epsilon }).dataSync());
  tf.dispose([...mixture]);
  expectClose(y, expected, 5e-5);
  return y as Float32Array;
}

const areEqual = (a: Float32Array, b: Float32Array) => a.length === b.length && a.every((value, i) => value === b[i]);

const isShared = () => {
  const { wasm } = tf.backend() as unknown as { wasm: { wasmMemory?: WebAssembly.Memory } };
  return wasm.wasmMemory?.buffer instanceof SharedArrayBuffer;
};

describe("useThreadedBackend", () => {
  it("makes 'wasm' the current backend, over shared memory, with as many threads as are asked for", async () => {
    expect(await useThreadedBackend({ threads: 3 })).toEqual({ threads: 3 });
    expect(tf.getBackend()).toBe("wasm");
    expect(isShared()).toBe(true);
    expect(living.size).toBe(2);
    compute();
    expect(living.size).toBe(2);
    expect(chosenWasmModule(true)).toBe("threadedSimd");
    expect(warnings()).toEqual([]);
  });

  it.each([
    [2, 2],
    [7, 7],
    [100, 8],
  ])("on a machine of %i cores takes %i threads", async (cores, threads) => {
    vi.spyOn(os, "availableParallelism").mockReturnValue(cores);
    vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) =>
      name === "node:fs" ? noCgroups : getBuiltinModule(name)) as typeof process.getBuiltinModule);
    expect(await useThreadedBackend()).toEqual({ threads });
    compute();
  });

  it("leaves globals, and what listens to errors of the process, as they are", async () => {
    const before = [process.listeners("uncaughtException"), process.listeners("unhandledRejection"), process.listeners("exit")];
    const globals = ["process", "Worker"].map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
    await useThreadedBackend({ threads: 2 });
    compute();
    expect(["process", "Worker"].map((name) => Object.getOwnPropertyDescriptor(globalThis, name))).toEqual(globals);
    expect([process.listeners("uncaughtException"), process.listeners("unhandledRejection"), process.listeners("exit")]).toEqual(
      before,
    );
  });

  it("gives the same numbers on any number of threads, which later calls and setThreadCount change", async () => {
    await useThreadedBackend({ threads: 2 });
    const y = compute();
    const x = tf.scalar(7);
    const backend = tf.backend();
    for (const count of [3, 1, 2]) {
      await tf.setBackend("cpu");
      expect(await useThreadedBackend({ threads: count })).toEqual({ threads: count });
      expect(areEqual(compute(), y)).toBe(true);
      await untilLiving(count - 1);
    }
    for (const count of [4, 1]) {
      setThreadCount(count);
      expect(areEqual(compute(), y)).toBe(true);
      await untilLiving(count - 1);
    }
    expect(await useThreadedBackend({ threads: 2 })).toEqual({ threads: 2 });
    expect(areEqual(compute(), y)).toBe(true);
    expect(tf.backend()).toBe(backend);
    expect(x.dataSync()[0]).toBe(7);
    x.dispose();
  });

  it("gives the same numbers on any number of threads where TensorFlow.js's kernels would be faster on one", async () => {
    const results = () =>
      tf.tidy(() => {
        const x = tf.reshape<tf.Rank.R4>(tf.linspace(-1, 1, 4 * 56 * 56 * 24), [4, 56, 56, 24]);
        const filter = tf.reshape<tf.Rank.R4>(tf.linspace(1, -1, 3 * 3 * 24 * 32), [3, 3, 24, 32]);
        const depthwise = tf.reshape<tf.Rank.R4>(tf.linspace(-1, 1, 2 * 2 * 24), [2, 2, 24, 1]);
        return [
          tf.conv2d(x, filter, 2, "same"),
          tf.conv2d(x, filter, 1, "valid"),
          tf.depthwiseConv2d(x, depthwise, 1, "same"),
          tf.maxPool(x, 2, 2, "same"),
          tf.avgPool(x, 3, 2, "same"),
          tf.sigmoid(x),
          tf.softmax(x),
        ].map((y) => y.dataSync().slice());
      });
    const all = [];
    for (const threads of [1, 2, 5]) {
      await useThreadedBackend({ threads });
      all.push(results());
      setThreadCount(1);
      all.push(results());
    }
    for (const each of all.slice(1)) expect(each).toEqual(all[0]);
  });

  it("has calls wait for each other", async () => {
    const counts = [2, 3, 1, 2].map((threads) => useThreadedBackend({ threads }));
    expect((await Promise.all(counts)).map(({ threads }) => threads)).toEqual([2, 3, 1, 2]);
    await untilLiving(1);
    compute();
    expect(warnings()).toEqual([]);
  });

  it("is not kept waiting by setThreadCount, called as its threads start", async () => {
    const call = useThreadedBackend({ threads: 3 });
    await untilLiving(2);
    setThreadCount(2);
    await call;
    compute();
    await untilLiving(1);
    expect(warnings()).toEqual([]);
  });

  it("computes with one thread of TensorFlow.js's, however many that is told to take", async () => {
    setThreadsCount(4);
    await useThreadedBackend({ threads: 2 });
    const product = tf.tidy(() => tf.matMul(tf.ones([300, 300]), tf.ones([300, 300])).dataSync());
    expect(product.every((value) => value === 300)).toBe(true);
    setThreadsCount(-1);
  });

  it.each([0, 65, 1.5, Number.NaN, "2"])("refuses %j threads, and changes nothing", async (threads) => {
    const call = useThreadedBackend({ threads: threads as number });
    await expect(call).rejects.toThrow(`argument 'threads' must be an integer from 1 to 64, got ${threads}`);
    expect(tf.getBackend()).toBe("cpu");
    expect(tf.findBackendFactory("wasm")).toBe(theirs);
  });

  it("refuses to replace a backend that somebody else has started, or is starting", async () => {
    const starting = tf.setBackend("wasm");
    const message = "useThreadedBackend: backend 'wasm' is there already";
    await expect(useThreadedBackend({ threads: 2 })).rejects.toThrow(message);
    await starting;
    const [backend, x] = [tf.backend(), tf.scalar(7)];
    await expect(useThreadedBackend({ threads: 2 })).rejects.toThrow(message);
    expect(tf.backend()).toBe(backend);
    expect(x.dataSync()[0]).toBe(7);
    expect(living.size).toBe(0);
    expect(warnings()).toEqual([]);
  });

  it("refuses to replace one of useWasmModules, which refuses to replace its", async () => {
    const binary = (path: string) => new WebAssembly.Module(readFileSync(path));
    const modules = {
      tensorflow: binary("node_modules/@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"),
      uan: { simd: binary("build/wasm/tfjs-uan-simd.wasm") },
    };
    await useWasmModules(modules);
    await expect(useThreadedBackend({ threads: 2 })).rejects.toThrow("'wasm' is there already");
    expect(isShared()).toBe(false);
    tf.removeBackend("wasm");
    await useThreadedBackend({ threads: 2 });
    await expect(useWasmModules(modules)).rejects.toThrow("'wasm' is there already");
    expect(isShared()).toBe(true);
  });

  it("ends its threads when the backend is removed, and makes another when it is called again", async () => {
    for (let time = 0; time < 3; time++) {
      await useThreadedBackend({ threads: 3 });
      compute();
      tf.removeBackend("wasm");
      await untilLiving(0);
    }
    expect(await useThreadedBackend({ threads: 1 })).toEqual({ threads: 1 });
    expect(isShared()).toBe(true);
    compute();
    await untilLiving(0);
  });
});

const { getBuiltinModule } = process;
/** A file system without control groups. */
const noCgroups = {
  promises: { readFile: async (file: string) => readFileSync(file) },
  readFileSync: () => undefined,
};

describe("where there are no threads, useThreadedBackend", () => {
  const texts = () => warnings().filter((text) => String(text).startsWith("tfjs-uan: "));
  const prefix = "tfjs-uan: useThreadedBackend: there are no threads to be had here, so that 'wasm' runs on one:";

  async function expectFallback(warning: string): Promise<void> {
    for (let time = 0; time < 2; time++) {
      expect(await useThreadedBackend({ threads: 2 })).toEqual({ threads: 1 });
      expect(tf.getBackend()).toBe("wasm");
      expect(isShared()).toBe(false);
      compute();
      tf.removeBackend("wasm");
      tf.registerBackend("wasm", theirs);
    }
    expect(texts()).toEqual([`${prefix} ${warning}`]);
    expect(living.size).toBe(0);
  }

  it("warns once and computes on one, if a Worker throws", async () => {
    worker_threads.Worker = class {
      constructor() {
        throw new Error("no workers in tests");
      }
    } as unknown as typeof Worker;
    await expectFallback("no workers in tests");
  });

  it("warns once and computes on one, if a thread ends as it starts", async () => {
    worker_threads.Worker = class extends Worker {
      constructor(_: string | URL, options?: worker_threads.WorkerOptions) {
        super("throw new Error('ended in tests')", options);
      }
    };
    await expectFallback("ended in tests");
  });

  it("warns once and computes on one, if TensorFlow.js's binary cannot be compiled", async () => {
    vi.spyOn(WebAssembly, "compile").mockRejectedValue(new Error("not compiled in tests"));
    await expectFallback("not compiled in tests");
  });

  it("keeps the backend that it has made, and its tensors, if a later call's threads do not start", async () => {
    await useThreadedBackend({ threads: 2 });
    const x = tf.scalar(7);
    worker_threads.Worker = class {
      constructor() {
        throw new Error("no more workers in tests");
      }
    } as unknown as typeof Worker;
    expect(await useThreadedBackend({ threads: 3 })).toEqual({ threads: 1 });
    compute();
    expect(x.dataSync()[0]).toBe(7);
    expect(texts()).toEqual([
      "tfjs-uan: useThreadedBackend: threads cannot be started, so that 'wasm' runs on one: no more workers in tests",
    ]);
  });

  it("says so once on a machine of one core", async () => {
    vi.spyOn(os, "availableParallelism").mockReturnValue(1);
    for (let time = 0; time < 2; time++) {
      expect(await useThreadedBackend()).toEqual({ threads: 1 });
      expect(texts()).toHaveLength(1);
      expect(isShared()).toBe(false);
    }
    expect(texts()[0]).toContain("there is one core to use here");
    compute();
  });

  it("says nothing if one thread is asked for, which has the threaded binary, too", async () => {
    expect(await useThreadedBackend({ threads: 1 })).toEqual({ threads: 1 });
    expect(texts()).toEqual([]);
    expect(isShared()).toBe(true);
    compute();
  });
});
