import "./kernels/register.js";

export { setCopyingMemoryLimit } from "./backend/copying.js";
export { chosenWasmModule, setWasmModules, type WasmModules } from "./backend/module.js";
export { setKernelReplacement } from "./kernels/replacement.js";
export type { MixtureConfig } from "./ops/mixture.js";
export { mixtureMoments } from "./ops/mixtureMoments.js";
export { mixtureResponsibilities } from "./ops/mixtureResponsibilities.js";
export {
  type UnsupervisedAdaptiveNormalizationConfig,
  unsupervisedAdaptiveNormalization,
} from "./ops/unsupervisedAdaptiveNormalization.js";
