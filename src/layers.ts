/**
 * Layers for tf.layers. Importing it registers their classes, so that saved models can be loaded, and also what `tfjs-uan` registers.
 *
 * @module tfjs-uan/layers
 */
import "./index.js";
import "./keras/activations.js";
import "./keras/keptDimensions.js";

export { fromKeras } from "./keras/fromKeras.js";
export { BatchNormalization, type BatchNormalizationArgs } from "./layers/batchNormalization.js";
export { batchNormalization } from "./layers/batchNormalizations.js";
export { BatchNormalizationWithPrior, type BatchNormalizationWithPriorArgs } from "./layers/batchNormalizationWithPrior.js";
export { ChannelNormalization, type ChannelNormalizationArgs } from "./layers/channelNormalization.js";
export { ContribInstanceNormalization, type ContribInstanceNormalizationArgs } from "./layers/contribInstanceNormalization.js";
export {
  FilterResponseNormalization,
  type FilterResponseNormalizationArgs,
  filterResponseNormalization,
} from "./layers/filterResponseNormalization.js";
export { GroupNormalization, type GroupNormalizationArgs, groupNormalization } from "./layers/groupNormalization.js";
export { InstanceNormalization, type InstanceNormalizationArgs, instanceNormalization } from "./layers/instanceNormalization.js";
export {
  KerasBatchNormalization,
  type KerasBatchNormalizationArgs,
  type RenormClipping,
} from "./layers/kerasBatchNormalization.js";
export { KerasLayerNormalization, type KerasLayerNormalizationArgs } from "./layers/kerasLayerNormalization.js";
export { LayerNormalization, type LayerNormalizationArgs, layerNormalization } from "./layers/layerNormalization.js";
export type { CallArgs } from "./layers/masks.js";
export { MixtureNormalization, type MixtureNormalizationArgs, mixtureNormalization } from "./layers/mixtureNormalization.js";
export type { MovingRuleArgs } from "./layers/moving.js";
export { type NestedNumbers, Normalization, type NormalizationArgs, normalization } from "./layers/normalization.js";
export { type RecalibrationConfig, type RecalibrationProgress, recalibrate } from "./layers/recalibrate.js";
export { RMSNormalization, type RMSNormalizationArgs, rmsNormalization } from "./layers/rmsNormalization.js";
export {
  AddonsSpectralNormalization,
  SpectralNormalization,
  type SpectralNormalizationArgs,
  spectralNormalization,
} from "./layers/spectralNormalization.js";
export { UnitNormalization, type UnitNormalizationArgs, unitNormalization } from "./layers/unitNormalization.js";
export type { BatchIterator, DatasetLike, UnlabelledData } from "./layers/unlabelled.js";
export {
  UnsupervisedAdaptiveNormalization,
  type UnsupervisedAdaptiveNormalizationArgs,
  unsupervisedAdaptiveNormalization,
} from "./layers/unsupervisedAdaptiveNormalization.js";
export { type FusedNormalization, useFusedNormalization } from "./layers/useFusedNormalization.js";
export { WeightNormalization, type WeightNormalizationArgs, weightNormalization } from "./layers/weightNormalization.js";
