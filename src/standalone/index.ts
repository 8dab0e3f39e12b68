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
