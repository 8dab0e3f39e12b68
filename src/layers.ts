import "./index.js";

export {
  UnsupervisedAdaptiveNormalization,
  type UnsupervisedAdaptiveNormalizationArgs,
  unsupervisedAdaptiveNormalization,
} from "./layers/unsupervisedAdaptiveNormalization.js";
