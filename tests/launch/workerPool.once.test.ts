import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { generator, normal } from "../../learning/random.js";
import type { BinaryExports, Pointer } from "../../src/binary/interface.js";
import { PAGE } from "../../src/binary/pages.js";
import { MAILBOX_BYTES, MAX_CALLS, WorkerPool } from "../../src/launch/workerPool.js";

const module = new WebAssembly.Module(readFileSync("build/wasm/tfjs-uan-threaded-simd.wasm"));
const CHANNELS = 4;
const MAILBOX = 64 as Pointer;
/** Behind two mailboxes. */
const PARAMETERS = MAILBOX + 2 * MAILBOX_BYTES;
const TABLE = 4096 as Pointer;
/** Behind a table for each call. */
const X = 2 * PAGE;
/** Activations of a call. */
const CHUNK = 40_000;
const Y = X + 4 * MAX_CALLS * CHUNK;
const END = Y + 4 * MAX_CALLS * CHUNK;

let memory: WebAssembly.Memory;
let binary: BinaryExports;
let floats: Float32Array;
let workers: WorkerPool;

/** One Gaussian of mean 1 and variance 4 in every channel. */
beforeEach(() => {
  memory = new WebAssembly.Memory({ initial: Math.ceil(END / PAGE), maximum: 65536, shared: true });
  binary = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as BinaryExports;
  floats = new Float32Array(memory.buffer);
  expect(TABLE + MAX_CALLS * tableBytes()).toBeLessThanOrEqual(X);
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

/** Starts a thread. @returns how many calls it has taken since it began, or `forget` was called */
async function counting() {
  const { uan_grad_accumulator_count } = binary;
  let [here, runs] = [0, 0];
  // Only this thread's functions count.
  const uan_apply = (...args: Parameters<BinaryExports["uan_apply"]>) => {
    here++;
    binary.uan_apply(...args);
  };
  workers = new WorkerPool({ uan_grad_accumulator_count, uan_apply }, module, memory, MAILBOX, 2);
  await started();
  const run = workers.run.bind(workers);
  workers.run = (name, calls, wakes) => {
    runs += calls.length;
    run(name, calls, wakes);
  };
  const forget = () => {
    here = 0;
    runs = 0;
  };
  forget();
  return { taken: () => runs - here, forget };
}

const call = (i: number) => [TABLE + i * tableBytes(), X + 4 * i * CHUNK, Y + 4 * i * CHUNK, i * CHUNK, CHUNK];
const calls = (count: number) => Array.from({ length: count }, (_, i) => call(i));

function expectForward(count: number): void {
  const y = floats.subarray(Y / 4, Y / 4 + count * CHUNK);
  const faults = y.reduce((sum, value, i) => sum + Number(Math.abs(value - ((floats[X / 4 + i] as number) - 1) / 2) > 1e-5), 0);
  expect(faults).toBe(0);
}

/** A module over a shared memory, with functions `spin`, which never returns, and `trap`, which traps. */
const FAULTY = new WebAssembly.Module(
  // biome-ignore format: a section in a line
  Uint8Array.from([
    0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    1, 4, 1, 0x60, 0, 0, // a type: no parameters, no results
    2, 18, 1, 3, ...Buffer.from("env"), 6, ...Buffer.from("memory"), 2, 3, 0, 0x80, 0x80, 4,
    3, 3, 2, 0, 0, // two functions of that type
    7, 15, 2, 4, ...Buffer.from("spin"), 0, 0, 4, ...Buffer.from("trap"), 0, 1,
    10, 13, 2, 7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b, 3, 0, 0x00, 0x0b, // loop br 0 end; unreachable
  ]),
);

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
    const others = await counting();
    for (let run = 0; run < 500 && others.taken() === 0; run++) workers.run("uan_apply", calls(MAX_CALLS));
    expect(others.taken()).toBeGreaterThan(0);
    expectForward(MAX_CALLS);
  });

  it("lets threads sleep where it is told to", async () => {
    const others = await counting();
    // The thread may be about to fall asleep.
    let alone = 0;
    for (let run = 0; run < 200 && alone < 20; run++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      others.forget();
      workers.run("uan_apply", calls(MAX_CALLS), false);
      alone = others.taken() === 0 ? alone + 1 : 0;
    }
    expect(alone).toBe(20);
  });

  it("throws where a call does, and goes on", async () => {
    start(1);
    await started();
    const message = "tfjs-uan: uan_apply failed: RuntimeError: memory access out of bounds";
    for (let run = 0; run < 50; run++) {
      const bad = [...calls(3), [TABLE, 0x7fff_0000, Y, 0, CHUNK]];
      expect(() => workers.run("uan_apply", bad)).toThrow(message);
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

describe("A thread with a fault", () => {
  let calledHere: number;

  /** One thread beside the caller's, which calls a function once, and returns when the thread has taken the other call. */
  beforeEach(async () => {
    const words = new Int32Array(memory.buffer, MAILBOX);
    calledHere = 0;
    const untilTaken = () => {
      calledHere++;
      while ((Atomics.load(words, 0) & 0xff) > 0);
    };
    workers = new WorkerPool({ spin: untilTaken, trap: untilTaken }, FAULTY, memory, MAILBOX, 2);
    await workers.start();
  });

  it("is an error with its cause to the caller, and the pool goes on", () => {
    for (let run = 0; run < 20; run++) {
      expect(() => workers.run("trap", [[0], [0]])).toThrow("tfjs-uan: trap failed: RuntimeError: unreachable");
    }
    expect(workers.hasFailed).toBe(false);
  });

  it("is given up after a minute, if it does not return; the caller computes alone then", () => {
    let looks = 0;
    // A machine that sleeps for an hour at a time: as long as a second of waiting.
    const now = vi.spyOn(Date, "now").mockImplementation(() => 3_600_000 * ++looks);
    expect(() => workers.run("spin", [[0], [0]])).toThrow("spin: a thread has not finished its part in 60 seconds");
    now.mockRestore();
    expect(looks).toBe(61);
    expect(workers.hasFailed).toBe(true);
    workers.run("trap", [[0], [0], [0]]);
    expect(calledHere).toBe(1 + 3);
  });
});
