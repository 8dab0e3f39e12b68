import { readFileSync } from "node:fs";
import { createEngine, type Engine, type EngineBuffer, type EngineOptions } from "../../src/standalone/index.js";
import type { MixtureDriver, Problem } from "../contracts/mixtureDriver.js";
import type { StandardizedDriver, Problem as StandardizedProblem } from "../contracts/standardized.js";

export const compiled = (name: string) => new WebAssembly.Module(readFileSync(`build/wasm/tfjs-uan-${name}.wasm`));

/** Values for `module`. Undefined means the inlined binary. */
export const BINARIES = {
  inlined: () => undefined,
  "relaxed SIMD": () => compiled("standalone-relaxed-simd"),
  scalar: () => compiled("standalone-scalar"),
};

export type BinaryName = keyof typeof BINARIES;

export const engineWith = (name: BinaryName, options: EngineOptions = {}) =>
  createEngine({ module: BINARIES[name](), ...options });

/** A case's mixture and options, as arrays. */
export function argumentsOf({ mean, variance, prior, gamma, beta, inner, epsilon, formula }: Problem) {
  const perChannel = {
    ...(gamma && { gamma: Float32Array.from(gamma) }),
    ...(beta && { beta: Float32Array.from(beta) }),
  };
  return { mixture: { mean, variance, prior, ...perChannel }, options: { inner, epsilon, formula } };
}

/** The options of normalization by moments of the batch. */
export function batchOptionsOf({ inner, epsilon, componentWeights, priorMass, movingMean, movingVariance }: Problem) {
  const floats = (values: ArrayLike<number> | undefined) => values && Float32Array.from(values);
  return { inner, epsilon, componentWeights, priorMass, movingMean: floats(movingMean), movingVariance: floats(movingVariance) };
}

/** What drives an engine by the contracts, on arrays. */
export function driverOf(engine: Engine): MixtureDriver {
  return {
    leeway: 1,
    async normalize(problem) {
      const { mixture, options } = argumentsOf(problem);
      if (problem.moments) return engine.normalizeByBatch(problem.x, mixture, batchOptionsOf(problem)).y;
      return engine.normalize(problem.x, mixture, options);
    },
    async gradients(problem, dy) {
      const { mixture, options } = argumentsOf(problem);
      if (problem.moments) {
        const batchOptions = batchOptionsOf(problem);
        const moments = engine.normalizeByBatch(problem.x, mixture, batchOptions);
        return engine.gradientsByBatch(problem.x, dy, mixture, moments, batchOptions);
      }
      return engine.gradients(problem.x, dy, mixture, options);
    },
    async responsibilities(problem) {
      const { mixture, options } = argumentsOf(problem);
      return engine.responsibilities(problem.x, mixture, options);
    },
    async moments(problem) {
      const { mixture, options } = argumentsOf(problem);
      return engine.moments(problem.x, mixture, options);
    },
  };
}

/** What drives the engine's standardize and its gradients. */
export function standardizedDriverOf(engine: Engine): StandardizedDriver {
  const standardizedArgumentsOf = (problem: StandardizedProblem) => {
    const { mixture, options } = argumentsOf(problem);
    const { mass, mean, variance } = problem.moving ?? {};
    return { mixture, options: { ...options, priorMass: mass, movingMean: mean, movingVariance: variance } };
  };
  return {
    leeway: 1,
    async standardize(problem) {
      const { mixture, options } = standardizedArgumentsOf(problem);
      return engine.standardize(problem.x, mixture, options).y;
    },
    async standardizeGradients(problem, dy) {
      const { mixture, options } = standardizedArgumentsOf(problem);
      const { standard } = engine.standardize(problem.x, mixture, options);
      return engine.standardizeGradients(problem.x, dy, mixture, standard, options);
    },
  };
}

/** A buffer with numbers. */
export function bufferOf(engine: Engine, values: Float32Array): EngineBuffer {
  const buffer = engine.buffer(values.length);
  buffer.values.set(values);
  return buffer;
}

export type Buffers<T> = { [name in keyof T]: EngineBuffer };

export function buffersOf<T extends Record<string, Float32Array>>(engine: Engine, arrays: T): Buffers<T> {
  return Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, bufferOf(engine, values)])) as Buffers<T>;
}
