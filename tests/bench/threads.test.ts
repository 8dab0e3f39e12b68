import * as tf from "@tensorflow/tfjs-core";
import { setKernelReplacement } from "tfjs-uan";
import { beforeAll, describe, expect, it } from "vitest";
import { threads as section } from "../../bench/sections/threads.js";
import { profile } from "../../bench/step/profile.js";
import { IN_CHUNKS, measureCosts, recordSteps, timeRuns } from "../../bench/threads/recording.js";
import { runsOf } from "../../bench/threads/schedule.js";
import { startNodeBackend } from "../../runtimes/nodeBackend.js";

beforeAll(() => startNodeBackend("wasm", 2));

const CONTEXT = {
  quick: true,
  seconds: 0.001,
  rounds: 1,
  largest: 1024,
  threads: 2,
  progress() {},
  compileMultiplyAdd: () => Promise.reject(new Error("not for this section")),
};

describe("a recording", () => {
  const x = Float32Array.from({ length: 2 ** 20 }, (_, i) => Math.sin(i));
  const sum = async () => tf.tidy(() => tf.sum(tf.tensor1d(x))).dataSync()[0] as number;

  it("has what is serial, and every chunk, of a step that computes the same", async () => {
    setKernelReplacement(true);
    const sums = [await sum()];
    const recordings = await recordSteps(async () => void sums.push(await sum()), 3);
    sums.push(await sum());
    expect(new Set(sums).size).toBe(1);
    expect(recordings).toHaveLength(3);
    for (const recording of recordings) {
      // Before and after the kernels of tf.sum, and within one of them the run.
      const serial = recording.filter((part) => typeof part === "number");
      expect(serial.length).toBeGreaterThanOrEqual(4);
      expect(Math.min(...serial)).toBeGreaterThanOrEqual(0);
      const [run, ...others] = runsOf(recording);
      expect(others).toEqual([]);
      expect(run?.chunks.length).toBeGreaterThan(1);
      for (const chunk of run?.chunks ?? []) expect(chunk).toBeGreaterThan(0);
    }
  });

  it("is beside profiles, which tell the time of chunks from that of kernels", async () => {
    const { kernels } = await profile(sum, 2, timeRuns);
    expect(kernels[IN_CHUNKS]?.calls).toBe(1);
    expect(kernels.Sum?.samples).toHaveLength(2);
    expect(Object.keys((await profile(sum, 1)).kernels)).not.toContain(IN_CHUNKS);
  });

  it("comes with what threads cost", async () => {
    const values = tf.tensor1d(x);
    const { awake, asleep } = await measureCosts(() => tf.exp(values).dispose(), 20);
    for (const cost of [awake.caller, awake.other, asleep.caller, asleep.other]) {
      expect(cost).toBeGreaterThanOrEqual(0);
      expect(cost).toBeLessThan(50);
    }
    expect(tf.exp(values).dataSync()[1]).toBeCloseTo(Math.exp(x[1] as number), 5);
  });
});

describe("the section of threads", () => {
  it("measures steps on one and two threads, and predicts them", async () => {
    const [times, prediction, ...serial] = await section.run(CONTEXT);
    const steps = ["perceptron, batch 128", "CNN, batch 32"];
    const measured = ["1 thread", "2 threads"];
    expect(times?.rows.map((row) => `${row.case}: ${row.contender}`)).toEqual(
      steps.flatMap((step) => measured.map((name) => `${step}: ${name}`)),
    );
    const rows = prediction?.rows.filter((row) => row.case === steps[1]) ?? [];
    const counts = [...measured, "4 threads", "8 threads"];
    expect(rows.map(({ contender }) => contender)).toEqual([
      "serial",
      "in chunks",
      ...counts,
      ...measured.map((name) => `${name}, measured`),
    ]);
    const [alone = 0, chunks = 0, ...predicted] = rows.map(({ quantity }) => quantity?.value ?? 0);
    expect(predicted[0]).toBeCloseTo(alone + chunks, 6);
    expect(predicted[3]).toBeGreaterThanOrEqual(alone);
    expect(rows[0]?.part).toBeGreaterThan(0);
    expect(serial.map(({ title }) => title)).toEqual(steps.map((step) => `kernels outside of chunks: ${step}`));
    expect(serial[1]?.rows.map((row) => row.case)).toContain(IN_CHUNKS);
  });
});
