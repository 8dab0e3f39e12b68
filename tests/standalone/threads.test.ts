import { afterEach, describe, expect, it, vi } from "vitest";
import { createEngine, type Engine } from "../../src/standalone/index.js";
import { makeCase } from "../helpers/problems.js";
import { argumentsOf, bufferOf, compiled } from "./engines.js";

const problem = makeCase({ shape: [9, 30, 30, 12], components: 3 });
const { x } = problem;
const { mixture, options } = argumentsOf(problem);
const dy = Float32Array.from(x, (_, i) => 1 + Math.sin(i));

const engines: Engine[] = [];
function engineOf(threads: number): Engine {
  const engine = createEngine({ threads });
  engines.push(engine);
  return engine;
}
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
  vi.unstubAllGlobals();
});

async function started(engine: Engine, threads: number): Promise<void> {
  while (engine.threads < threads) await new Promise((resolve) => setTimeout(resolve, 5));
}

const prefixed = (prefix: string, results: { [name: string]: Float32Array }) =>
  Object.fromEntries(Object.entries(results).map(([name, values]) => [`${prefix} ${name}`, values]));

/** The results of all functions of an engine. */
function results(engine: Engine): { [name: string]: Float32Array } {
  const { mean, variance, prior } = mixture;
  const moments = engine.moments(x, { mean, variance, prior }, options);
  const moving = { movingMean: mean.subarray(0, 12), movingVariance: variance.subarray(0, 12) };
  const standardizing = { ...options, ...moving, priorMass: 2 };
  const { standard, ...standardized } = engine.standardize(x, mixture, standardizing);
  const standardizedGradients = engine.standardizeGradients(x, dy, mixture, standard, options);
  // In between is the residual, what a mean lost when it was rounded: it depends on the mean's last bit.
  const parts = { used: standard.subarray(0, 24), moving: standard.subarray(36) };
  const { y: byBatch, ...batchMoments } = engine.normalizeByBatch(x, mixture, { inner: problem.inner });
  const gradients = engine.gradientsByBatch(x, dy, mixture, batchMoments, { inner: problem.inner });
  return {
    ...prefixed("standardized", { ...standardized, ...parts }),
    ...prefixed("gradient of standardized", standardizedGradients),
    y: engine.normalize(x, mixture, options),
    responsibilities: engine.responsibilities(x, { mean, variance, prior }, options),
    ...engine.gradients(x, dy, mixture, options),
    byBatch,
    ...Object.fromEntries(Object.entries(gradients).map(([name, values]) => [`${name} by batch`, values])),
    newMean: moments.mean,
    newVariance: moments.variance,
    mass: moments.mass,
  };
}

/** The largest difference, divided by the largest number. */
function distance(a: Float32Array, b: Float32Array): number {
  const scale = b.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number)) / scale), 0);
}

describe("an engine with threads", () => {
  it("computes the same as one without, before and after they start, for any number of threads", async () => {
    const alone = results(engineOf(1));
    let first: typeof alone | undefined;
    for (const threads of [2, 4]) {
      const engine = engineOf(threads);
      expect(engine.threads).toBe(1);
      const before = results(engine);
      await started(engine, threads);
      const after = results(engine);
      first ??= before;
      expect(before).toEqual(first);
      expect(after).toEqual(first);
    }
    expect(first?.y).toEqual(alone.y);
    for (const name in alone) {
      // Gradients by moments of the batch go through constants that are made of sums, and rounded: they have a gradient's tolerance.
      const bound = name.endsWith("by batch") ? 1e-4 : 1e-6;
      expect(distance(first?.[name] as Float32Array, alone[name] as Float32Array), name).toBeLessThan(bound);
    }
  });

  it("works in place, also in arrays from before the memory's last growth", async () => {
    const engine = engineOf(2);
    const buffer = bufferOf(engine, x);
    const older = buffer.values;
    const out = engine.buffer(x.length);
    engine.buffer(1_000_000).free();
    expect(older.length).toBe(x.length);
    const y = engine.normalize(older, mixture, options, out);
    expect(y).toBe(out);
    expect(y.values).toEqual(engineOf(1).normalize(x, mixture, options));
    expect(() => engine.normalize(older, mixture, options, older)).toThrow("share no memory");
    buffer.free();
    expect(() => engine.normalize(older, mixture, options)).toThrow("lie within a buffer");
  });

  it("starts none for small calls, and ends all when it is disposed of", async () => {
    const engine = engineOf(2);
    engine.normalize(x.subarray(0, 1200), mixture, options);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(engine.threads).toBe(1);
    engine.normalize(x, mixture, options);
    await started(engine, 2);
    engine.dispose();
    expect(engine.threads).toBe(1);
  });

  it.each([0, -1, 2.5, 65, Number.NaN])("refuses %s threads", (threads) => {
    expect(() => createEngine({ threads })).toThrow("createEngine: argument 'threads' must be an integer from 1 to 64");
  });

  it("refuses a module together with threads", () => {
    expect(() => createEngine({ threads: 2, module: compiled("standalone-simd") })).toThrow(
      "createEngine: argument 'module' must be left out where there are threads",
    );
  });

  it.each([
    [false, "in a page that is not cross-origin isolated"],
    [true, "in this runtime"],
    [undefined, "in this runtime"],
  ])("refuses threads without shared memory: crossOriginIsolated is %s", (isolated, where) => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    vi.stubGlobal("crossOriginIsolated", isolated);
    expect(() => createEngine({ threads: 2 })).toThrow(
      `createEngine: argument 'threads' must be 1 where there is no SharedArrayBuffer: ${where}, got 2`,
    );
  });
});
