import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generator, normal } from "../../learning/random.js";
import type { Kernels } from "../../src/backend/module.js";
import { BLOCK_BYTES, MOST_CALLS, Threads } from "../../src/backend/threads.js";

const module = new WebAssembly.Module(readFileSync("build/wasm/tfjs-uan-threaded-simd.wasm"));
const CHANNELS = 4;
const BLOCK = 64;
const TABLE = 4096;
const PARAMETERS = 60_000;
const X = 65536;
/** Activations of a call. */
const PIECE = 40_000;
const Y = X + 4 * MOST_CALLS * PIECE;

let memory: WebAssembly.Memory;
let kernels: Kernels;
let floats: Float32Array;
let threads: Threads;

/** One Gaussian of mean 1 and variance 4 in every channel. */
beforeEach(() => {
  memory = new WebAssembly.Memory({ initial: 64, maximum: 65536, shared: true });
  kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
  floats = new Float32Array(memory.buffer);
  floats.set(normal(generator(1), MOST_CALLS * PIECE), X / 4);
  floats.fill(1, PARAMETERS / 4, PARAMETERS / 4 + CHANNELS);
  floats.fill(4, PARAMETERS / 4 + CHANNELS, PARAMETERS / 4 + 2 * CHANNELS);
  floats[PARAMETERS / 4 + 2 * CHANNELS] = 1;
  const [mean, variance, prior] = [PARAMETERS, PARAMETERS + 4 * CHANNELS, PARAMETERS + 8 * CHANNELS] as const;
  for (let i = 0; i < MOST_CALLS; i++) {
    kernels.mixture_prepare(TABLE + i * tableBytes(), mean, variance, prior, 0, 0, CHANNELS, 1, 1, 0, 0, true, false);
  }
});

afterEach(() => threads.terminate());

const tableBytes = () => Math.ceil(kernels.mixture_table_bytes(CHANNELS, 1, 1, 0) / 16) * 16;

function start(count: number): void {
  const { uan_backward_sums, uan_forward } = kernels;
  threads = new Threads({ uan_backward_sums, uan_forward }, module, memory, BLOCK, count);
}

/** Until a thread has. */
async function started(): Promise<void> {
  threads.run("uan_forward", calls(1));
  while (threads.started === 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

const call = (i: number) => [TABLE + i * tableBytes(), X + 4 * i * PIECE, Y + 4 * i * PIECE, i * PIECE, PIECE];
const calls = (count: number) => Array.from({ length: count }, (_, i) => call(i));

function expectForward(count: number): void {
  const y = floats.subarray(Y / 4, Y / 4 + count * PIECE);
  const faults = y.reduce((sum, value, i) => sum + Number(Math.abs(value - ((floats[X / 4 + i] as number) - 1) / 2) > 1e-5), 0);
  expect(faults).toBe(0);
}

describe("Threads", () => {
  it("makes every call, run after run, whether threads have started or not", async () => {
    start(2);
    threads.run("uan_forward", calls(MOST_CALLS));
    expectForward(MOST_CALLS);
    await started();
    for (let run = 0; run < 300; run++) {
      const count = 1 + (run % MOST_CALLS);
      floats.fill(0, Y / 4, Y / 4 + MOST_CALLS * PIECE);
      threads.run("uan_forward", calls(count));
      expectForward(count);
      expect(floats[Y / 4 + count * PIECE] ?? 0).toBe(0);
    }
  });

  it("lets others have a share of the work", async () => {
    start(1);
    await started();
    // Only this thread's functions count.
    let here = 0;
    const counting = new Threads(
      {
        uan_backward_sums: kernels.uan_backward_sums,
        uan_forward(...args: Parameters<Kernels["uan_forward"]>) {
          here++;
          kernels.uan_forward(...args);
        },
      },
      module,
      memory,
      BLOCK + BLOCK_BYTES,
      1,
    );
    counting.run("uan_forward", calls(1));
    while (counting.started === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    here = 0;
    let runs = 0;
    for (; runs < 500 && here === runs * MOST_CALLS; runs++) counting.run("uan_forward", calls(MOST_CALLS));
    counting.terminate();
    expect(here).toBeLessThan(runs * MOST_CALLS);
    expectForward(MOST_CALLS);
  });

  it("throws where a call does, and goes on", async () => {
    start(1);
    await started();
    for (let run = 0; run < 50; run++) {
      const bad = [...calls(3), [TABLE, 0x7fff_0000, Y, 0, PIECE]];
      expect(() => threads.run("uan_forward", bad)).toThrow("tfjs-uan: uan_forward failed");
      threads.run("uan_forward", calls(2));
      expectForward(2);
    }
  });

  it("does without threads where none may start", () => {
    start(0);
    threads.run("uan_forward", calls(3));
    expectForward(3);
  });
});
