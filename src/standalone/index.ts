/**
 * The kernels of unsupervised adaptive normalization on Float32Array, without TensorFlow.js.
 *
 * @module tfjs-uan/standalone
 */
export type { WasmModule } from "../binary/webAssembly.js";
export { createEngine } from "./engine.js";
export type {
  Engine,
  EngineBuffer,
  EngineOptions,
  Filled,
  Floats,
  GradientName,
  Mixture,
  MixtureOptions,
  MomentName,
  NormalizationOptions,
  Outputs,
} from "./types.js";
