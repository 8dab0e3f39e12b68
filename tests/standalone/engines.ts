import { readFileSync } from "node:fs";
import { createEngine, type Engine, type EngineBuffer, type EngineOptions } from "../../src/standalone/index.js";
import type { MixtureDriver } from "../contracts/mixtureDriver.js";
import type { Case } from "../helpers/problems.js";

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
export function argumentsOf({ mean, variance, prior, gamma, beta, inner, epsilon, formula }: Case) {
  const perChannel = {
    ...(gamma && { gamma: Float32Array.from(gamma) }),
    ...(beta && { beta: Float32Array.from(beta) }),
  };
  return { mixture: { mean, variance, prior, ...perChannel }, options: { inner, epsilon, formula } };
}

/** What drives an engine by the contracts, on arrays. */
export function driverOf(engine: Engine): MixtureDriver {
  return {
    leeway: 1,
    async normalize(problem) {
      const { mixture, options } = argumentsOf(problem);
      return engine.normalize(problem.x, mixture, options);
    },
    async gradients(problem, dy) {
      const { mixture, options } = argumentsOf(problem);
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
