import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import type { BinaryExports, Pointer } from "../../src/binary/interface.js";
import { MAILBOX_BYTES, MAX_CALLS, WorkerPool } from "../../src/launch/workerPool.js";

const module = new WebAssembly.Module(readFileSync("build/wasm/tfjs-uan-threaded-simd.wasm"));
const CHANNELS = 4;
const MAILBOX = 64 as Pointer;
const TABLE = 4096 as Pointer;
const PARAMETERS = 60_000;
const X = 65536;
/** Activations of a call. */
const CHUNK = 40_000;
const Y = X + 4 * MAX_CALLS * CHUNK;

let memory: WebAssembly.Memory;
let binary: BinaryExports;
let floats: Float32Array;
let workers: WorkerPool;

/** One Gaussian of mean 1 and variance 4 in every channel. */
beforeEach(() => {
  memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  binary = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as BinaryExports;
  floats = new Float32Array(memory.buffer);
  floats.set(normal(generator(1), MAX_CALLS * CHUNK), X / 4);
  floats.fill(1, PARAMETERS / 4, PARAMETERS / 4 + CHANNELS);
  floats.fill(4, PARAMETERS / 4 + CHANNELS, PARAMETERS / 4 + 2 * CHANNELS);
  floats[PARAMETERS / 4 + 2 * CHANNELS] = 1;
  const [mean, variance, prior] = [PARAMETERS, PARAMETERS + 4 * CHANNELS, PARAMETERS + 8 * CHANNELS] as [
    Pointer,
    Pointer,
    Pointer,
  ];
  const none = 0 as Pointer;
  for (let i = 0; i < MAX_CALLS; i++) {
    binary.mixture_prepare(
      (TABLE + i * tableBytes()) as Pointer,
      mean,
      variance,
      prior,
      none,
      none,
      CHANNELS,
      1,
      1,
      0,
      0,
      true,
      false,
    );
  }
});

afterEach(() => workers.terminate());

const tableBytes = () => Math.ceil(binary.mixture_table_bytes(CHANNELS, 1, 1, 0) / 16) * 16;

function start(count: number): void {
  const { uan_grad_accumulator_count, uan_apply } = binary;
  workers = new WorkerPool({ uan_grad_accumulator_count, uan_apply }, module, memory, MAILBOX, count + 1);
}

/** Until a thread has. */
async function started(): Promise<void> {
  workers.run("uan_apply", calls(1));
  while (workers.started === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

const call = (i: number) => [TABLE + i * tableBytes(), X + 4 * i * CHUNK, Y + 4 * i * CHUNK, i * CHUNK, CHUNK];
const calls = (count: number) => Array.from({ length: count }, (_, i) => call(i));

function expectForward(count: number): void {
  const y = floats.subarray(Y / 4, Y / 4 + count * CHUNK);
  const faults = y.reduce((sum, value, i) => sum + Number(Math.abs(value - ((floats[X / 4 + i] as number) - 1) / 2) > 1e-5), 0);
  expect(faults).toBe(0);
}

describe("Threads", () => {
  it("makes every call, run after run, whether threads have started or not", async () => {
    start(2);
    workers.run("uan_apply", calls(MAX_CALLS));
    expectForward(MAX_CALLS);
    await started();
    for (let run = 0; run < 300; run++) {
      const count = 1 + (run % MAX_CALLS);
      floats.fill(0, Y / 4, Y / 4 + MAX_CALLS * CHUNK);
      workers.run("uan_apply", calls(count));
      expectForward(count);
      expect(floats[Y / 4 + count * CHUNK] ?? 0).toBe(0);
    }
  });

  it("lets others have a share of the work", async () => {
    start(1);
    await started();
    // Only this thread's functions count.
    let here = 0;
    const counting = new WorkerPool(
      {
        uan_grad_accumulator_count: binary.uan_grad_accumulator_count,
        uan_apply(...args: Parameters<BinaryExports["uan_apply"]>) {
          here++;
          binary.uan_apply(...args);
        },
      },
      module,
      memory,
      (MAILBOX + MAILBOX_BYTES) as Pointer,
      2,
    );
    counting.run("uan_apply", calls(1));
    while (counting.started === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    here = 0;
    let runs = 0;
    for (; runs < 500 && here === runs * MAX_CALLS; runs++) counting.run("uan_apply", calls(MAX_CALLS));
    counting.terminate();
    expect(here).toBeLessThan(runs * MAX_CALLS);
    expectForward(MAX_CALLS);
  });

  it("throws where a call does, and goes on", async () => {
    start(1);
    await started();
    for (let run = 0; run < 50; run++) {
      const bad = [...calls(3), [TABLE, 0x7fff_0000, Y, 0, CHUNK]];
      expect(() => workers.run("uan_apply", bad)).toThrow("tfjs-uan: uan_apply failed");
      workers.run("uan_apply", calls(2));
      expectForward(2);
    }
  });

  it("refuses calls that do not fit in its mailbox", () => {
    start(1);
    const tooMany = calls(MAX_CALLS + 1);
    const tooLong = [Array.from({ length: 13 }, () => 0)];
    const uneven = [...calls(1), [0]];
    for (const bad of [tooMany, tooLong, uneven]) {
      expect(() => workers.run("uan_apply", bad)).toThrow("do not fit in the workers' mailbox");
    }
  });

  it("does without threads where none may start", () => {
    start(0);
    workers.run("uan_apply", calls(3));
    expectForward(3);
  });
});
