/**
 * The kernels of unsupervised adaptive normalization on Float32Array, without TensorFlow.js.
 *
 * @module tfjs-uan/standalone
 */
export type { WasmModule } from "../binary/webAssembly.js";
export { createEngine } from "./engine.js";
export type {
  BatchMomentName,
  BatchMoments,
  BatchNormalizationOptions,
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
  StandardizeName,
  StandardizeOptions,
} from "./types.js";
