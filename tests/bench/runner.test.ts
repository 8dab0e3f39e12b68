import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { BY_BATCH, CHROMIUM, NODE, NORMALIZATIONS } from "../../bench/names.js";
import type { Row } from "../../bench/results.js";
import { type Runner, withRunner } from "../../bench/runner.js";
import { SECTIONS } from "../../bench/sections.js";
import type { Target } from "../../bench/target.js";
import { describeEnvironment } from "../../runtimes/environment.js";
import { describeInChromium } from "../helpers/browser.js";

/** Of the shapes that the sections have, the smallest alone. */
const CARE = { quick: true, seconds: 0.001, rounds: 1, largest: 1024 };
const SMALLEST = "dense [1, 1024]";
const ALL = [NORMALIZATIONS.batchNorm, NORMALIZATIONS.uan];
const LAST = [BY_BATCH.standardized, BY_BATCH.moments];

async function rowsOf(runner: Runner, name: string): Promise<Row[]> {
  const section = SECTIONS.find((section) => section.name === name);
  if (!section) throw new Error(`no section '${name}'`);
  const tables = await runner.run(section, CARE, () => {});
  return tables.flatMap(({ rows }) => rows);
}

/** Runs a section on a target, which also checks values. Fails unless the times are plausible. */
async function check(target: Target, section: string, contenders: string[]) {
  return withRunner(target, async (runner) => {
    const rows = await rowsOf(runner, section);
    expect(rows.map((row) => `${row.case}: ${row.contender}`)).toEqual(contenders.map((name) => `${SMALLEST}: ${name}`));
    for (const { timing } of rows) {
      expect(timing?.median).toBeGreaterThan(0);
      expect(timing?.median).toBeLessThan(10_000);
    }
    return { ...(await describeEnvironment(runner)), binary: runner.binary };
  });
}

describe("the bench in Node.js", () => {
  it("measures 'wasm'", async () => {
    const contenders = [...ALL, "multiply-add", "tf.add", ...LAST];
    const { runtime, backend, versions } = await check(
      { backend: "wasm", browser: false, isolated: false },
      "forward",
      contenders,
    );
    expect(runtime).toEqual({ name: NODE, version: process.version });
    expect(backend).toEqual({ name: "wasm", simd: true });
    expect(Object.keys(versions)).toEqual([
      "tfjs-uan",
      "tfjs-uan's binary",
      "@tensorflow/tfjs-core",
      "@tensorflow/tfjs-backend-wasm",
    ]);
  });

  it("measures 'wasm' with threads", async () => {
    // They need a backend that is made anew.
    tf.removeBackend("wasm");
    const target = { backend: "wasm", browser: false, isolated: false, threads: 2 } as const;
    const found = await check(target, "training", [...ALL, "multiply-add", ...LAST]);
    expect(found.binary).toBe("threadedSimd");
    expect(found.backend).toEqual({ name: "wasm", simd: true, threads: 2 });
  });

  it("measures 'cpu', without what is of the WASM backend", async () => {
    const { backend, versions } = await check({ backend: "cpu", browser: false, isolated: false }, "training", [...ALL, ...LAST]);
    expect(backend).toEqual({ name: "cpu" });
    expect(versions).toHaveProperty("@tensorflow/tfjs-backend-cpu");
  });
});

describeInChromium("the bench in Chromium", () => {
  it.each(["webgl", "webgpu"] as const)("measures '%s', whose work a call does not wait for", async (name) => {
    const found = await check({ backend: name, browser: true, isolated: false }, "forward", [...ALL, "tf.add", ...LAST]);
    expect(found.runtime).toEqual({ name: CHROMIUM, version: expect.stringMatching(/^\d+\./) });
    expect(found.backend).toEqual({ name, device: expect.stringMatching(/./), software: expect.any(Boolean) });
    expect(found.binary).toBeUndefined();
    expect(Object.keys(found.versions)).toEqual(["tfjs-uan", "@tensorflow/tfjs-core", `@tensorflow/tfjs-backend-${name}`]);
  });

  it("measures both passes of 'wasm' in a cross-origin isolated page, over shared memory", async () => {
    const contenders = [...ALL, "multiply-add", ...LAST];
    const found = await check({ backend: "wasm", browser: true, isolated: true, threads: 2 }, "training", contenders);
    expect(found.binary).toBe("threadedRelaxedSimd");
    expect(found.backend).toEqual({ name: "wasm", simd: true, threads: 2 });
  });

  it("measures 'wasm' in any other page, over memory that is not shared", async () => {
    const contenders = [...ALL, "multiply-add", "tf.add", ...LAST];
    const found = await check({ backend: "wasm", browser: true, isolated: false }, "forward", contenders);
    expect(found.binary).toBe("relaxedSimd");
    expect(found.backend).toEqual({ name: "wasm", simd: true });
  });
});
