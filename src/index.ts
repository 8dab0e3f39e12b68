/**
 * Operations on tensors, and settings of the library. Importing it registers kernels and gradients.
 *
 * @module tfjs-uan
 */
import "./registry/register.js";

export { chosenWasmModule, setWasmModules, type WasmModules } from "./binary/module.js";
export type { WasmModule } from "./binary/webAssembly.js";
export { setWinograd } from "./kernels/winograd.js";
export { setCopyingMemoryLimit } from "./launch/copying.js";
export { setThreadCount } from "./launch/workerPools.js";
export type { AxesNormalizationConfig } from "./ops/axesNormalization.js";
export { type BatchNormalizationConfig, batchNormalization } from "./ops/batchNormalization.js";
export { type GroupNormalizationConfig, groupNormalization } from "./ops/groupNormalization.js";
export { instanceNormalization } from "./ops/instanceNormalization.js";
export { type LayerNormalizationConfig, layerNormalization } from "./ops/layerNormalization.js";
export type { MixtureConfig } from "./ops/mixture.js";
export { mixtureMoments } from "./ops/mixtureMoments.js";
export { type MixtureNormalizationConfig, mixtureNormalization, type VectorMixture } from "./ops/mixtureNormalization.js";
export { mixtureResponsibilities } from "./ops/mixtureResponsibilities.js";
export type { ChannelNormalizationConfig, NormalizationConfig } from "./ops/normalization.js";
export { rmsNormalization } from "./ops/rmsNormalization.js";
export {
  type UnsupervisedAdaptiveNormalizationConfig,
  unsupervisedAdaptiveNormalization,
} from "./ops/unsupervisedAdaptiveNormalization.js";
export { type FusedAdamOptimizer, fusedAdam } from "./optimizers/fusedAdam.js";
export type { WeightDecayConfig } from "./optimizers/fusedOptimizer.js";
export { type FusedSgdConfig, type FusedSgdOptimizer, fusedSgd } from "./optimizers/fusedSgd.js";
export { setKernelReplacement } from "./registry/replacement.js";
export {
  type BackendCandidate,
  type FastestBackend,
  type FastestBackendConfig,
  type PassedOver,
  useFastestBackend,
} from "./useFastestBackend.js";
